-- What each person chose.

-- get_settings
-- One person's settings.
SELECT user_id, language, language_chosen, timezone, character_id, reminders, created_at, updated_at
FROM settings
WHERE user_id = %(user_id)s;

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
