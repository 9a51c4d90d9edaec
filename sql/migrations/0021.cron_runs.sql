-- What runs by the clock: how far each job is accounted for, and every occurrence with what became of it.
-- depends: 0020.minutes

CREATE TABLE cron_jobs (
    job text PRIMARY KEY CHECK (job ~ '^[a-z][a-z-]{0,39}$'),
    schedule text NOT NULL,
    planned_until timestamptz NOT NULL,
    paused_at timestamptz,
    paused_by text CHECK (char_length(paused_by) BETWEEN 1 AND 80),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL))
);

COMMENT ON TABLE cron_jobs IS 'The jobs that run by the clock, as far as they are known here';
COMMENT ON COLUMN cron_jobs.schedule IS 'Expression and timezone: when they change, what the new ones would have run before is not made up for';
COMMENT ON COLUMN cron_jobs.planned_until IS 'Every occurrence up to here has its row in cron_runs';

CREATE TABLE cron_runs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job text NOT NULL,
    scheduled_for timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('due', 'running', 'ok', 'failed', 'skipped', 'lost')),
    reason text CHECK (reason IN ('missed', 'late', 'overlap', 'paused')),
    not_before timestamptz,
    node text CHECK (char_length(node) BETWEEN 1 AND 120),
    attempt integer NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    losses integer NOT NULL DEFAULT 0 CHECK (losses >= 0),
    started_at timestamptz,
    ended_at timestamptz,
    heartbeat_at timestamptz,
    beat bigint NOT NULL DEFAULT 0,
    rows_touched bigint NOT NULL DEFAULT 0 CHECK (rows_touched >= 0),
    error text CHECK (char_length(error) <= 500),
    asked_by text CHECK (char_length(asked_by) BETWEEN 1 AND 80),
    decided_at timestamptz NOT NULL,
    UNIQUE (job, scheduled_for),
    CHECK ((state = 'skipped') = (reason IS NOT NULL)),
    CHECK (state <> 'due' OR not_before IS NOT NULL),
    CHECK (state IN ('due', 'lost') OR not_before IS NULL),
    CHECK (state <> 'running' OR (node IS NOT NULL AND started_at IS NOT NULL AND ended_at IS NULL)),
    CHECK (state NOT IN ('ok', 'failed', 'skipped') OR ended_at IS NOT NULL)
) WITH (fillfactor = 80);

COMMENT ON TABLE cron_runs IS 'The ledger of the jobs: every occurrence, which ran once or was skipped for a reason';
COMMENT ON COLUMN cron_runs.reason IS 'Why it was skipped. missed: nobody was there; late: more so than the job allows; overlap: the one before was not done; paused';
COMMENT ON COLUMN cron_runs.not_before IS 'From when on it may be taken in hand; null when nobody shall: it runs, or it is over';
COMMENT ON COLUMN cron_runs.node IS 'The worker that has it, or had it last';
COMMENT ON COLUMN cron_runs.attempt IS 'How often it was begun; whoever has an older attempt in hand may write nothing any more';
COMMENT ON COLUMN cron_runs.losses IS 'How often its worker died over it';
COMMENT ON COLUMN cron_runs.beat IS 'Grows while its worker lives: one that stands still is lost, whatever any clock says';
COMMENT ON COLUMN cron_runs.rows_touched IS 'Written in the transaction of each batch, so that it is true whatever happens';
COMMENT ON COLUMN cron_runs.asked_by IS 'Who had it run out of turn; null for the schedule';
COMMENT ON COLUMN cron_runs.decided_at IS 'When its row was written, by the clock of the process that leads';

-- One run of a job at a time, in the whole world.
CREATE UNIQUE INDEX cron_runs_running ON cron_runs (job) WHERE state = 'running';
CREATE INDEX cron_runs_waiting ON cron_runs (not_before) WHERE not_before IS NOT NULL;
CREATE INDEX cron_runs_scheduled_for ON cron_runs (scheduled_for);
