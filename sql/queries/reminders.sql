-- Reminders of an ending subscription.

-- list_ending
-- Whose subscription ends, or ended, within a time, who can be reached and wants to be reminded: the next so many.
SELECT ending.user_id, ending.expires_at, users.first_name, settings.language, settings.timezone
FROM subscriptions AS ending
JOIN users ON users.id = ending.user_id
JOIN settings ON settings.user_id = ending.user_id
WHERE ending.plan = 'premium'
    AND ending.expires_at >= %(ends_from)s AND ending.expires_at < %(ends_before)s
    AND (ending.expires_at, ending.user_id) > (%(after)s, %(after_user)s)
    AND users.unreachable_since IS NULL
    AND settings.reminders
ORDER BY ending.expires_at, ending.user_id
LIMIT %(limit)s;

-- add_reminders
-- Record reminders, many at once; gives those that nobody has recorded yet. An end that is another by now, or that somebody
-- is changing, is left out, and so is who is banned.
WITH ending AS (
    SELECT kept.user_id, given.expires_at, given.days_before
    FROM unnest(%(users)s::bigint[], %(ends)s::timestamptz[], %(kinds)s::integer[])
        AS given (user_id, expires_at, days_before)
    JOIN subscriptions AS kept ON kept.user_id = given.user_id AND kept.expires_at = given.expires_at
    JOIN users ON users.id = kept.user_id AND users.unreachable_since IS NULL
    WHERE NOT EXISTS (
        SELECT FROM bans WHERE bans.user_id = users.id AND (bans.ends_at IS NULL OR bans.ends_at > %(now)s)
    )
    FOR UPDATE OF kept SKIP LOCKED
)
INSERT INTO reminders AS known (user_id, expires_at, days_before, claimed_at, sent_at)
SELECT ending.user_id, ending.expires_at, ending.days_before, %(now)s, %(now)s
FROM ending
ORDER BY ending.expires_at, ending.user_id
ON CONFLICT (user_id, expires_at, days_before) DO UPDATE SET sent_at = excluded.sent_at
    WHERE known.sent_at IS NULL
RETURNING user_id, expires_at, days_before;
