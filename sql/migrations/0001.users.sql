-- The people who write to the bot.
-- depends:

CREATE TABLE users (
    id bigint PRIMARY KEY CHECK (id > 0),
    first_name text NOT NULL CHECK (char_length(first_name) <= 256),
    last_name text CHECK (char_length(last_name) <= 256),
    username text CHECK (char_length(username) <= 64),
    language_code text CHECK (char_length(language_code) <= 35),
    start_payload text CHECK (start_payload ~ '^[A-Za-z0-9_-]{1,64}$'),
    unreachable_since timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE users IS 'People who wrote to the bot, as Telegram last described them';
COMMENT ON COLUMN users.id IS 'The id that Telegram gave; the same in Redis keys, the API and the logs';
COMMENT ON COLUMN users.language_code IS 'What Telegram last said of the person''s app; settings.language is what they read';
COMMENT ON COLUMN users.start_payload IS 'The first deep link that brought the person; untrusted';
COMMENT ON COLUMN users.unreachable_since IS 'When Telegram first refused to deliver; null while the person can be reached';

-- New people of a day, for the daily statistics.
CREATE INDEX users_created_at ON users (created_at);
