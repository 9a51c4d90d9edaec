-- What each person chose.

-- get_settings
-- One person's settings.
SELECT user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at
FROM settings
WHERE user_id = %(user_id)s;

-- get_many_settings
-- The settings of some people.
SELECT user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at
FROM settings
WHERE user_id = ANY(%(ids)s::bigint[]);

-- choose_language
-- The person picked a language: from now on no guess replaces it.
UPDATE settings SET language = %(language)s, language_chosen = true, updated_at = %(now)s
WHERE user_id = %(user_id)s
RETURNING user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at;

-- detect_language
-- A better guess, for as long as the person did not choose.
UPDATE settings SET language = %(language)s, updated_at = %(now)s
WHERE user_id = %(user_id)s AND NOT language_chosen AND language <> %(language)s
RETURNING user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at;

-- set_character
-- The character that the person's next dialogs begin with.
UPDATE settings SET character_id = %(character_id)s, updated_at = %(now)s
WHERE user_id = %(user_id)s
RETURNING user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at;

-- change_settings
-- Change what is given of a person's settings, not over a version other than the given one, and to no character that is
-- not offered. A language that is given counts as chosen.
UPDATE settings SET
    language = coalesce(%(language)s, language),
    language_chosen = language_chosen OR %(language)s::text IS NOT NULL,
    timezone = CASE WHEN %(keep_timezone)s::boolean THEN timezone ELSE %(timezone)s END,
    character_id = CASE WHEN %(keep_character)s::boolean THEN character_id ELSE %(character_id)s::bigint END,
    reminders = coalesce(%(reminders)s, reminders),
    updated_at = greatest(%(now)s, updated_at + interval '1 microsecond')
WHERE user_id = %(user_id)s
    AND updated_at = coalesce(%(version)s, updated_at)
    AND (
        %(character_id)s::bigint IS NULL
        OR EXISTS (SELECT characters.id FROM characters WHERE characters.id = %(character_id)s AND characters.active)
    )
RETURNING user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at;
