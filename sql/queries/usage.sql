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
