-- What each person chose for themselves.
-- depends: 0002.characters

CREATE TABLE settings (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    language text NOT NULL CHECK (language IN ('ru', 'en')),
    language_chosen boolean NOT NULL DEFAULT false,
    timezone text CHECK (char_length(timezone) BETWEEN 1 AND 64),
    character_id bigint REFERENCES characters (id),
    reminders boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE settings IS 'What each person chose; one row from the first contact on';
COMMENT ON COLUMN settings.language_chosen IS 'False while the language is only detected; a choice is never overwritten by a guess';
COMMENT ON COLUMN settings.timezone IS 'An IANA name; null means the installation''s own';
COMMENT ON COLUMN settings.character_id IS 'The character chosen last';
COMMENT ON COLUMN settings.reminders IS 'Whether the person wants to be reminded of an ending subscription';
