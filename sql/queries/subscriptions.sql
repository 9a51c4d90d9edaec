-- What each person has paid for.

-- get_subscription
-- One person's subscription, as bought: whether it is still in force is judged by the reader's clock.
SELECT user_id, plan, started_at, expires_at, created_at, updated_at
FROM subscriptions
WHERE user_id = %(user_id)s;

-- get_subscriptions
-- What some people have.
SELECT user_id, plan, started_at, expires_at, created_at, updated_at
FROM subscriptions
WHERE user_id = ANY(%(ids)s::bigint[]);

-- set_subscription
-- Put a person on a plan; the beginning stands while the plan stays the same.
UPDATE subscriptions SET
    plan = %(plan)s,
    started_at = CASE WHEN plan = %(plan)s THEN started_at ELSE %(now)s END,
    expires_at = %(expires_at)s,
    updated_at = %(now)s
WHERE user_id = %(user_id)s
RETURNING user_id, plan, started_at, expires_at, created_at, updated_at;
