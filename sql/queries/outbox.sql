-- What is to be said to Telegram. See vitte/store/outbox.py for what their names promise.

-- add_outgoing
-- Put words into the outbox, many at once; gives their ids in the order in which they were given.
INSERT INTO outbox (chat_id, lane, method, payload, update_id, created_at)
SELECT given.chat_id, given.lane, given.method, given.payload::json, given.update_id, %(now)s
FROM unnest(%(chats)s::bigint[], %(lanes)s::smallint[], %(methods)s::text[], %(payloads)s::text[], %(updates)s::bigint[])
    WITH ORDINALITY AS given (chat_id, lane, method, payload, update_id, place)
ORDER BY given.place
RETURNING id;

-- list_waiting
-- What nobody has sent yet: the most urgent lanes first, and in the order in which it was said.
SELECT id, chat_id, lane, method, payload::text AS payload, update_id, tries
FROM outbox
WHERE state = 'waiting'
ORDER BY lane, id
LIMIT %(limit)s;

-- mark_repeated
-- Note of what waits at a start that it may have been sent by the process before.
UPDATE outbox SET repeated = true
WHERE state = 'waiting' AND NOT repeated;

-- finish_outgoing
-- Note what became of words, many at once.
UPDATE outbox SET
    state = given.state,
    reason = given.reason,
    tries = given.tries,
    done_at = %(now)s,
    payload = NULL
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(tries)s::integer[])
    AS given (id, state, reason, tries)
WHERE outbox.id = given.id AND outbox.state = 'waiting';

-- move_chat
-- A group became a supergroup: what waits for it goes to its new id.
UPDATE outbox SET chat_id = %(new)s
WHERE chat_id = %(old)s AND state = 'waiting';

-- count_outgoing
-- The books: how many words are in which state, how many may have been said twice.
SELECT state, coalesce(reason, '') AS reason, count(id)::bigint AS words,
    count(id) FILTER (WHERE repeated)::bigint AS repeated
FROM outbox
GROUP BY state, reason
ORDER BY state, reason;
