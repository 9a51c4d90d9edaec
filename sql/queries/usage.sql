-- How much each person wrote on each day.

-- count_usage
-- What a person wrote on a day.
SELECT messages
FROM usage
WHERE user_id = %(user_id)s AND day = %(day)s;
