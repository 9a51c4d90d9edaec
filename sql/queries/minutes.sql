-- Each minute in numbers. See vitte/store/minutes.py for what their names promise.

-- add_minute
-- Write a minute of a process down; the same one once more adds to it.
INSERT INTO minutes AS known (
    minute, process, received, answered, refused, failed, words_sent, words_failed, limited,
    half_within, most_within, in_hand, in_mailboxes, pool_waits, redis_faults, redis_away
)
VALUES (
    %(minute)s, %(process)s, %(received)s, %(answered)s, %(refused)s, %(failed)s, %(words_sent)s, %(words_failed)s,
    %(limited)s, %(half_within)s, %(most_within)s, %(in_hand)s, %(in_mailboxes)s, %(pool_waits)s, %(redis_faults)s,
    %(redis_away)s
)
ON CONFLICT (minute, process) DO UPDATE SET
    received = known.received + excluded.received,
    answered = known.answered + excluded.answered,
    refused = known.refused + excluded.refused,
    failed = known.failed + excluded.failed,
    words_sent = known.words_sent + excluded.words_sent,
    words_failed = known.words_failed + excluded.words_failed,
    limited = known.limited + excluded.limited,
    half_within = greatest(known.half_within, excluded.half_within),
    most_within = greatest(known.most_within, excluded.most_within),
    in_hand = greatest(known.in_hand, excluded.in_hand),
    in_mailboxes = greatest(known.in_mailboxes, excluded.in_mailboxes),
    pool_waits = greatest(known.pool_waits, excluded.pool_waits),
    redis_faults = known.redis_faults + excluded.redis_faults,
    redis_away = known.redis_away OR excluded.redis_away;

-- list_minutes
-- The minutes of all processes from one moment to another, so many seconds together, in their order. Sums of what was
-- counted; of what was measured the worst.
SELECT
    date_bin(make_interval(secs => %(seconds)s), minute, %(begins)s) AS minute,
    sum(received)::bigint AS received,
    sum(answered)::bigint AS answered,
    sum(refused)::bigint AS refused,
    sum(failed)::bigint AS failed,
    sum(words_sent)::bigint AS words_sent,
    sum(words_failed)::bigint AS words_failed,
    sum(limited)::bigint AS limited,
    max(half_within)::double precision AS half_within,
    max(most_within)::double precision AS most_within,
    max(in_hand)::bigint AS in_hand,
    max(in_mailboxes)::bigint AS in_mailboxes,
    max(pool_waits)::bigint AS pool_waits,
    sum(redis_faults)::bigint AS redis_faults,
    bool_or(redis_away) AS redis_away
FROM minutes
WHERE minute >= %(begins)s AND minute < %(ends)s
GROUP BY 1
ORDER BY 1;

-- list_newcomers
-- How many wrote for the first time, so many seconds together.
SELECT
    date_bin(make_interval(secs => %(seconds)s), created_at, %(begins)s) AS minute,
    count(id)::bigint AS people
FROM users
WHERE created_at >= %(begins)s AND created_at < %(ends)s
GROUP BY 1
ORDER BY 1;

-- count_people
-- Everybody; how many of them cannot be reached, read Russian, have a paid plan now. Three tables apart: together they
-- would be joined row by row for nothing.
SELECT people.total, people.unreachable, readers.russian, paying.premium
FROM (
    SELECT count(id)::bigint AS total, count(unreachable_since)::bigint AS unreachable
    FROM users
) AS people, (
    SELECT count(user_id) FILTER (WHERE language = 'ru')::bigint AS russian
    FROM settings
) AS readers, (
    SELECT count(user_id)::bigint AS premium
    FROM subscriptions
    WHERE plan = 'premium' AND expires_at > %(now)s
) AS paying;

-- drop_minutes
-- Forget what is older than a moment.
DELETE FROM minutes
WHERE minute < %(before)s;
