-- Whom the bot answers no more. See vitte/store/bans.py for what their names promise.

-- get_ban
-- A person's ban, also one that has ended.
SELECT user_id, reason, banned_at, ends_at, told_at
FROM bans
WHERE user_id = %(user_id)s;

-- set_ban
-- Ban a person; a ban that there is becomes this one, and the person will be told again.
INSERT INTO bans AS known (user_id, reason, banned_at, ends_at)
VALUES (%(user_id)s, %(reason)s, %(now)s, %(ends_at)s)
ON CONFLICT (user_id) DO UPDATE SET
    reason = excluded.reason, banned_at = excluded.banned_at, ends_at = excluded.ends_at, told_at = NULL
RETURNING user_id, reason, banned_at, ends_at, told_at;

-- lift_ban
-- End a person's ban.
DELETE FROM bans
WHERE user_id = %(user_id)s
RETURNING user_id, reason, banned_at, ends_at, told_at;

-- note_told
-- Note that the person was told.
UPDATE bans SET told_at = %(now)s
WHERE user_id = %(user_id)s;
