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

-- change_subscription
-- Put a person on a plan, and write down who did it, from what, to what. What is not given stays (the beginning as long
-- as the plan stays the same); nothing is written over a version other than the given one, nor what contradicts itself:
-- a free plan with an end, a paid one without, an end before the beginning.
WITH old AS (
    SELECT user_id, plan, started_at, expires_at, updated_at
    FROM subscriptions
    WHERE user_id = %(user_id)s
    FOR UPDATE
), wanted AS (
    SELECT
        user_id,
        coalesce(%(plan)s, plan) AS plan,
        CASE WHEN coalesce(%(plan)s, plan) = plan THEN started_at ELSE %(now)s END AS started_at,
        CASE
            WHEN NOT %(keep_end)s::boolean THEN %(expires_at)s::timestamptz
            WHEN coalesce(%(plan)s, plan) = 'premium' THEN expires_at
        END AS expires_at
    FROM old
    WHERE updated_at = coalesce(%(version)s, updated_at)
), changed AS (
    UPDATE subscriptions AS kept SET
        plan = wanted.plan,
        started_at = wanted.started_at,
        expires_at = wanted.expires_at,
        updated_at = greatest(%(now)s, kept.updated_at + interval '1 microsecond')
    FROM wanted
    WHERE kept.user_id = wanted.user_id AND CASE wanted.plan
        WHEN 'free' THEN wanted.expires_at IS NULL
        ELSE coalesce(wanted.expires_at > wanted.started_at, false)
    END
    RETURNING kept.user_id, kept.plan, kept.started_at, kept.expires_at, kept.created_at, kept.updated_at
), noted AS (
    INSERT INTO audit (user_id, noun, who, token_id, request_id, reason, address, old, new, created_at)
    SELECT
        old.user_id, 'subscription', %(who)s, %(token_id)s, %(request_id)s, %(reason)s, %(address)s,
        jsonb_build_object('plan', old.plan, 'started_at', old.started_at, 'expires_at', old.expires_at),
        jsonb_build_object('plan', changed.plan, 'started_at', changed.started_at, 'expires_at', changed.expires_at),
        %(now)s
    FROM old
    JOIN changed ON changed.user_id = old.user_id
    WHERE (old.plan, old.started_at, old.expires_at)
        IS DISTINCT FROM (changed.plan, changed.started_at, changed.expires_at)
)
SELECT user_id, plan, started_at, expires_at, created_at, updated_at FROM changed;

-- expire_subscriptions
-- Put people whose subscription ended before a moment on the free plan, the next so many, and write down that it was done.
WITH due AS (
    SELECT user_id, plan, started_at, expires_at
    FROM subscriptions
    WHERE plan = 'premium' AND expires_at < %(before)s AND (expires_at, user_id) > (%(after)s, %(after_user)s)
    ORDER BY expires_at, user_id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
), changed AS (
    UPDATE subscriptions AS kept SET
        plan = 'free',
        started_at = greatest(due.expires_at, due.started_at),
        expires_at = NULL,
        updated_at = greatest(%(now)s, kept.updated_at + interval '1 microsecond')
    FROM due
    WHERE kept.user_id = due.user_id
    RETURNING kept.user_id, kept.plan, kept.started_at, kept.expires_at
), noted AS (
    INSERT INTO audit (user_id, noun, who, old, new, created_at)
    SELECT
        due.user_id, 'subscription', %(who)s,
        jsonb_build_object('plan', due.plan, 'started_at', due.started_at, 'expires_at', due.expires_at),
        jsonb_build_object('plan', changed.plan, 'started_at', changed.started_at, 'expires_at', changed.expires_at),
        %(now)s
    FROM due
    JOIN changed ON changed.user_id = due.user_id
)
SELECT due.user_id, due.expires_at
FROM due
JOIN changed ON changed.user_id = due.user_id
ORDER BY due.expires_at, due.user_id;
