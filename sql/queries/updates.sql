-- What Telegram handed over. See vitte/store/updates.py for what their names promise.

-- list_pending_updates
-- Those that nobody has finished, in the order in which they came, and of each chat only its first few: one that writes
-- much holds up nobody else, and what is urgent waits for nothing. Of a long backlog the beginning is looked at.
SELECT id, chat_id, kind, body::text AS body, received_at
FROM (
    SELECT id, seq, chat_id, kind, body, received_at, row_number() OVER (
        PARTITION BY chat_id, kind IN ('pre_checkout_query', 'shipping_query', 'my_chat_member') ORDER BY seq
    ) AS turn
    FROM (
        SELECT id, seq, chat_id, kind, body, received_at
        FROM updates
        WHERE state = 'pending'
        ORDER BY seq
        LIMIT 20000
    ) AS beginning
) AS each
WHERE turn <= %(a_chat)s
ORDER BY seq
LIMIT %(limit)s;

-- count_pending_updates
-- How many nobody has finished.
SELECT count(id)::bigint AS updates
FROM updates
WHERE state = 'pending';

-- count_try
-- Note that an update has failed once more; it is written down if it was not yet.
INSERT INTO updates AS known (id, chat_id, kind, body, tries, received_at)
VALUES (%(id)s, %(chat_id)s, %(kind)s, %(body)s::json, 1, %(received_at)s)
ON CONFLICT (id) DO UPDATE SET tries = known.tries + 1
WHERE known.state = 'pending'
RETURNING tries, known.xmax = 0 AS is_new;

-- list_letters
-- The dead letters, the latest first.
SELECT id, chat_id, kind, reason, tries, received_at, done_at, body::text AS body
FROM updates
WHERE state = 'failed' AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s;

-- get_letter
-- One dead letter.
SELECT id, chat_id, kind, reason, tries, received_at, done_at, body::text AS body
FROM updates
WHERE state = 'failed' AND id = %(id)s;

-- requeue_letter
-- Let a dead letter be tried again, as if it had just come.
UPDATE updates SET state = 'pending', reason = NULL, tries = 0, done_at = NULL
WHERE id = %(id)s AND state = 'failed';

-- drop_letter
-- Give a dead letter up; it stays in the books as refused.
UPDATE updates SET state = 'refused', reason = 'dropped', body = NULL, done_at = %(now)s
WHERE id = %(id)s AND state = 'failed';

-- count_updates
-- The books: how many updates are in which state, and why.
SELECT state, coalesce(reason, '') AS reason, count(id)::bigint AS updates
FROM updates
GROUP BY state, reason
ORDER BY state, reason;

-- get_backlog
-- How many dead letters there are, and when the oldest pending update came. Both are read from small indexes.
SELECT
    (SELECT count(id)::bigint FROM updates WHERE state = 'failed') AS letters,
    (SELECT received_at FROM updates WHERE state = 'pending' ORDER BY seq LIMIT 1) AS oldest;

-- trim_updates
-- Forget updates that were finished long ago, among the next so many after a given id; dead letters have a time of their own.
WITH looked_at AS (
    SELECT count(next.id) AS number, coalesce(max(next.id), %(after)s) AS last
    FROM (SELECT id FROM updates WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS next
), due AS (
    SELECT id
    FROM updates
    WHERE id > %(after)s AND id <= (SELECT looked_at.last FROM looked_at)
        AND done_at < CASE state WHEN 'failed' THEN %(letters_before)s::timestamptz ELSE %(before)s::timestamptz END
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM updates
    USING due
    WHERE updates.id = due.id
        AND updates.id > %(after)s AND updates.id <= (SELECT looked_at.last FROM looked_at)
    RETURNING updates.id
)
SELECT
    (SELECT looked_at.number FROM looked_at)::integer AS looked_at,
    (SELECT count(id) FROM gone)::integer AS touched,
    (SELECT looked_at.last FROM looked_at)::bigint AS last_id;
