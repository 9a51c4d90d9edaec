-- All that is kept of a person, table by table: given out, and deleted. See vitte/store/personal.py for what their names promise.
-- What gives out walks by two numbers that tell where it stands, and gives each row as JSON.

-- export_users
-- Who they are.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, first_name, last_name, username, language_code, start_payload, unreachable_since, created_at, updated_at
    FROM users
    WHERE id = %(user_id)s AND id > %(major)s
    LIMIT %(limit)s
) AS found;

-- export_settings
-- What they chose.
SELECT %(user_id)s::bigint AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT language, language_chosen, timezone, character_id, reminders, created_at, updated_at
    FROM settings
    WHERE user_id = %(user_id)s AND user_id > %(major)s
    LIMIT %(limit)s
) AS found;

-- export_subscriptions
-- What they have paid for.
SELECT %(user_id)s::bigint AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT plan, started_at, expires_at, created_at, updated_at
    FROM subscriptions
    WHERE user_id = %(user_id)s AND user_id > %(major)s
    LIMIT %(limit)s
) AS found;

-- export_bans
-- Whether they are banned, and why.
SELECT %(user_id)s::bigint AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT reason, banned_at, ends_at, told_at
    FROM bans
    WHERE user_id = %(user_id)s AND user_id > %(major)s
    LIMIT %(limit)s
) AS found;

-- export_dialogs
-- Their dialogs.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
    FROM dialogs
    WHERE user_id = %(user_id)s AND id > %(major)s
    ORDER BY id
    LIMIT %(limit)s
) AS found
ORDER BY found.id;

-- export_messages
-- What was said in them, dialog after dialog; sorted as it is read, so that a batch ends where it is full.
SELECT found.dialog_id AS major, found.id AS minor, row_to_json(found)::text AS body
FROM (
    SELECT dialog.id AS dialog_id, said.id, said.role, said.text, said.created_at
    FROM (
        SELECT dialogs.id FROM dialogs WHERE dialogs.user_id = %(user_id)s AND dialogs.id >= %(major)s ORDER BY dialogs.id
    ) AS dialog
    CROSS JOIN LATERAL (
        SELECT messages.id, messages.role, messages.text, messages.created_at
        FROM messages
        WHERE messages.dialog_id = dialog.id AND (dialog.id > %(major)s OR messages.id > %(minor)s)
        ORDER BY messages.id
        LIMIT %(limit)s
    ) AS said
    ORDER BY dialog.id, said.id
    LIMIT %(limit)s
) AS found
ORDER BY found.dialog_id, found.id;

-- export_usage
-- How much they wrote on each day.
SELECT found.day - date '2000-01-01' AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT day, messages
    FROM usage
    WHERE user_id = %(user_id)s AND day - date '2000-01-01' > %(major)s
    ORDER BY day
    LIMIT %(limit)s
) AS found
ORDER BY found.day;

-- export_activity
-- What was collected of their days.
SELECT found.day - date '2000-01-01' AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT day, said, answered
    FROM activity
    WHERE user_id = %(user_id)s AND day - date '2000-01-01' > %(major)s
    ORDER BY day
    LIMIT %(limit)s
) AS found
ORDER BY found.day;

-- export_reminders
-- Of which ends they were reminded.
SELECT (extract(epoch FROM found.expires_at) * 1000000)::bigint AS major, found.days_before + 100::bigint AS minor,
    row_to_json(found)::text AS body
FROM (
    SELECT expires_at, days_before, claimed_at, sent_at
    FROM reminders
    WHERE user_id = %(user_id)s
        AND ((extract(epoch FROM expires_at) * 1000000)::bigint, days_before + 100::bigint) > (%(major)s, %(minor)s)
    ORDER BY expires_at, days_before
    LIMIT %(limit)s
) AS found
ORDER BY found.expires_at, found.days_before;

-- export_tokens
-- The tokens that show their rows to programs; not what opens anything.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, name, prefix, scopes, expires_at, last_used_at, revoked_at, created_at
    FROM tokens
    WHERE user_id = %(user_id)s AND id > %(major)s
    ORDER BY id
    LIMIT %(limit)s
) AS found
ORDER BY found.id;

-- export_keys
-- What was answered to programs with those tokens, while it is kept.
SELECT found.major, found.minor, row_to_json(found)::text AS body
FROM (
    SELECT tokens.id AS major, row_number() OVER (PARTITION BY tokens.id ORDER BY known.key) AS minor, known.key, known.location,
        convert_from(known.body, 'UTF8') AS answer, known.created_at
    FROM tokens
    JOIN idempotency_keys AS known ON known.token_id = tokens.id
    WHERE tokens.user_id = %(user_id)s
) AS found
WHERE (found.major, found.minor) > (%(major)s, %(minor)s)
ORDER BY found.major, found.minor
LIMIT %(limit)s;

-- export_recipients
-- Which broadcasts they were sent.
SELECT found.broadcast_id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT told.broadcast_id, broadcasts.name
    FROM broadcast_recipients AS told
    JOIN broadcasts ON broadcasts.id = told.broadcast_id
    WHERE told.user_id = %(user_id)s AND told.broadcast_id > %(major)s
    ORDER BY told.broadcast_id
    LIMIT %(limit)s
) AS found
ORDER BY found.broadcast_id;

-- export_updates
-- What Telegram handed over of theirs; the words where they are kept: while it waits, and where it failed.
SELECT found.seq AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, seq, kind, body, state, reason, received_at, done_at
    FROM updates
    WHERE chat_id = %(user_id)s AND seq > %(major)s
    ORDER BY seq
    LIMIT %(limit)s
) AS found
ORDER BY found.seq;

-- export_outbox
-- What waits to be said to them, and what was.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, method, payload, state, reason, created_at, done_at
    FROM outbox
    WHERE chat_id = %(user_id)s AND id > %(major)s
    ORDER BY id
    LIMIT %(limit)s
) AS found
ORDER BY found.id;

-- export_pauses
-- Until when Telegram told us to be silent towards them.
SELECT %(user_id)s::bigint AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT until
    FROM outbox_pauses
    WHERE chat_id = %(user_id)s AND chat_id > %(major)s
    LIMIT %(limit)s
) AS found;

-- export_audit
-- What was done to them; by what kind of author, not by whom or from where.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, noun, action, split_part(who, ':', 1) AS by, reason, old, new, created_at
    FROM audit
    WHERE user_id = %(user_id)s AND id > %(major)s
    ORDER BY id
    LIMIT %(limit)s
) AS found
ORDER BY found.id;

-- export_receipts
-- The exports and deletions before.
SELECT found.id AS major, 0::bigint AS minor, row_to_json(found)::text AS body
FROM (
    SELECT id, kind, counts, started_at, ended_at
    FROM receipts
    WHERE user_id = %(user_id)s AND id > %(major)s
    ORDER BY id
    LIMIT %(limit)s
) AS found
ORDER BY found.id;

-- delete_messages
-- So many of what was said.
DELETE FROM messages
USING (
    SELECT old.id, old.created_at
    FROM messages AS old
    WHERE old.dialog_id = ANY(ARRAY(SELECT dialogs.id FROM dialogs WHERE dialogs.user_id = %(user_id)s))
    LIMIT %(limit)s
) AS due
WHERE messages.id = due.id AND messages.created_at = due.created_at;

-- delete_dialogs
-- So many dialogs, with what was said in them since; in the order in which everybody locks several.
DELETE FROM dialogs
USING (
    SELECT old.id FROM dialogs AS old WHERE old.user_id = %(user_id)s ORDER BY old.id LIMIT %(limit)s FOR UPDATE
) AS due
WHERE dialogs.id = due.id;

-- lock_user
-- Nobody writes anything that refers to the person until this is over.
SELECT id FROM users WHERE id = %(user_id)s FOR UPDATE;

-- delete_usage
-- Their counts of days.
DELETE FROM usage WHERE user_id = %(user_id)s;

-- delete_activity
-- What was collected of their days.
DELETE FROM activity WHERE user_id = %(user_id)s;

-- delete_reminders
-- Their reminders.
DELETE FROM reminders WHERE user_id = %(user_id)s;

-- delete_keys
-- What was answered to programs with their tokens.
DELETE FROM idempotency_keys WHERE token_id = ANY(ARRAY(SELECT id FROM tokens WHERE user_id = %(user_id)s));

-- delete_tokens
-- Their tokens: they open nothing any more.
DELETE FROM tokens WHERE user_id = %(user_id)s;

-- delete_recipients
-- Which broadcasts they were sent.
DELETE FROM broadcast_recipients WHERE user_id = %(user_id)s;

-- delete_settings
-- What they chose.
DELETE FROM settings WHERE user_id = %(user_id)s;

-- delete_subscriptions
-- What they have paid for; what it was stays in the audit.
DELETE FROM subscriptions WHERE user_id = %(user_id)s;

-- delete_pauses
-- Until when Telegram told us to be silent towards them.
DELETE FROM outbox_pauses WHERE chat_id = %(user_id)s;

-- delete_users
-- Who they are.
DELETE FROM users WHERE id = %(user_id)s;

-- delete_bans
-- A ban that has ended.
DELETE FROM bans WHERE user_id = %(user_id)s AND ends_at <= %(now)s;

-- empty_bans
-- Why they are banned; the ban stands.
UPDATE bans SET reason = NULL WHERE user_id = %(user_id)s AND reason IS NOT NULL;

-- empty_letters
-- What they wrote and what failed.
UPDATE updates SET state = 'refused', reason = 'erased', body = NULL, done_at = %(now)s
WHERE chat_id = %(user_id)s AND state = 'failed';

-- empty_updates
-- What they wrote and nobody has answered yet.
UPDATE updates SET state = 'refused', reason = 'erased', body = NULL, done_at = %(now)s
WHERE chat_id = %(user_id)s AND state = 'pending';

-- empty_outbox
-- What waits to be said to them.
UPDATE outbox SET state = 'failed', reason = 'erased', payload = NULL, done_at = %(now)s
WHERE chat_id = %(user_id)s AND state = 'waiting';

-- empty_audit
-- Why things were done to them, and what they were called; of a subscription what it was stays.
UPDATE audit SET
    reason = NULL,
    old = CASE WHEN noun = 'subscription' THEN old ELSE '{}' END,
    new = CASE WHEN noun = 'subscription' THEN new ELSE '{}' END
WHERE user_id = %(user_id)s;
