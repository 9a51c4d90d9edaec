-- What is to be said to Telegram. See vitte/store/outbox.py for what their names promise.

-- add_outgoing
-- Put words into the outbox, many at once; gives their ids in the order in which they were given.
INSERT INTO outbox (chat_id, lane, method, payload, update_id, taken, created_at)
SELECT given.chat_id, given.lane, given.method, given.payload::json, given.update_id, %(taken)s, %(now)s
FROM unnest(%(chats)s::bigint[], %(lanes)s::smallint[], %(methods)s::text[], %(payloads)s::text[], %(updates)s::bigint[])
    WITH ORDINALITY AS given (chat_id, lane, method, payload, update_id, place)
ORDER BY given.place
RETURNING id;

-- list_waiting
-- What waits, in order: for who looks on, and takes nothing.
SELECT id, chat_id, lane, method, payload::text AS payload, update_id, tries, created_at
FROM outbox
WHERE state = 'waiting'
ORDER BY lane, id
LIMIT %(limit)s;

-- find_waiting
-- What waits, by its id alone: so many of what people wait for and so many of what is sent in bulk, each the most urgent
-- lanes first and in the order in which it was said, but nothing for a chat that was told to wait.
(SELECT urgent.id, urgent.lane FROM outbox AS urgent
WHERE urgent.state = 'waiting' AND urgent.lane <= 2
    AND NOT EXISTS (SELECT FROM outbox_pauses AS pause WHERE pause.chat_id = urgent.chat_id AND pause.until > %(now)s)
ORDER BY urgent.lane, urgent.id
LIMIT %(limit)s)
UNION ALL
(SELECT bulk.id, bulk.lane FROM outbox AS bulk
WHERE bulk.state = 'waiting' AND bulk.lane > 2
    AND NOT EXISTS (SELECT FROM outbox_pauses AS pause WHERE pause.chat_id = bulk.chat_id AND pause.until > %(now)s)
ORDER BY bulk.lane, bulk.id
LIMIT %(bulk)s);

-- take_waiting
-- Take words in hand; those that still wait come back.
UPDATE outbox SET taken = true
WHERE id = ANY(%(ids)s::bigint[]) AND state = 'waiting'
RETURNING id, chat_id, lane, method, payload::text AS payload, update_id, tries, created_at;

-- mark_repeated
-- Note of what a process that died had in hand that it may have been sent.
UPDATE outbox SET repeated = true
WHERE state = 'waiting' AND taken AND NOT repeated;

-- finish_outgoing
-- Note what became of words, many at once.
UPDATE outbox SET
    state = given.state,
    reason = given.reason,
    tries = given.tries,
    repeated = outbox.repeated OR given.repeated,
    done_at = %(now)s,
    payload = NULL
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(tries)s::integer[], %(repeated)s::boolean[])
    AS given (id, state, reason, tries, repeated)
WHERE outbox.id = given.id AND outbox.state = 'waiting';

-- move_chat
-- A group became a supergroup: what waits for it goes to its new id, in the words as well as in the row.
UPDATE outbox SET
    chat_id = %(new)s,
    payload = CASE
        WHEN payload->'chat_id' IS NULL THEN payload
        ELSE jsonb_set(payload::jsonb, '{chat_id}', to_jsonb(%(new)s::bigint))::json
    END
WHERE chat_id = %(old)s AND state = 'waiting';

-- pause_chat
-- Telegram told a chat to wait (chat 0: all of them): what waits for it is not in hand any more.
WITH told AS (
    INSERT INTO outbox_pauses AS known (chat_id, until)
    VALUES (%(id)s, %(until)s)
    ON CONFLICT (chat_id) DO UPDATE SET until = greatest(known.until, excluded.until)
)
UPDATE outbox SET taken = false
WHERE chat_id = %(id)s AND state = 'waiting';

-- list_pauses
-- Who was told to wait and still has to.
SELECT chat_id, until
FROM outbox_pauses
WHERE until > %(now)s;

-- end_pauses
-- Forget the pauses that have passed.
DELETE FROM outbox_pauses
WHERE until <= %(now)s;

-- count_outgoing
-- The books: how many words are in which state, how many may have been said twice.
SELECT state, coalesce(reason, '') AS reason, count(id)::bigint AS words,
    count(id) FILTER (WHERE repeated)::bigint AS repeated
FROM outbox
GROUP BY state, reason
ORDER BY state, reason;

-- count_waiting
-- What waits to be said in each lane, and since when.
SELECT lane, count(id)::bigint AS words, min(created_at) AS oldest
FROM outbox
WHERE state = 'waiting'
GROUP BY lane;

-- trim_outgoing
-- Forget words that were sent, or failed, long ago, among the next so many after a given id.
WITH looked_at AS (
    SELECT count(next.id) AS number, coalesce(max(next.id), %(after)s) AS last
    FROM (SELECT id FROM outbox WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS next
), due AS (
    SELECT id
    FROM outbox
    WHERE id > %(after)s AND id <= (SELECT looked_at.last FROM looked_at) AND done_at < %(before)s
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM outbox
    USING due
    WHERE outbox.id = due.id
        AND outbox.id > %(after)s AND outbox.id <= (SELECT looked_at.last FROM looked_at)
    RETURNING outbox.id
)
SELECT
    (SELECT looked_at.number FROM looked_at)::integer AS looked_at,
    (SELECT count(id) FROM gone)::integer AS touched,
    (SELECT looked_at.last FROM looked_at)::bigint AS last_id;
