-- Who may ask the API.

-- add_token
-- Write a new token; no row comes back when one of its name is in force.
INSERT INTO tokens (name, digest, prefix, scopes, user_id, expires_at, created_at)
VALUES (%(name)s, %(digest)s, %(prefix)s, %(scopes)s, %(user_id)s, %(expires_at)s, %(now)s)
ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING
RETURNING id, name, prefix, scopes, user_id, expires_at, last_used_at, revoked_at, created_at;

-- use_token
-- The token of a digest, if it is in force; noting, once a minute, that it was used.
WITH found AS (
    SELECT id, name, prefix, scopes, user_id, expires_at, last_used_at, revoked_at, created_at
    FROM tokens
    WHERE digest = %(digest)s AND revoked_at IS NULL AND coalesce(expires_at > %(now)s, true)
), noted AS (
    UPDATE tokens SET last_used_at = %(now)s
    FROM found
    WHERE tokens.id = found.id AND coalesce(found.last_used_at < %(stale)s, true)
)
SELECT id, name, prefix, scopes, user_id, expires_at, last_used_at, revoked_at, created_at FROM found;

-- list_tokens
-- Every token, the newest first.
SELECT id, name, prefix, scopes, user_id, expires_at, last_used_at, revoked_at, created_at
FROM tokens
ORDER BY id DESC;

-- revoke_token
-- Take a token out of force, for good.
UPDATE tokens SET revoked_at = %(now)s
WHERE name = %(name)s AND revoked_at IS NULL
RETURNING id, name, prefix, scopes, user_id, expires_at, last_used_at, revoked_at, created_at;
