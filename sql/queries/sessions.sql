-- Who is in the admin panel. See vitte/store/sessions.py for what their names promise.

-- add_session
-- Write a new session, and remove those that are over.
WITH swept AS (
    DELETE FROM sessions WHERE ends_at <= %(now)s OR seen_at <= %(stale)s
)
INSERT INTO sessions (operator_id, digest, stage, code, address, agent, created_at, seen_at, ends_at)
VALUES (%(operator_id)s, %(digest)s, %(stage)s, %(code)s, %(address)s, %(agent)s, %(now)s, %(now)s, %(ends_at)s)
RETURNING id;

-- see_session
-- The session of a digest with its operator, while both are in force; noting, now and then, that it was seen.
WITH found AS (
    SELECT sessions.id, sessions.operator_id, sessions.stage, sessions.code, sessions.tries, sessions.created_at,
        sessions.seen_at, sessions.ends_at, operators.name, operators.role, operators.language, operators.totp_secret,
        operators.telegram_id
    FROM sessions
    JOIN operators ON operators.id = sessions.operator_id
    WHERE sessions.digest = %(digest)s AND sessions.ends_at > %(now)s AND sessions.seen_at > %(stale)s
        AND operators.disabled_at IS NULL
), noted AS (
    UPDATE sessions SET seen_at = %(now)s
    FROM found
    WHERE sessions.id = found.id AND found.seen_at < %(since)s AND %(awake)s::boolean
)
SELECT id, operator_id, stage, code, tries, created_at, seen_at, ends_at, name, role, language, totp_secret, telegram_id
FROM found;

-- try_code
-- Count one try at the one-time code of a session; nothing is touched when it has had as many as it may.
UPDATE sessions SET tries = tries + 1
WHERE id = %(id)s AND stage = 'code' AND tries < %(limit)s;

-- list_sessions
-- The sessions in force of one operator, or of all, the latest seen first.
SELECT sessions.id, sessions.operator_id, operators.name, sessions.address, sessions.agent, sessions.created_at,
    sessions.seen_at, sessions.ends_at
FROM sessions
JOIN operators ON operators.id = sessions.operator_id
WHERE sessions.stage = 'open' AND sessions.ends_at > %(now)s AND sessions.seen_at > %(stale)s
    AND (%(operator_id)s::bigint IS NULL OR sessions.operator_id = %(operator_id)s)
ORDER BY sessions.seen_at DESC, sessions.id DESC
LIMIT %(limit)s;

-- end_session
-- End a session, of one operator or of anyone; give whose it was.
DELETE FROM sessions
USING operators
WHERE operators.id = sessions.operator_id AND sessions.id = %(id)s
    AND (%(operator_id)s::bigint IS NULL OR sessions.operator_id = %(operator_id)s)
RETURNING operators.name;

-- end_sessions
-- End every session of an operator.
DELETE FROM sessions
USING operators
WHERE operators.id = sessions.operator_id AND operators.name = %(name)s
RETURNING operators.name;
