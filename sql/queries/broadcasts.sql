-- What is said to many at once. See vitte/store/broadcasts.py for what their names promise.

-- add_broadcast
-- Write a broadcast down, to be looked at before it starts; a draft of the same name is written anew, unless it is another
-- than the one that was looked at.
INSERT INTO broadcasts AS known (name, text_ru, text_en, plan, language, active_days, created_at)
VALUES (%(name)s, %(text_ru)s, %(text_en)s, %(plan)s, %(language)s, %(active_days)s, %(now)s)
ON CONFLICT (name) DO UPDATE SET
    text_ru = excluded.text_ru,
    text_en = excluded.text_en,
    plan = excluded.plan,
    language = excluded.language,
    active_days = excluded.active_days,
    created_at = excluded.created_at
WHERE known.state = 'draft' AND known.created_at = coalesce(%(version)s::timestamptz, known.created_at)
RETURNING id, name, text_ru, text_en, plan, language, active_days, state, audience, reached, created_at, started_at, ended_at;

-- get_broadcast
-- One broadcast.
SELECT id, name, text_ru, text_en, plan, language, active_days, state, audience, reached, created_at, started_at, ended_at
FROM broadcasts
WHERE name = %(name)s;

-- count_audience
-- How many people a segment has now. Only what the segment asks of them is looked up: everybody has settings and a
-- subscription, and to join all of them takes longer than an operator waits for a page.
SELECT count(users.id) AS people
FROM users
WHERE users.unreachable_since IS NULL
    AND NOT EXISTS (
        SELECT FROM bans WHERE bans.user_id = users.id AND (bans.ends_at IS NULL OR bans.ends_at > %(now)s)
    )
    AND (%(plan)s::text IS NULL OR (%(plan)s = 'premium') = EXISTS (
        SELECT FROM subscriptions
        WHERE subscriptions.user_id = users.id AND subscriptions.plan = 'premium' AND subscriptions.expires_at > %(now)s
    ))
    AND (%(language)s::text IS NULL OR EXISTS (
        SELECT FROM settings WHERE settings.user_id = users.id AND settings.language = %(language)s
    ))
    AND (%(active_since)s::date IS NULL OR EXISTS (
        SELECT FROM usage WHERE usage.user_id = users.id AND usage.day >= %(active_since)s
    ));

-- change_broadcast
-- Let a broadcast begin, rest, go on or end, if it is in one of the states from which it may.
UPDATE broadcasts SET
    state = %(state)s,
    audience = coalesce(audience, %(audience)s),
    started_at = CASE WHEN %(state)s = 'running' THEN coalesce(started_at, %(now)s) ELSE started_at END,
    ended_at = CASE WHEN %(state)s = 'cancelled' THEN %(now)s::timestamptz END
WHERE name = %(name)s AND state = ANY(%(states)s::text[])
RETURNING id, name, text_ru, text_en, plan, language, active_days, state, audience, reached, created_at, started_at, ended_at;

-- claim_broadcast
-- The broadcast whose turn it is, for this transaction alone: the one that started first and has not come to everybody.
SELECT id, name, text_ru, text_en, plan, language, active_days, state, audience, reached, created_at, started_at, ended_at
FROM broadcasts
WHERE state = 'running' AND NOT everyone
ORDER BY started_at, id
LIMIT 1
FOR UPDATE SKIP LOCKED;

-- count_bulk
-- How many words of broadcasts wait in the outbox, counted as far as a limit.
SELECT count(waiting.id) AS words
FROM (SELECT outbox.id FROM outbox WHERE outbox.state = 'waiting' AND outbox.lane = 4 LIMIT %(limit)s) AS waiting;

-- look_ahead
-- The next people by their id, so many: how many there are, and who is the last.
SELECT count(ahead.id) AS people, coalesce(max(ahead.id), 0) AS last
FROM (SELECT users.id FROM users WHERE users.id > %(after)s ORDER BY users.id LIMIT %(limit)s) AS ahead;

-- pick_recipients
-- Whose turn it is: of the people beyond one and up to another, those of the segment who can be reached, are not banned and were not sent it.
SELECT users.id, users.first_name, settings.language
FROM users
JOIN settings ON settings.user_id = users.id
JOIN subscriptions ON subscriptions.user_id = users.id
WHERE users.id > %(after)s AND users.id <= %(last)s
    AND users.unreachable_since IS NULL
    AND NOT EXISTS (
        SELECT FROM bans WHERE bans.user_id = users.id AND (bans.ends_at IS NULL OR bans.ends_at > %(now)s)
    )
    AND (%(plan)s::text IS NULL OR %(plan)s = CASE
        WHEN subscriptions.plan = 'premium' AND subscriptions.expires_at > %(now)s THEN 'premium' ELSE 'free'
    END)
    AND (%(language)s::text IS NULL OR settings.language = %(language)s)
    AND (%(active_since)s::date IS NULL OR EXISTS (
        SELECT FROM usage WHERE usage.user_id = users.id AND usage.day >= %(active_since)s
    ))
    AND NOT EXISTS (
        SELECT FROM broadcast_recipients AS known WHERE known.broadcast_id = %(id)s AND known.user_id = users.id
    )
ORDER BY users.id
LIMIT %(limit)s;

-- add_recipients
-- Note who is sent it, by which words; nobody twice.
INSERT INTO broadcast_recipients (broadcast_id, user_id, outbox_id)
SELECT %(id)s, given.user_id, given.outbox_id
FROM unnest(%(users)s::bigint[], %(ids)s::bigint[]) AS given (user_id, outbox_id);

-- move_on
-- Note how far it has come, and whether to everybody.
UPDATE broadcasts SET reached = %(reached)s, everyone = %(everyone)s
WHERE id = %(id)s;

-- end_broadcasts
-- Those that have come to everybody and of which no word waits are done; what became of them is kept. So it is of the
-- cancelled, as soon as none of their words is on its way.
UPDATE broadcasts SET
    state = CASE broadcasts.state WHEN 'running' THEN 'done' ELSE broadcasts.state END,
    ended_at = coalesce(broadcasts.ended_at, %(now)s),
    queued = told.queued, sent = told.sent, blocked = told.blocked, failed = told.failed
FROM (
    SELECT ready.id, ready.state,
        count(told.user_id) AS queued,
        count(words.id) FILTER (WHERE words.state = 'sent') AS sent,
        count(words.id) FILTER (WHERE words.state = 'failed' AND words.reason ~ '^403 |chat not found') AS blocked,
        count(words.id) FILTER (WHERE words.state = 'failed' AND words.reason !~ '^403 |chat not found') AS failed
    FROM broadcasts AS ready
    LEFT JOIN broadcast_recipients AS told ON told.broadcast_id = ready.id
    LEFT JOIN outbox AS words ON words.id = told.outbox_id
    WHERE ((ready.state = 'running' AND ready.everyone) OR (ready.state = 'cancelled' AND ready.sent IS NULL))
        AND NOT EXISTS (
            SELECT FROM outbox AS waiting
            JOIN broadcast_recipients AS told_last ON told_last.outbox_id = waiting.id
            WHERE waiting.state = 'waiting' AND waiting.lane = 4 AND told_last.broadcast_id = ready.id
        )
    GROUP BY ready.id
) AS told
WHERE broadcasts.id = told.id AND broadcasts.state = told.state
RETURNING broadcasts.id;

-- list_reports
-- What became of broadcasts, the latest first, what is older than a given one; or of the one of a name. Whose books are
-- closed are not counted again.
SELECT known.id, known.name, known.text_ru, known.text_en, known.plan, known.language, known.active_days, known.state,
    known.audience, known.reached, known.created_at, known.started_at, known.ended_at,
    coalesce(known.queued, told.queued) AS queued,
    coalesce(known.sent, told.sent) AS sent,
    coalesce(known.blocked, told.blocked) AS blocked,
    coalesce(known.failed, told.failed) AS failed,
    coalesce(told.waiting, 0) AS waiting
FROM (
    SELECT id, name, text_ru, text_en, plan, language, active_days, state, audience, reached, created_at, started_at,
        ended_at, queued, sent, blocked, failed
    FROM broadcasts
    WHERE (%(name)s::text IS NULL OR name = %(name)s) AND id < %(number)s
    ORDER BY id DESC
    LIMIT %(limit)s
) AS known
LEFT JOIN LATERAL (
    SELECT count(recipient.user_id) AS queued,
        count(words.id) FILTER (WHERE words.state = 'sent') AS sent,
        count(words.id) FILTER (WHERE words.state = 'failed' AND words.reason ~ '^403 |chat not found') AS blocked,
        count(words.id) FILTER (WHERE words.state = 'failed' AND words.reason !~ '^403 |chat not found') AS failed,
        count(words.id) FILTER (WHERE words.state = 'waiting') AS waiting
    FROM broadcast_recipients AS recipient
    LEFT JOIN outbox AS words ON words.id = recipient.outbox_id
    WHERE recipient.broadcast_id = known.id
) AS told ON known.sent IS NULL
ORDER BY known.id DESC;
