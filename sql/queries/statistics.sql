-- Each day in numbers.

-- set_daily_statistics
-- Write or rewrite the row of a day.
INSERT INTO daily_stats (
    day, timezone, users_total, users_new, users_active, users_active_7, users_active_30, users_unreachable,
    subscriptions_active, dialogs_started, messages_said, messages_answered, came_1, stayed_1, came_7, stayed_7, came_30,
    stayed_30, by_plan, by_language, created_at, updated_at
) VALUES (
    %(day)s, %(timezone)s, %(users_total)s, %(users_new)s, %(users_active)s, %(users_active_7)s, %(users_active_30)s,
    %(users_unreachable)s, %(subscriptions_active)s, %(dialogs_started)s, %(messages_said)s, %(messages_answered)s,
    %(came_1)s, %(stayed_1)s, %(came_7)s, %(stayed_7)s, %(came_30)s, %(stayed_30)s, %(by_plan)s::jsonb,
    %(by_language)s::jsonb, %(now)s, %(now)s
)
ON CONFLICT (day) DO UPDATE SET
    timezone = excluded.timezone,
    users_total = excluded.users_total,
    users_new = excluded.users_new,
    users_active = excluded.users_active,
    users_active_7 = excluded.users_active_7,
    users_active_30 = excluded.users_active_30,
    users_unreachable = excluded.users_unreachable,
    subscriptions_active = excluded.subscriptions_active,
    dialogs_started = excluded.dialogs_started,
    messages_said = excluded.messages_said,
    messages_answered = excluded.messages_answered,
    came_1 = excluded.came_1,
    stayed_1 = excluded.stayed_1,
    came_7 = excluded.came_7,
    stayed_7 = excluded.stayed_7,
    came_30 = excluded.came_30,
    stayed_30 = excluded.stayed_30,
    by_plan = excluded.by_plan,
    by_language = excluded.by_language,
    updated_at = excluded.updated_at;

-- list_daily_statistics
-- The days from one to another, both included, the latest first.
SELECT day, timezone, users_total, users_new, users_active, users_active_7, users_active_30, users_unreachable,
    subscriptions_active, dialogs_started, messages_said, messages_answered, came_1, stayed_1, came_7, stayed_7, came_30,
    stayed_30, by_plan, by_language, created_at, updated_at
FROM daily_stats
WHERE day BETWEEN %(first)s AND %(last)s
ORDER BY day DESC
LIMIT %(limit)s;
