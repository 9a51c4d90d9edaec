-- Answers to requests that may be sent twice.

-- claim_key
-- Take a key that nobody used within its time; a row comes back to the one who got it. Whoever meets the key in another
-- transaction waits for that one's end. Some old ones go on the way, so that the table stays as long as a day.
WITH old AS (
    SELECT token_id, key FROM idempotency_keys
    WHERE created_at < %(stale)s AND (token_id, key) <> (%(token_id)s, %(key)s)
    ORDER BY created_at
    LIMIT 10
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotency_keys USING old
    WHERE idempotency_keys.token_id = old.token_id AND idempotency_keys.key = old.key
)
INSERT INTO idempotency_keys AS kept (token_id, key, request, created_at)
VALUES (%(token_id)s, %(key)s, %(request)s, %(now)s)
ON CONFLICT (token_id, key) DO UPDATE SET
    request = excluded.request, location = NULL, body = NULL, created_at = excluded.created_at
    WHERE kept.created_at < %(stale)s
RETURNING request, location, body;

-- keep_answer
-- Write down what was answered.
UPDATE idempotency_keys SET location = %(location)s, body = %(body)s
WHERE token_id = %(token_id)s AND key = %(key)s;

-- get_answer
-- What was answered under a key, and to what.
SELECT request, location, body
FROM idempotency_keys
WHERE token_id = %(token_id)s AND key = %(key)s;
