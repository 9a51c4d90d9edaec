-- The ledger of the jobs. See vitte/store/runs.py for what their names promise.

-- plan_runs
-- Account for occurrences of a job, each due or skipped for a reason. One that is known already stays as it is, unless it
-- was skipped at a time that has not come yet: then a clock was wrong, and it is decided anew.
INSERT INTO cron_runs AS known (job, scheduled_for, state, reason, not_before, ended_at, decided_at)
SELECT %(job)s, given.scheduled_for, CASE WHEN given.reason IS NULL THEN 'due' ELSE 'skipped' END, given.reason,
    given.not_before, CASE WHEN given.reason IS NULL THEN NULL::timestamptz ELSE %(now)s END, %(now)s
FROM unnest(%(times)s::timestamptz[], %(reasons)s::text[], %(starts)s::timestamptz[])
    AS given (scheduled_for, reason, not_before)
ON CONFLICT (job, scheduled_for) DO UPDATE SET
    state = excluded.state,
    reason = excluded.reason,
    not_before = excluded.not_before,
    ended_at = excluded.ended_at,
    decided_at = excluded.decided_at
WHERE known.state = 'skipped' AND known.decided_at > excluded.decided_at
RETURNING id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at;

-- has_unfinished_runs
-- Whether a job has a run that waits or is in hand.
SELECT EXISTS (
    SELECT FROM cron_runs WHERE job = %(job)s AND (state = 'running' OR not_before IS NOT NULL)
) AS found;

-- claim_run
-- Take the run in hand that has waited longest, of a job that has none in hand, in the order of the job's occurrences.
UPDATE cron_runs SET
    state = 'running',
    not_before = NULL,
    node = %(node)s,
    attempt = attempt + 1,
    started_at = %(now)s,
    ended_at = NULL,
    heartbeat_at = %(now)s,
    beat = beat + 1
WHERE id = (
    SELECT run.id
    FROM cron_runs AS run
    WHERE run.not_before <= %(now)s
        AND run.job = ANY(%(jobs)s::text[])
        AND NOT EXISTS (
            SELECT FROM cron_runs AS other
            WHERE other.job = run.job AND (
                other.state = 'running' OR (other.not_before IS NOT NULL AND other.scheduled_for < run.scheduled_for)
            )
        )
    ORDER BY run.not_before, run.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at;

-- begin_run
-- Take an occurrence in hand out of turn, whether it is known or over or neither. Nothing comes back while it runs.
INSERT INTO cron_runs AS known (
    job, scheduled_for, state, node, attempt, started_at, heartbeat_at, beat, asked_by, decided_at
) VALUES (%(job)s, %(scheduled_for)s, 'running', %(node)s, 1, %(now)s, %(now)s, 1, %(who)s, %(now)s)
ON CONFLICT (job, scheduled_for) DO UPDATE SET
    state = 'running', reason = NULL, not_before = NULL, node = excluded.node, attempt = known.attempt + 1,
    failures = 0, losses = 0, started_at = excluded.started_at, ended_at = NULL, heartbeat_at = excluded.heartbeat_at,
    beat = known.beat + 1, error = NULL, asked_by = excluded.asked_by
WHERE known.state <> 'running'
RETURNING id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at;

-- ask_for_run
-- Let an occurrence run out of turn, by whichever worker is free. Nothing comes back while it runs or waits.
INSERT INTO cron_runs AS known (job, scheduled_for, state, not_before, asked_by, decided_at)
VALUES (%(job)s, %(scheduled_for)s, 'due', %(now)s, %(who)s, %(now)s)
ON CONFLICT (job, scheduled_for) DO UPDATE SET
    state = 'due', reason = NULL, not_before = excluded.not_before, failures = 0, losses = 0, ended_at = NULL,
    error = NULL, asked_by = excluded.asked_by
WHERE known.state <> 'running' AND known.not_before IS NULL
RETURNING id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at;

-- beat_run
-- Show that a run is being worked on, and add the rows that were touched; nothing is touched when it is another's by now.
UPDATE cron_runs SET heartbeat_at = %(now)s, beat = beat + 1, rows_touched = rows_touched + %(rows)s
WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running';

-- end_run
-- Close a run, or let it be tried again from a moment on; nothing is touched when it is another's by now, nor when a beat
-- is given and it has gone on.
UPDATE cron_runs SET
    state = %(state)s,
    not_before = %(not_before)s,
    failures = failures + %(failed)s::integer,
    losses = losses + %(lost)s::integer,
    ended_at = %(now)s,
    error = %(error)s
WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running' AND beat = coalesce(%(beat)s, beat);

-- list_running
-- The runs that somebody has in hand.
SELECT id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at
FROM cron_runs
WHERE state = 'running';

-- give_up_late_runs
-- Close what waits and would begin later than its job allows: skipped when it was never begun, else failed. What somebody
-- asked for waits as long as it must.
UPDATE cron_runs SET
    state = CASE WHEN attempt = 0 THEN 'skipped' ELSE 'failed' END,
    reason = CASE WHEN attempt = 0 THEN 'late' END,
    error = CASE WHEN attempt = 0 THEN error ELSE left('too late to be tried again: ' || coalesce(error, state), 500) END,
    not_before = NULL,
    ended_at = %(now)s,
    decided_at = %(now)s
WHERE job = %(job)s AND not_before IS NOT NULL AND scheduled_for < %(before)s AND asked_by IS NULL
RETURNING id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at;

-- list_runs
-- The latest runs of a job or of all, the latest occurrence first, what stands below a given one.
SELECT id, job, scheduled_for, state, reason, not_before, node, attempt, failures, losses, started_at, ended_at,
    heartbeat_at, beat, rows_touched, error, asked_by, decided_at
FROM cron_runs
WHERE (%(job)s::text IS NULL OR job = %(job)s) AND (scheduled_for, id) < (%(time)s::timestamptz, %(number)s::bigint)
ORDER BY scheduled_for DESC, id DESC
LIMIT %(limit)s;

-- trim_runs
-- Forget what was over long ago, so much at once, but never the last of a job that went well.
DELETE FROM cron_runs
WHERE id IN (
    SELECT run.id
    FROM cron_runs AS run
    WHERE run.scheduled_for < %(before)s AND run.state IN ('ok', 'failed', 'skipped', 'lost') AND run.not_before IS NULL
        AND EXISTS (
            SELECT FROM cron_runs AS later
            WHERE later.job = run.job AND later.state = 'ok' AND later.scheduled_for > run.scheduled_for
        )
    ORDER BY run.scheduled_for
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
);
