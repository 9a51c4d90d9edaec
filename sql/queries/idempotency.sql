-- Answers to requests that may be sent twice.

-- claim_keys
-- Take many keys at once, each that nobody used within its time; those who got theirs come back. In the order of the
-- keys, so that two who take the same ones wait for each other and not in a ring.
WITH wish AS (
    SELECT token_id, key, request
    FROM unnest(%(tokens)s::bigint[], %(keys)s::text[], %(requests)s::bytea[]) AS given (token_id, key, request)
), old AS (
    SELECT token_id, key FROM idempotency_keys
    WHERE created_at < %(stale)s AND (token_id, key) NOT IN (SELECT token_id, key FROM wish)
    ORDER BY created_at
    LIMIT 100
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM idempotency_keys USING old
    WHERE idempotency_keys.token_id = old.token_id AND idempotency_keys.key = old.key
)
INSERT INTO idempotency_keys AS kept (token_id, key, request, created_at)
SELECT token_id, key, request, %(now)s
FROM wish
ORDER BY token_id, key
ON CONFLICT (token_id, key) DO UPDATE SET
    request = excluded.request, location = NULL, body = NULL, created_at = excluded.created_at
    WHERE kept.created_at < %(stale)s
RETURNING token_id, key;

-- get_answers
-- What was answered under some keys, and to what.
SELECT token_id, key, request, location, body
FROM idempotency_keys
WHERE (token_id, key) IN (SELECT given.token_id, given.key
    FROM unnest(%(tokens)s::bigint[], %(keys)s::text[]) AS given (token_id, key));

-- keep_answers
-- Write down what was answered to many.
UPDATE idempotency_keys AS kept SET location = given.location, body = given.body
FROM unnest(%(tokens)s::bigint[], %(keys)s::text[], %(locations)s::text[], %(bodies)s::bytea[])
    AS given (token_id, key, location, body)
WHERE kept.token_id = given.token_id AND kept.key = given.key;

-- free_keys
-- Give back keys whose requests were refused: they may be asked again.
DELETE FROM idempotency_keys USING unnest(%(tokens)s::bigint[], %(keys)s::text[]) AS given (token_id, key)
WHERE idempotency_keys.token_id = given.token_id AND idempotency_keys.key = given.key;
