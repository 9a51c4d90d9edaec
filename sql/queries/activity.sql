-- Who wrote on which day.

-- collect_activity
-- Count what was said on a day, among the next so many messages of it after a given id, for each person. A message counts
-- once however often it is looked at: what was counted up to which id stands beside the count.
WITH looked_at AS MATERIALIZED (
    SELECT said.id, said.user_id, said.role
    FROM messages AS said
    WHERE said.id > %(after)s AND said.created_at >= %(begins)s AND said.created_at < %(ends)s
    ORDER BY said.id
    LIMIT %(limit)s
), added AS (
    INSERT INTO activity AS known (user_id, day, said, answered, last_id)
    SELECT
        looked_at.user_id, %(day)s,
        count(looked_at.id) FILTER (WHERE looked_at.role = 'user'),
        count(looked_at.id) FILTER (WHERE looked_at.role = 'character'),
        max(looked_at.id)
    FROM looked_at
    LEFT JOIN activity AS before ON before.user_id = looked_at.user_id AND before.day = %(day)s
    WHERE before.last_id IS NULL OR looked_at.id > before.last_id
    GROUP BY looked_at.user_id
    ORDER BY looked_at.user_id
    ON CONFLICT (user_id, day) DO UPDATE SET
        said = known.said + excluded.said,
        answered = known.answered + excluded.answered,
        last_id = excluded.last_id
        WHERE known.last_id < excluded.last_id
    RETURNING known.user_id
)
SELECT
    (SELECT count(id) FROM looked_at)::integer AS looked_at,
    (SELECT count(user_id) FROM added)::integer AS touched,
    coalesce((SELECT max(id) FROM looked_at), %(after)s)::bigint AS last_id;

-- list_collected_days
-- Which days of a stretch are collected.
SELECT day FROM activity_days WHERE day BETWEEN %(first)s AND %(last)s ORDER BY day;

-- note_collected_day
-- Note that a day is collected: what was said on it may be cleaned now.
INSERT INTO activity_days (day, collected_at) VALUES (%(day)s, %(now)s)
ON CONFLICT (day) DO UPDATE SET collected_at = excluded.collected_at;

-- count_people
-- How the next so many people stood when a day ended, by the plan that counted then and their language: how many there
-- were, were new, could not be reached, wrote that day and in the last 7 and 30, and what they said. Of those who came 1, 7
-- and 30 days before, how many wrote. A plan that was changed since is read from the audit.
WITH people AS MATERIALIZED (
    SELECT id, created_at, unreachable_since FROM users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
)
SELECT
    CASE WHEN plan.plan = 'premium' AND plan.expires_at > %(ends)s THEN 'premium' ELSE 'free' END AS plan,
    settings.language,
    count(people.id)::integer AS looked_at,
    max(people.id)::bigint AS last_id,
    count(people.id) FILTER (WHERE people.created_at < %(ends)s)::integer AS users,
    count(people.id) FILTER (WHERE people.created_at >= %(begins)s AND people.created_at < %(ends)s)::integer AS new,
    count(people.id) FILTER (WHERE people.unreachable_since < %(ends)s)::integer AS unreachable,
    count(people.id) FILTER (WHERE wrote.said > 0)::integer AS active,
    count(people.id) FILTER (WHERE wrote.week)::integer AS active_7,
    count(people.id) FILTER (WHERE wrote.month)::integer AS active_30,
    coalesce(sum(wrote.said), 0)::integer AS said,
    coalesce(sum(wrote.answered), 0)::integer AS answered,
    coalesce(sum(started.dialogs), 0)::integer AS dialogs,
    count(people.id) FILTER (WHERE people.created_at >= %(came_1)s AND people.created_at < %(came_0)s)::integer AS came_1,
    count(people.id) FILTER (WHERE people.created_at >= %(came_1)s AND people.created_at < %(came_0)s AND wrote.said > 0)::integer AS stayed_1,
    count(people.id) FILTER (WHERE people.created_at >= %(came_7)s AND people.created_at < %(came_6)s)::integer AS came_7,
    count(people.id) FILTER (WHERE people.created_at >= %(came_7)s AND people.created_at < %(came_6)s AND wrote.said > 0)::integer AS stayed_7,
    count(people.id) FILTER (WHERE people.created_at >= %(came_30)s AND people.created_at < %(came_29)s)::integer AS came_30,
    count(people.id) FILTER (WHERE people.created_at >= %(came_30)s AND people.created_at < %(came_29)s AND wrote.said > 0)::integer AS stayed_30
FROM people
JOIN settings ON settings.user_id = people.id
LEFT JOIN LATERAL (
    SELECT
        sum(activity.said) FILTER (WHERE activity.day = %(day)s) AS said,
        sum(activity.answered) FILTER (WHERE activity.day = %(day)s) AS answered,
        bool_or(activity.said > 0 AND activity.day > %(day)s::date - 7) AS week,
        bool_or(activity.said > 0) AS month
    FROM activity
    WHERE activity.user_id = people.id AND activity.day > %(day)s::date - 30 AND activity.day <= %(day)s
) AS wrote ON true
LEFT JOIN LATERAL (
    SELECT count(dialogs.id) AS dialogs
    FROM dialogs
    WHERE dialogs.user_id = people.id AND dialogs.created_at >= %(begins)s AND dialogs.created_at < %(ends)s
) AS started ON true
LEFT JOIN LATERAL (
    SELECT change.old ->> 'plan' AS plan, (change.old ->> 'expires_at')::timestamptz AS expires_at
    FROM audit AS change
    WHERE change.user_id = people.id AND change.noun = 'subscription' AND change.action = 'change' AND change.created_at >= %(ends)s
    ORDER BY change.id
    LIMIT 1
) AS changed ON true
LEFT JOIN LATERAL (
    SELECT
        CASE WHEN changed.plan IS NULL THEN kept.plan ELSE changed.plan END AS plan,
        CASE WHEN changed.plan IS NULL THEN kept.expires_at ELSE changed.expires_at END AS expires_at
    FROM subscriptions AS kept
    WHERE kept.user_id = people.id
) AS plan ON true
GROUP BY 1, 2;

-- trim_activity
-- Forget who wrote on days long past, of the next so many people.
WITH people AS MATERIALIZED (
    SELECT id FROM users WHERE id > %(after)s ORDER BY id LIMIT %(limit)s
), gone AS (
    DELETE FROM activity
    USING people
    WHERE activity.user_id = people.id AND activity.day < %(day)s
    RETURNING activity.user_id
)
SELECT
    (SELECT count(id) FROM people)::integer AS looked_at,
    (SELECT count(user_id) FROM gone)::integer AS touched,
    coalesce((SELECT max(id) FROM people), %(after)s)::bigint AS last_id;
