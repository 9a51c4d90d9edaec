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

-- get_dialogs
-- Some dialogs, whosever they are.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE id = ANY(%(ids)s::bigint[]);

-- list_dialogs_of_all
-- Everybody's dialogs in some state or any and with some character or any, the newest first, those older than a given one.
SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
FROM dialogs
WHERE id < %(before)s AND (%(state)s::text IS NULL OR state = %(state)s)
    AND (%(character_id)s::bigint IS NULL OR character_id = %(character_id)s)
ORDER BY id DESC
LIMIT %(limit)s;

-- list_pages_of_dialogs
-- Many pages of people's dialogs with one question, each narrowed in its own way; which page a row belongs to is told by
-- its place, the newest first.
SELECT asked.place, found.id, found.user_id, found.character_id, found.title, found.state, found.last_message_at,
    found.closed_at, found.archived_at, found.created_at, found.updated_at
FROM unnest(%(users)s::bigint[], %(befores)s::bigint[], %(states)s::text[], %(characters)s::bigint[], %(limits)s::integer[])
    WITH ORDINALITY AS asked (user_id, before, state, character_id, most, place)
CROSS JOIN LATERAL (
    SELECT id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
    FROM dialogs
    WHERE dialogs.user_id = asked.user_id AND dialogs.id < asked.before
        AND (asked.state IS NULL OR dialogs.state = asked.state)
        AND (asked.character_id IS NULL OR dialogs.character_id = asked.character_id)
    ORDER BY dialogs.id DESC
    LIMIT asked.most
) AS found
ORDER BY asked.place, found.id DESC;

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

-- start_dialogs
-- The same for many programs at once, each with a wish for a person of its own, who may not be known, and for a character
-- that may not be offered, or none: then the one that the person chose last, if it is offered, else the first that is. A row
-- comes back for each wish: whether the person is known, and the dialog, if there is one. Open dialogs are locked in the
-- order of their ids, as everybody who locks several does. They are looked for by arrays, lest old statistics make PostgreSQL
-- read all of them.
WITH wish AS (
    SELECT user_id, character_id, title, place
    FROM unnest(%(users)s::bigint[], %(characters)s::bigint[], %(titles)s::text[])
        WITH ORDINALITY AS given (user_id, character_id, title, place)
), asked AS (
    SELECT wish.place, wish.user_id, wish.title, chosen.id AS character_id
    FROM wish
    JOIN settings ON settings.user_id = wish.user_id
    CROSS JOIN LATERAL (
        SELECT characters.id
        FROM characters
        WHERE characters.active AND (wish.character_id IS NULL OR characters.id = wish.character_id)
        ORDER BY coalesce(characters.id = settings.character_id, false) DESC, characters.position, characters.id
        LIMIT 1
    ) AS chosen
), locked AS (
    SELECT dialogs.id
    FROM dialogs
    WHERE dialogs.user_id = ANY(ARRAY(SELECT asked.user_id FROM asked)) AND dialogs.state = 'open'
    ORDER BY dialogs.id
    FOR UPDATE
), closed AS (
    UPDATE dialogs SET state = 'closed', closed_at = %(now)s,
        updated_at = greatest(%(now)s, dialogs.updated_at + interval '1 microsecond')
    WHERE dialogs.id = ANY(ARRAY(SELECT locked.id FROM locked))
    RETURNING dialogs.id
), started AS (
    INSERT INTO dialogs (user_id, character_id, title, last_message_at, created_at, updated_at)
    SELECT asked.user_id, asked.character_id, asked.title, %(now)s, %(now)s, %(now)s
    FROM asked, (SELECT count(id) AS closed FROM closed) AS done
    ON CONFLICT (user_id) WHERE state = 'open' DO UPDATE SET
        character_id = excluded.character_id, title = excluded.title,
        updated_at = greatest(excluded.updated_at, dialogs.updated_at + interval '1 microsecond')
    RETURNING id, user_id, character_id, title, state, last_message_at, closed_at, archived_at, created_at, updated_at
)
SELECT wish.place, settings.user_id IS NOT NULL AS known, started.id, started.user_id, started.character_id, started.title,
    started.state, started.last_message_at, started.closed_at, started.archived_at, started.created_at,
    started.updated_at
FROM wish
LEFT JOIN settings ON settings.user_id = wish.user_id
LEFT JOIN started ON started.user_id = wish.user_id
ORDER BY wish.place;

-- change_dialogs
-- Change many dialogs at once, each in its own way, none of them to be opened. A row comes back for each dialog that is
-- there for the one who asks: whose it is, and nothing else when it stands in a version other than the given one. They are
-- locked in the order of their ids, as everybody who locks several does.
WITH wish AS (
    SELECT id, user_id, title, state, version, place
    FROM unnest(%(ids)s::bigint[], %(users)s::bigint[], %(titles)s::text[], %(states)s::text[], %(versions)s::timestamptz[])
        WITH ORDINALITY AS given (id, user_id, title, state, version, place)
), found AS (
    SELECT kept.id, kept.user_id, kept.updated_at, wish.title, wish.state, wish.version, wish.place
    FROM dialogs AS kept
    JOIN wish ON wish.id = kept.id AND coalesce(wish.user_id, kept.user_id) = kept.user_id
    WHERE kept.id = ANY(%(ids)s::bigint[])
    ORDER BY kept.id
    FOR UPDATE OF kept
), changed AS (
    UPDATE dialogs AS kept SET
        title = coalesce(found.title, kept.title),
        state = coalesce(found.state, kept.state),
        closed_at = CASE
            WHEN coalesce(found.state, kept.state) = 'closed' THEN coalesce(kept.closed_at, %(now)s)
            ELSE kept.closed_at
        END,
        archived_at = CASE
            WHEN coalesce(found.state, kept.state) = 'archived' THEN coalesce(kept.archived_at, %(now)s)
        END,
        updated_at = greatest(%(now)s, kept.updated_at + interval '1 microsecond')
    FROM found
    WHERE kept.id = ANY(ARRAY(SELECT due.id FROM found AS due)) AND kept.id = found.id
        AND found.updated_at = coalesce(found.version, found.updated_at)
    RETURNING kept.id, kept.user_id, kept.character_id, kept.title, kept.state, kept.last_message_at, kept.closed_at,
        kept.archived_at, kept.created_at, kept.updated_at
)
SELECT found.place, found.user_id AS owner, changed.id, changed.user_id, changed.character_id, changed.title, changed.state,
    changed.last_message_at, changed.closed_at, changed.archived_at, changed.created_at, changed.updated_at
FROM found
LEFT JOIN changed ON changed.id = found.id;

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

-- archive_inactive_dialogs
-- Archive dialogs without a word since a moment, among the next so many after a given id; those somebody writes in right
-- now are left for later.
WITH looked_at AS (
    SELECT count(next.id) AS number, coalesce(max(next.id), %(after)s) AS last
    FROM (SELECT id FROM dialogs WHERE id > %(after)s ORDER BY id LIMIT %(limit)s) AS next
), due AS (
    SELECT id
    FROM dialogs
    WHERE id > %(after)s AND id <= (SELECT looked_at.last FROM looked_at)
        AND state <> 'archived' AND last_message_at < %(before)s
    FOR UPDATE SKIP LOCKED
), archived AS (
    UPDATE dialogs SET state = 'archived', archived_at = %(now)s, updated_at = %(now)s
    FROM due
    WHERE dialogs.id = due.id
        AND dialogs.id > %(after)s AND dialogs.id <= (SELECT looked_at.last FROM looked_at)
    RETURNING dialogs.id
)
SELECT
    (SELECT looked_at.number FROM looked_at)::integer AS looked_at,
    (SELECT count(id) FROM archived)::integer AS touched,
    (SELECT looked_at.last FROM looked_at)::bigint AS last_id;
