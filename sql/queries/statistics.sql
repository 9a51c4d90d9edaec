-- Each day in numbers.

-- add_daily_statistics
-- Count a day, given by its first and its next day's first moment, and write or rewrite its row.
INSERT INTO daily_stats (
    day, users_total, users_new, users_active, users_unreachable, subscriptions_active,
    dialogs_started, messages_said, messages_answered, created_at, updated_at
)
SELECT
    %(day)s, people.total, people.new, said.people, people.unreachable, paying.total,
    started.total, said.said, said.answered, %(now)s, %(now)s
FROM (
    SELECT
        count(id) AS total,
        count(id) FILTER (WHERE created_at >= %(begins)s) AS new,
        count(id) FILTER (WHERE unreachable_since < %(ends)s) AS unreachable
    FROM users
    WHERE created_at < %(ends)s
) AS people, (
    SELECT
        count(DISTINCT user_id) FILTER (WHERE role = 'user') AS people,
        count(id) FILTER (WHERE role = 'user') AS said,
        count(id) FILTER (WHERE role = 'character') AS answered
    FROM messages
    WHERE created_at >= %(begins)s AND created_at < %(ends)s
) AS said, (
    SELECT count(id) AS total
    FROM dialogs
    WHERE created_at >= %(begins)s AND created_at < %(ends)s
) AS started, (
    SELECT count(user_id) AS total
    FROM subscriptions
    WHERE plan = 'premium' AND started_at < %(ends)s AND expires_at >= %(ends)s
) AS paying
ON CONFLICT (day) DO UPDATE SET
    users_total = excluded.users_total,
    users_new = excluded.users_new,
    users_active = excluded.users_active,
    users_unreachable = excluded.users_unreachable,
    subscriptions_active = excluded.subscriptions_active,
    dialogs_started = excluded.dialogs_started,
    messages_said = excluded.messages_said,
    messages_answered = excluded.messages_answered,
    updated_at = excluded.updated_at
RETURNING day, users_total, users_new, users_active, users_unreachable, subscriptions_active,
    dialogs_started, messages_said, messages_answered, created_at, updated_at;

-- list_daily_statistics
-- The days from one to another, both included, the latest first.
SELECT day, users_total, users_new, users_active, users_unreachable, subscriptions_active,
    dialogs_started, messages_said, messages_answered, created_at, updated_at
FROM daily_stats
WHERE day BETWEEN %(first)s AND %(last)s
ORDER BY day DESC
LIMIT %(limit)s;
