-- Failed logins, by account and by address. See vitte/store/attempts.py for what their names promise.

-- claim_attempt
-- Count an attempt as failed before it is looked at, and set how long the next one waits: twice as long with each failure
-- beyond those that are free. Nothing comes back while the key still waits. What lies long back is forgiven.
INSERT INTO attempts AS kept (key, failures, free_at, last_at)
VALUES (%(key)s, 1, %(now)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN kept.last_at <= %(stale)s THEN 1 ELSE kept.failures + 1 END,
    free_at = %(now)s + interval '1 second' * CASE
        WHEN kept.last_at <= %(stale)s OR kept.failures < %(free)s THEN 0
        ELSE least(power(2, least(kept.failures - %(free)s, 20)), %(longest)s)
    END,
    last_at = %(now)s
WHERE kept.free_at <= %(now)s
RETURNING failures;

-- list_waits
-- Until when these keys wait.
SELECT free_at
FROM attempts
WHERE key = ANY(%(keys)s::text[]) AND free_at > %(now)s;

-- forgive_attempts
-- Forget what failed under a key.
DELETE FROM attempts
WHERE key = %(key)s;

-- return_attempt
-- Take one attempt back: it went well.
UPDATE attempts SET failures = greatest(failures - 1, 0), free_at = %(now)s
WHERE key = %(key)s;

-- forget_old_attempts
-- Forget what lies long back.
DELETE FROM attempts
WHERE last_at <= %(stale)s;
