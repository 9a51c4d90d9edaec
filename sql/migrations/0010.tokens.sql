-- The tokens by which programs show the API who they are.
-- depends: 0009.reminders
CREATE TABLE tokens (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    prefix text NOT NULL CHECK (char_length(prefix) = 12),
    scopes text[] NOT NULL CHECK (cardinality(scopes) > 0),
    user_id bigint REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE tokens IS 'Who may ask the API, and for what; revoked ones stay, for the audit names them';
COMMENT ON COLUMN tokens.digest IS 'SHA-256 of the whole token; the token itself is kept nowhere';
COMMENT ON COLUMN tokens.prefix IS 'Its first characters, by which its owner knows it again';
COMMENT ON COLUMN tokens.user_id IS 'The one person whose rows it shows; null shows everybody''s';
COMMENT ON COLUMN tokens.last_used_at IS 'To the minute: written at most once a minute';

-- A name is free again when its token is revoked.
CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;
CREATE INDEX tokens_user_id ON tokens (user_id);
