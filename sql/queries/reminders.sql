-- Reminders of an ending subscription.

-- claim_reminders
-- Take upon oneself the reminders of one kind that are due, so many at once: of subscriptions that end in the given
-- time, whose owner can be reached and wants it, and that nobody has sent or is about to send. A claim that was never
-- sent, for its process died, is free again when it is older than a moment.
WITH claimed AS (
    INSERT INTO reminders AS known (user_id, expires_at, days_before, claimed_at)
    SELECT ending.user_id, ending.expires_at, %(days_before)s, %(now)s
    FROM subscriptions AS ending
    JOIN users ON users.id = ending.user_id
    JOIN settings ON settings.user_id = ending.user_id
    WHERE ending.plan = 'premium'
        AND ending.expires_at >= %(ends_from)s AND ending.expires_at < %(ends_before)s
        AND users.unreachable_since IS NULL
        AND settings.reminders
        AND NOT EXISTS (
            SELECT FROM reminders AS done
            WHERE done.user_id = ending.user_id
                AND done.expires_at = ending.expires_at
                AND done.days_before = %(days_before)s
                AND (done.sent_at IS NOT NULL OR done.claimed_at >= %(stale)s)
        )
    ORDER BY ending.expires_at, ending.user_id
    LIMIT %(limit)s
    ON CONFLICT (user_id, expires_at, days_before) DO UPDATE SET claimed_at = excluded.claimed_at
        WHERE known.sent_at IS NULL AND known.claimed_at < %(stale)s
    RETURNING user_id, expires_at, days_before
)
SELECT claimed.user_id, claimed.expires_at, claimed.days_before, users.first_name, settings.language, settings.timezone
FROM claimed
JOIN users ON users.id = claimed.user_id
JOIN settings ON settings.user_id = claimed.user_id
ORDER BY claimed.expires_at, claimed.user_id;

-- mark_reminder_sent
-- Note that a claimed reminder is on its way; once.
UPDATE reminders SET sent_at = %(now)s
WHERE user_id = %(user_id)s AND expires_at = %(expires_at)s AND days_before = %(days_before)s AND sent_at IS NULL;
