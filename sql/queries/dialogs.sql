-- Conversations.

-- get_open_dialog
-- The dialog a person's next words belong to.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE user_id = %(user_id)s AND state = 'open';

-- get_dialog
-- One dialog of a person; a stranger's is not found.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE id = %(id)s AND user_id = %(user_id)s;

-- list_dialogs
-- A person's dialogs, the newest first, those older than a given one.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE user_id = %(user_id)s AND id < %(before)s
ORDER BY id DESC
LIMIT %(limit)s;

-- start_dialog
-- Close the open dialog, if any, and open a new one. Counting the closed makes the INSERT wait for the UPDATE, so that
-- the unique index on open dialogs sees the old one gone. When two processes start one at the same moment the later
-- finds the earlier's, brand-new and empty, and gives it its own character: one dialog, the last word counts.
WITH closed AS (
    UPDATE dialogs SET state = 'closed', closed_at = %(now)s, updated_at = %(now)s
    WHERE user_id = %(user_id)s AND state = 'open'
    RETURNING id
)
INSERT INTO dialogs (user_id, character_id, title, last_message_at, created_at, updated_at)
SELECT %(user_id)s, %(character_id)s, %(title)s, %(now)s, %(now)s, %(now)s
FROM (SELECT count(id) AS closed FROM closed) AS done
ON CONFLICT (user_id) WHERE state = 'open' DO UPDATE SET
    character_id = excluded.character_id, title = excluded.title, updated_at = excluded.updated_at
RETURNING id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at;

-- resume_dialog
-- Open a person's latest dialog again when nobody closed it and it was only archived for its silence.
UPDATE dialogs SET state = 'open', archived_at = NULL, updated_at = %(now)s
WHERE id = (SELECT max(latest.id) FROM dialogs AS latest WHERE latest.user_id = %(user_id)s)
    AND state = 'archived' AND closed_at IS NULL
RETURNING id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at;

-- archive_inactive_dialogs
-- Archive dialogs without a word since a moment, so many at once; those somebody writes in right now are left for later.
UPDATE dialogs SET state = 'archived', archived_at = %(now)s, updated_at = %(now)s
WHERE id IN (
    SELECT id FROM dialogs
    WHERE state <> 'archived' AND last_message_at < %(before)s
    ORDER BY id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
);
