-- How much each person wrote on each day.

-- add_usage
-- Count messages on a day; give the day's sum.
INSERT INTO usage AS known (user_id, day, messages)
VALUES (%(user_id)s, %(day)s, %(messages)s)
ON CONFLICT (user_id, day) DO UPDATE SET messages = known.messages + excluded.messages
RETURNING messages;

-- count_usage
-- What a person wrote on a day.
SELECT messages
FROM usage
WHERE user_id = %(user_id)s AND day = %(day)s;

-- add_usages
-- Count messages of many people at once.
INSERT INTO usage AS known (user_id, day, messages)
SELECT given.user_id, given.day, sum(given.messages)
FROM unnest(%(users)s::bigint[], %(days)s::date[], %(messages)s::integer[]) AS given (user_id, day, messages)
GROUP BY given.user_id, given.day
ORDER BY given.user_id, given.day
ON CONFLICT (user_id, day) DO UPDATE SET messages = known.messages + excluded.messages;
