-- What is needed to answer people. See vitte/store/scenes.py for what its names promise.

-- get_scenes
-- Of each person, all that an answer needs, in one question for many: the dialog that their next words belong to (the open
-- one, else the latest if it was only archived for its silence, else none yet), who answers in it or would in a new one
-- (the character chosen last, else the first that is offered), what was said lately (the oldest first, as JSON), and how
-- much of their day is used. Nothing in a dialog is older than the dialog itself: saying so spares PostgreSQL the months
-- before it began.
SELECT
    asked.user_id,
    dialog.id AS dialog_id,
    coalesce(dialog.state = 'open', false) AS is_open,
    speaker.id AS character_id,
    speaker.names,
    speaker.temperament,
    coalesce(usage.messages, 0) AS used,
    coalesce(lately.lines, '[]') AS recent
FROM unnest(%(users)s::bigint[], %(days)s::date[]) AS asked (user_id, day)
LEFT JOIN LATERAL (
    SELECT latest.id, latest.state, latest.character_id, latest.created_at
    FROM (
        SELECT id, state, character_id, created_at, closed_at
        FROM dialogs
        WHERE user_id = asked.user_id
        ORDER BY state = 'open' DESC, id DESC
        LIMIT 1
    ) AS latest
    WHERE latest.state = 'open' OR (latest.state = 'archived' AND latest.closed_at IS NULL)
) AS dialog ON true
LEFT JOIN settings ON settings.user_id = asked.user_id
JOIN LATERAL (
    SELECT id, names, temperament
    FROM characters
    WHERE id = dialog.character_id OR (dialog.character_id IS NULL AND active)
    ORDER BY coalesce(id = settings.character_id, false) DESC, position, id
    LIMIT 1
) AS speaker ON true
LEFT JOIN usage ON usage.user_id = asked.user_id AND usage.day = asked.day
LEFT JOIN LATERAL (
    SELECT json_agg(json_build_object('role', line.role, 'text', line.text) ORDER BY line.id)::text AS lines
    FROM (
        SELECT id, role, text
        FROM messages
        WHERE dialog_id = dialog.id AND created_at >= dialog.created_at
        ORDER BY id DESC
        LIMIT %(limit)s
    ) AS line
) AS lately ON true;
