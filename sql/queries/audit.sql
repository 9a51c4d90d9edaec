-- What was changed, and by whom. Rows are added by the statements that make the changes.

-- list_changes
-- What was changed of a person, the latest first.
SELECT id, user_id, noun, who, token_id, request_id, old, new, created_at
FROM audit
WHERE user_id = %(user_id)s
ORDER BY id DESC
LIMIT %(limit)s;
