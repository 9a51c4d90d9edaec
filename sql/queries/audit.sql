-- What was changed, and by whom. Rows are added by the statements that make the changes, or in their transaction.

-- add_act
-- Write down what an operator does.
INSERT INTO audit (user_id, noun, action, subject, who, reason, address, old, new, created_at)
VALUES (%(user_id)s, %(noun)s, %(action)s, %(subject)s, %(who)s, %(reason)s, %(address)s, %(old)s::jsonb, %(new)s::jsonb, %(now)s);

-- list_changes
-- What was changed of a person, the latest first.
SELECT id, user_id, noun, action, subject, who, token_id, request_id, reason, address, old, new, created_at
FROM audit
WHERE user_id = %(user_id)s
ORDER BY id DESC
LIMIT %(limit)s;

-- list_acts
-- All that was done, or what one did, the latest first, what is older than a given one.
SELECT id, user_id, noun, action, subject, who, token_id, request_id, reason, address, old, new, created_at
FROM audit
WHERE id < %(before)s AND (%(who)s::text IS NULL OR who = %(who)s)
ORDER BY id DESC
LIMIT %(limit)s;
