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

-- list_lines
-- What was said in a dialog, the newest first, what is older than a given message: by whom, when, how much; not the words.
SELECT id, role, char_length(text) AS length, created_at
FROM messages
WHERE dialog_id = %(dialog_id)s AND created_at >= %(begun)s AND id < %(before_id)s
ORDER BY id DESC
LIMIT %(limit)s;

-- delete_old_messages
-- Delete messages past what their owner's plan keeps, among the next so many old ones after a given id. Walking along
-- the ids, a run looks once at what the longer plan still keeps, and each batch has a bounded length however few are due.
-- Those that somebody else is deleting are left to them.
WITH looked_at AS (
    SELECT count(next.id) AS number, coalesce(max(next.id), %(after)s) AS last
    FROM (
        SELECT old.id
        FROM messages AS old
        WHERE old.id > %(after)s AND old.created_at < greatest(%(free_before)s::timestamptz, %(premium_before)s::timestamptz)
        ORDER BY old.id
        LIMIT %(limit)s
    ) AS next
), due AS (
    SELECT old.id, old.created_at
    FROM messages AS old
    WHERE old.id > %(after)s AND old.id <= (SELECT looked_at.last FROM looked_at)
        AND old.created_at < greatest(%(free_before)s::timestamptz, %(premium_before)s::timestamptz)
        AND old.created_at < (
            SELECT CASE
                WHEN plan.plan = 'premium' AND plan.expires_at > %(now)s THEN %(premium_before)s::timestamptz
                ELSE %(free_before)s::timestamptz
            END
            FROM subscriptions AS plan
            WHERE plan.user_id = old.user_id
        )
    FOR UPDATE OF old SKIP LOCKED
), gone AS (
    DELETE FROM messages
    USING due
    WHERE messages.id = due.id AND messages.created_at = due.created_at
        AND messages.id > %(after)s AND messages.id <= (SELECT looked_at.last FROM looked_at)
    RETURNING messages.id
)
SELECT
    (SELECT looked_at.number FROM looked_at)::integer AS looked_at,
    (SELECT count(id) FROM gone)::integer AS touched,
    (SELECT looked_at.last FROM looked_at)::bigint AS last_id;

-- list_months
-- The months that have a partition of their own, the oldest first.
SELECT to_date(right(month.relname, 7), 'YYYY_MM') AS first
FROM pg_inherits
JOIN pg_class AS month ON month.oid = pg_inherits.inhrelid
WHERE pg_inherits.inhparent = 'messages'::regclass AND month.relname ~ '^messages_[0-9]{4}_[0-9]{2}$'
ORDER BY month.relname;

-- drop_month
-- Drop a month with all that was said in it; gives how many messages that was, or null where it should be empty and is not.
SELECT drop_message_partition(%(first)s::date, %(empty)s::boolean) AS dropped;

-- make_partitions
-- Make the months from a given day on that are not there yet.
SELECT make_message_partitions(%(first)s::date, %(months)s::integer) AS made;
