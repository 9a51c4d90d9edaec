-- The jobs that run by the clock. See vitte/store/jobs.py for what their names promise.

-- know_job
-- Write down a job that is new, with nothing to make up for; and one whose schedule is another now begins anew. Gives how
-- it stands, and holds it, so that nobody else plans it meanwhile.
INSERT INTO cron_jobs AS known (job, schedule, planned_until, created_at, updated_at)
VALUES (%(job)s, %(schedule)s, %(now)s, %(now)s, %(now)s)
ON CONFLICT (job) DO UPDATE SET
    planned_until = CASE
        WHEN known.schedule = excluded.schedule THEN least(known.planned_until, excluded.planned_until)
        ELSE excluded.planned_until
    END,
    schedule = excluded.schedule
RETURNING job, schedule, planned_until, paused_at, paused_by;

-- move_job
-- Note up to when a job is accounted for.
UPDATE cron_jobs SET planned_until = %(until)s, updated_at = %(now)s
WHERE job = %(job)s;

-- pause_job
-- Let a job rest, also one that is not known yet: its occurrences are skipped until it is resumed.
INSERT INTO cron_jobs AS known (job, schedule, planned_until, paused_at, paused_by, created_at, updated_at)
VALUES (%(job)s, %(schedule)s, %(now)s, %(now)s, %(who)s, %(now)s, %(now)s)
ON CONFLICT (job) DO UPDATE SET
    paused_at = excluded.paused_at, paused_by = excluded.paused_by, updated_at = excluded.updated_at
WHERE known.paused_at IS NULL;

-- resume_job
-- Let a job that rests run again.
UPDATE cron_jobs SET paused_at = NULL, paused_by = NULL, updated_at = %(now)s
WHERE job = %(job)s AND paused_at IS NOT NULL;

-- list_jobs
-- How each of some jobs stands, known or not: its latest occurrence, and when it last went well.
SELECT named.job, known.paused_at, known.paused_by,
    last.state AS last_state, last.reason AS last_reason, last.scheduled_for AS last_scheduled_for,
    last.ended_at AS last_ended_at, last.rows_touched AS last_rows, last.error AS last_error,
    good.ended_at AS succeeded_at
FROM unnest(%(jobs)s::text[]) AS named (job)
LEFT JOIN cron_jobs AS known ON known.job = named.job
LEFT JOIN LATERAL (
    SELECT run.state, run.reason, run.scheduled_for, run.ended_at, run.rows_touched, run.error
    FROM cron_runs AS run
    WHERE run.job = named.job
    ORDER BY run.scheduled_for DESC
    LIMIT 1
) AS last ON true
LEFT JOIN LATERAL (
    SELECT run.ended_at
    FROM cron_runs AS run
    WHERE run.job = named.job AND run.state = 'ok'
    ORDER BY run.scheduled_for DESC
    LIMIT 1
) AS good ON true
ORDER BY named.job;
