-- People. See vitte/store/users.py for what their names promise.

-- add_or_refresh_user
-- Write a person who wrote to us, with settings and a subscription at the first contact, in one statement. Whether
-- they are banned comes along: who had their data deleted may be new and banned.
-- Whether the person is new is told by xmax: an inserted row was never locked and has none, while one that
-- ON CONFLICT found was locked by this very transaction before it was updated. The update takes place even when
-- nothing differs, for a row that it skips would not be returned; updated_at moves only when something does.
-- The child rows refer to a user of the same statement: foreign keys are checked at its end.
WITH written AS (
    INSERT INTO users AS old
        (id, first_name, last_name, username, language_code, start_payload, created_at, updated_at)
    VALUES
        (%(id)s, %(first_name)s, %(last_name)s, %(username)s, %(language_code)s, %(start_payload)s, %(now)s, %(now)s)
    ON CONFLICT (id) DO UPDATE SET
        first_name = excluded.first_name,
        last_name = excluded.last_name,
        username = excluded.username,
        language_code = excluded.language_code,
        start_payload = coalesce(old.start_payload, excluded.start_payload),
        unreachable_since = NULL,
        updated_at = CASE
            WHEN (old.first_name, old.last_name, old.username, old.language_code, old.unreachable_since)
                IS DISTINCT FROM
                (excluded.first_name, excluded.last_name, excluded.username, excluded.language_code, NULL)
            THEN excluded.updated_at
            ELSE old.updated_at
        END
    RETURNING id, first_name, last_name, username, language_code, start_payload, unreachable_since,
        created_at, updated_at, xmax = 0 AS is_new
), settled AS (
    INSERT INTO settings (user_id, language, created_at, updated_at)
    SELECT id, %(language)s, %(now)s, %(now)s FROM written
    WHERE is_new
), subscribed AS (
    INSERT INTO subscriptions (user_id, plan, started_at, created_at, updated_at)
    SELECT id, 'free', %(now)s, %(now)s, %(now)s FROM written
    WHERE is_new
)
SELECT written.id, written.first_name, written.last_name, written.username, written.language_code, written.start_payload,
    written.unreachable_since, written.created_at, written.updated_at, written.is_new,
    bans.banned_at, bans.ends_at AS ban_ends_at, bans.told_at AS ban_told_at
FROM written
LEFT JOIN bans ON bans.user_id = written.id;

-- get_user
-- One person.
SELECT id, first_name, last_name, username, language_code, start_payload, unreachable_since, created_at, updated_at
FROM users
WHERE id = %(id)s;

-- keep_start_payload
-- Keep the deep link that brought a person, unless one is kept already.
UPDATE users SET start_payload = %(start_payload)s, updated_at = %(now)s
WHERE id = %(id)s AND start_payload IS NULL;

-- get_profiles
-- People with what they chose for themselves, and whether they are banned.
SELECT users.id, users.first_name, users.last_name, users.username, users.language_code, users.start_payload,
    users.unreachable_since, users.created_at, users.updated_at,
    settings.language, settings.timezone, settings.character_id,
    bans.banned_at, bans.ends_at AS ban_ends_at, bans.told_at AS ban_told_at
FROM users
JOIN settings ON settings.user_id = users.id
LEFT JOIN bans ON bans.user_id = users.id
WHERE users.id = ANY(%(ids)s::bigint[]);

-- mark_unreachable
-- Note that Telegram refuses to deliver to a person; the first refusal's time stands.
UPDATE users SET unreachable_since = %(now)s, updated_at = %(now)s
WHERE id = %(id)s AND unreachable_since IS NULL;

-- mark_reachable
-- Note that a person can be written to again.
UPDATE users SET unreachable_since = NULL, updated_at = %(now)s
WHERE id = %(id)s AND unreachable_since IS NOT NULL;

-- change_user
-- Change what is given of a person's description, not over a version other than the given one.
UPDATE users SET
    first_name = coalesce(%(first_name)s, first_name),
    last_name = CASE WHEN %(keep_last_name)s::boolean THEN last_name ELSE %(last_name)s END,
    username = CASE WHEN %(keep_username)s::boolean THEN username ELSE %(username)s END,
    updated_at = greatest(%(now)s, updated_at + interval '1 microsecond')
WHERE id = %(id)s AND updated_at = coalesce(%(version)s, updated_at)
RETURNING id, first_name, last_name, username, language_code, start_payload, unreachable_since, created_at, updated_at;

-- count_users
-- People who can be reached, by what is in force for them and what they read; of them those who said something lately.
SELECT
    CASE WHEN subscriptions.plan = 'premium' AND subscriptions.expires_at > %(now)s THEN 'premium' ELSE 'free' END AS plan,
    settings.language,
    count(users.id)::bigint AS users,
    count(users.id) FILTER (WHERE dialogs.last_message_at >= %(since)s)::bigint AS active
FROM users
JOIN settings ON settings.user_id = users.id
JOIN subscriptions ON subscriptions.user_id = users.id
LEFT JOIN dialogs ON dialogs.user_id = users.id AND dialogs.state = 'open'
WHERE users.unreachable_since IS NULL
GROUP BY 1, 2;
