-- What was said.

-- add_exchange
-- Append what a person said and what was answered, in this order, and note in the dialog when it was.
WITH spoken AS (
    UPDATE dialogs SET last_message_at = %(now)s, updated_at = %(now)s
    WHERE id = %(dialog_id)s AND user_id = %(user_id)s
)
INSERT INTO messages (dialog_id, user_id, role, text, created_at)
SELECT %(dialog_id)s, %(user_id)s, said.role, said.text, %(now)s
FROM unnest(%(roles)s::text[], %(texts)s::text[]) WITH ORDINALITY AS said (role, text, place)
ORDER BY said.place
RETURNING id, dialog_id, user_id, role, text, created_at;

-- list_pages_of_messages
-- Many pages of messages with one question, each narrowed in its own way; which page a row belongs to is told by its
-- place, the newest first. A page of a dialog in which nothing was said is a row whose id is 0, one of a dialog that is not
-- there is none. Nothing in a dialog is older than itself: saying so spares PostgreSQL the months before it began.
SELECT asked.place, dialogs.user_id AS owner, coalesce(found.id, 0) AS id, dialogs.id AS dialog_id, dialogs.user_id,
    coalesce(found.role, 'user') AS role, coalesce(found.text, '') AS text,
    coalesce(found.created_at, dialogs.created_at) AS created_at
FROM unnest(%(dialogs)s::bigint[], %(befores)s::bigint[], %(roles)s::text[], %(limits)s::integer[])
    WITH ORDINALITY AS asked (dialog_id, before, role, most, place)
JOIN dialogs ON dialogs.id = asked.dialog_id AND dialogs.id = ANY(%(dialogs)s::bigint[])
LEFT JOIN LATERAL (
    SELECT messages.id, messages.role, messages.text, messages.created_at
    FROM messages
    WHERE messages.dialog_id = dialogs.id AND messages.created_at >= dialogs.created_at AND messages.id < asked.before
        AND (asked.role IS NULL OR messages.role = asked.role)
    ORDER BY messages.id DESC
    LIMIT asked.most
) AS found ON true
ORDER BY asked.place, id DESC;

-- delete_old_messages
-- Delete messages past what their owner's plan keeps, among the next so many old ones after a given id. Walking along
-- the ids, a run looks once at what the longer plan still keeps, and each batch has a bounded length however few are due.
WITH looked_at AS (
    SELECT old.id, old.created_at, old.user_id
    FROM messages AS old
    WHERE old.id > %(after)s AND old.created_at < greatest(%(free_before)s::timestamptz, %(premium_before)s::timestamptz)
    ORDER BY old.id
    LIMIT %(limit)s
), due AS (
    SELECT looked_at.id, looked_at.created_at
    FROM looked_at
    JOIN subscriptions AS plan ON plan.user_id = looked_at.user_id
    WHERE looked_at.created_at < CASE
        WHEN plan.plan = 'premium' AND plan.expires_at > %(now)s THEN %(premium_before)s::timestamptz
        ELSE %(free_before)s::timestamptz
    END
), gone AS (
    DELETE FROM messages
    USING due
    WHERE messages.id = due.id AND messages.created_at = due.created_at
    RETURNING messages.id
)
SELECT
    (SELECT count(id) FROM looked_at)::integer AS looked_at,
    (SELECT count(id) FROM gone)::integer AS deleted,
    coalesce((SELECT max(id) FROM looked_at), %(after)s)::bigint AS last_id;

-- make_partitions
-- Make the months from a given day on that are not there yet.
SELECT make_message_partitions(%(first)s::date, %(months)s::integer) AS made;
