-- People as operators look for them. See vitte/store/people.py for what their names promise.

-- list_people
-- Everybody, by id from the highest.
SELECT users.id, users.first_name, users.last_name, users.username, users.unreachable_since, users.created_at,
    settings.language, subscriptions.expires_at
FROM users
JOIN settings ON settings.user_id = users.id
JOIN subscriptions ON subscriptions.user_id = users.id
WHERE users.id < %(before)s
ORDER BY users.id DESC
LIMIT %(limit)s;

-- find_people
-- Those whose username or one of whose names begins so, or whose id it is, by id from the highest.
SELECT users.id, users.first_name, users.last_name, users.username, users.unreachable_since, users.created_at,
    settings.language, subscriptions.expires_at
FROM users
JOIN settings ON settings.user_id = users.id
JOIN subscriptions ON subscriptions.user_id = users.id
WHERE users.id < %(before)s AND (
    users.id = %(id)s
    OR lower(users.username) LIKE lower(%(pattern)s)
    OR lower(users.first_name) LIKE lower(%(pattern)s)
    OR lower(users.last_name) LIKE lower(%(pattern)s)
)
ORDER BY users.id DESC
LIMIT %(limit)s;

-- list_received
-- What came from a chat, the latest first, with what became of it; not what was written.
SELECT id, seq, kind, state, reason, tries, received_at, done_at
FROM updates
WHERE chat_id = %(chat_id)s AND seq < %(before)s
ORDER BY seq DESC
LIMIT %(limit)s;

-- list_said
-- What was said in answer to updates, in its order; not the words themselves.
SELECT id, update_id, lane, method, state, reason, tries, repeated, created_at, done_at
FROM outbox
WHERE update_id = ANY(%(updates)s::bigint[])
ORDER BY id;
