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

-- get_dialog_of_anyone
-- One dialog, whosever it is.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE id = %(id)s;

-- list_dialogs
-- A person's dialogs in some states and with some character or any, the newest first, those older than a given one.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE user_id = %(user_id)s AND id < %(before)s AND state = ANY(%(states)s::text[])
    AND (%(character_id)s::bigint IS NULL OR character_id = %(character_id)s)
ORDER BY id DESC
LIMIT %(limit)s;

-- list_dialogs_of_all
-- The same of everybody.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE id < %(before)s AND state = ANY(%(states)s::text[])
    AND (%(character_id)s::bigint IS NULL OR character_id = %(character_id)s)
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

-- start_dialog_if_possible
-- The same for a program, which may name a person or a character that there is not, or none: then the character that the
-- person chose last, or else the first that is offered. No row comes back when the person is unknown or the character
-- not offered.
WITH asked AS (
    SELECT settings.user_id, characters.id AS character_id
    FROM settings
    JOIN characters ON characters.active AND CASE
        WHEN %(character_id)s::bigint IS NOT NULL THEN characters.id = %(character_id)s
        ELSE settings.character_id IS NULL OR characters.id = settings.character_id
    END
    WHERE settings.user_id = %(user_id)s
    ORDER BY characters.position, characters.id
    LIMIT 1
), closed AS (
    UPDATE dialogs SET state = 'closed', closed_at = %(now)s, updated_at = %(now)s
    FROM asked
    WHERE dialogs.user_id = asked.user_id AND dialogs.state = 'open'
    RETURNING dialogs.id
)
INSERT INTO dialogs (user_id, character_id, title, last_message_at, created_at, updated_at)
SELECT asked.user_id, asked.character_id, %(title)s, %(now)s, %(now)s, %(now)s
FROM asked, (SELECT count(id) AS closed FROM closed) AS done
ON CONFLICT (user_id) WHERE state = 'open' DO UPDATE SET
    character_id = excluded.character_id, title = excluded.title,
    updated_at = greatest(excluded.updated_at, dialogs.updated_at + interval '1 microsecond')
RETURNING id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at;

-- change_dialog
-- Change what is given of a dialog, a person's or anyone's; not over a version other than the given one, and not to open
-- while the person has another one open.
UPDATE dialogs AS kept SET
    title = coalesce(%(title)s, kept.title),
    state = coalesce(%(state)s, kept.state),
    closed_at = CASE coalesce(%(state)s, kept.state)
        WHEN 'open' THEN NULL
        WHEN 'closed' THEN coalesce(kept.closed_at, %(now)s)
        ELSE kept.closed_at
    END,
    archived_at = CASE WHEN coalesce(%(state)s, kept.state) = 'archived' THEN coalesce(kept.archived_at, %(now)s) END,
    updated_at = greatest(%(now)s, kept.updated_at + interval '1 microsecond')
WHERE kept.id = %(id)s
    AND kept.user_id = coalesce(%(user_id)s, kept.user_id)
    AND kept.updated_at = coalesce(%(version)s, kept.updated_at)
    AND (
        coalesce(%(state)s, kept.state) <> 'open'
        OR NOT EXISTS (
            SELECT other.id FROM dialogs AS other
            WHERE other.user_id = kept.user_id AND other.state = 'open' AND other.id <> kept.id
        )
    )
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

-- get_scene
-- All that an answer needs of a person's open dialog, in one question: who answers, what was said lately (the oldest
-- first, as JSON), and how much of the day is used.
SELECT
    dialogs.id AS dialog_id,
    characters.names,
    characters.temperament,
    coalesce((
        SELECT usage.messages FROM usage
        WHERE usage.user_id = dialogs.user_id AND usage.day = %(day)s
    ), 0) AS used,
    coalesce((
        SELECT json_agg(json_build_object('role', lately.role, 'text', lately.text) ORDER BY lately.id)
        FROM (
            SELECT messages.id, messages.role, messages.text
            FROM messages
            WHERE messages.dialog_id = dialogs.id AND messages.created_at >= dialogs.created_at
            ORDER BY messages.id DESC
            LIMIT %(limit)s
        ) AS lately
    ), '[]')::text AS recent
FROM dialogs
JOIN characters ON characters.id = dialogs.character_id
WHERE dialogs.user_id = %(user_id)s AND dialogs.state = 'open';
