-- What Telegram handed over. See vitte/store/updates.py for what their names promise.

-- add_updates
-- Write updates down, many at once; those that are known already are left as they are and not given back.
INSERT INTO updates (id, chat_id, kind, body, received_at)
SELECT given.id, given.chat_id, given.kind, given.body::json, %(now)s
FROM unnest(%(ids)s::bigint[], %(chats)s::bigint[], %(kinds)s::text[], %(bodies)s::text[])
    WITH ORDINALITY AS given (id, chat_id, kind, body, place)
ORDER BY given.place
ON CONFLICT (id) DO NOTHING
RETURNING id, seq;

-- list_pending_updates
-- Those that nobody has finished, in the order in which they came.
SELECT id, seq, chat_id, kind, body::text AS body, tries
FROM updates
WHERE state = 'pending' AND seq > %(after)s
ORDER BY seq
LIMIT %(limit)s;

-- count_pending_updates
-- How many nobody has finished.
SELECT count(id)::bigint AS updates
FROM updates
WHERE state = 'pending';

-- finish_updates
-- Finish updates, many at once; one that is finished already is not given back, and so nothing is applied twice.
UPDATE updates SET
    state = given.state,
    reason = given.reason,
    done_at = %(now)s,
    body = CASE WHEN given.state = 'failed' THEN updates.body END
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[]) AS given (id, state, reason)
WHERE updates.id = given.id AND updates.state = 'pending'
RETURNING updates.id;

-- count_try
-- Note that an update has failed once more.
UPDATE updates SET tries = tries + 1
WHERE id = %(id)s AND state = 'pending'
RETURNING tries;

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
