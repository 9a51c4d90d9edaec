-- People as operators look for them. See vitte/store/people.py for what their names promise.

-- list_people
-- Everybody, by id from the highest, with the ban in force. The page is cut first, so that what is joined to it is looked up
-- for its rows alone, however far down it begins.
WITH page AS MATERIALIZED (
    SELECT id, first_name, last_name, username, unreachable_since, created_at
    FROM users
    WHERE id < %(before)s
    ORDER BY id DESC
    LIMIT %(limit)s
)
SELECT page.id, page.first_name, page.last_name, page.username, page.unreachable_since, page.created_at,
    settings.language, subscriptions.expires_at, bans.banned_at, bans.ends_at AS ban_ends_at
FROM page
JOIN settings ON settings.user_id = page.id
JOIN subscriptions ON subscriptions.user_id = page.id
LEFT JOIN bans ON bans.user_id = page.id AND (bans.ends_at IS NULL OR bans.ends_at > %(now)s)
ORDER BY page.id DESC;

-- find_people
-- Those whose username or one of whose names begins so, or whose id it is, by id from the highest, with the ban in force.
-- They are found first and cut afterwards: who seeks them by id from above walks past everybody else. A beginning is written
-- as what lies between two texts, for of a LIKE whose pattern is not known when it is planned no index can be used.
WITH found AS MATERIALIZED (
    SELECT id
    FROM users
    WHERE id < %(before)s AND (
        id = %(id)s
        OR (lower(username) ~>=~ lower(%(words)s) AND lower(username) ~<~ lower(%(beyond)s))
        OR (lower(first_name) ~>=~ lower(%(words)s) AND lower(first_name) ~<~ lower(%(beyond)s))
        OR (lower(last_name) ~>=~ lower(%(words)s) AND lower(last_name) ~<~ lower(%(beyond)s))
    )
), page AS MATERIALIZED (
    SELECT id
    FROM found
    ORDER BY id DESC
    LIMIT %(limit)s
)
SELECT users.id, users.first_name, users.last_name, users.username, users.unreachable_since, users.created_at,
    settings.language, subscriptions.expires_at, bans.banned_at, bans.ends_at AS ban_ends_at
FROM page
JOIN users ON users.id = page.id
JOIN settings ON settings.user_id = page.id
JOIN subscriptions ON subscriptions.user_id = page.id
LEFT JOIN bans ON bans.user_id = page.id AND (bans.ends_at IS NULL OR bans.ends_at > %(now)s)
ORDER BY page.id DESC;

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
