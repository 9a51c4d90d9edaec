-- Who may come into the admin panel, their sessions, and how often somebody tried to get in.
-- depends: 0015.leases

CREATE TABLE operators (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,31}$'),
    role text NOT NULL CHECK (role IN ('read', 'support', 'owner')),
    language text NOT NULL CHECK (language IN ('ru', 'en')),
    password text NOT NULL CHECK (password LIKE '$argon2id$%'),
    totp_secret bytea CHECK (octet_length(totp_secret) = 20),
    totp_step bigint NOT NULL DEFAULT 0,
    telegram_id bigint,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (totp_secret IS NOT NULL OR telegram_id IS NOT NULL)
);
COMMENT ON TABLE operators IS 'Who may come into the admin panel; the disabled ones stay, for the audit names them';
COMMENT ON COLUMN operators.password IS 'Argon2id, in its own notation; the password itself is kept nowhere';
COMMENT ON COLUMN operators.totp_secret IS 'What their one-time codes are computed from: whoever reads it can compute them';
COMMENT ON COLUMN operators.totp_step IS 'The latest half minute whose code was used: no code counts twice';
COMMENT ON COLUMN operators.telegram_id IS 'To whom the bot sends one-time codes, where codes come by Telegram';

CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operator_id bigint NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    digest bytea NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    stage text NOT NULL CHECK (stage IN ('code', 'open')),
    code bytea CHECK (octet_length(code) = 32),
    tries integer NOT NULL DEFAULT 0,
    address text NOT NULL CHECK (char_length(address) <= 64),
    agent text NOT NULL CHECK (char_length(agent) <= 200),
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);
COMMENT ON TABLE sessions IS 'Who is in the admin panel now; what has ended is removed';
COMMENT ON COLUMN sessions.digest IS 'SHA-256 of what the cookie holds; the cookie itself is kept nowhere';
COMMENT ON COLUMN sessions.stage IS 'code: the password was right and the one-time code is asked for; open: in';
COMMENT ON COLUMN sessions.code IS 'SHA-256 of the cookie and the code that the bot sent: neither alone gives it away';
COMMENT ON COLUMN sessions.seen_at IS 'To the half minute: written at most so often';
COMMENT ON COLUMN sessions.ends_at IS 'However busy: twelve hours after the login, minutes where only the code is missing';

CREATE INDEX sessions_operator_id ON sessions (operator_id);
CREATE INDEX sessions_ends_at ON sessions (ends_at);

CREATE TABLE attempts (
    key text PRIMARY KEY CHECK (char_length(key) <= 120),
    failures integer NOT NULL CHECK (failures >= 0),
    free_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL
);
COMMENT ON TABLE attempts IS 'Failed logins, by account and by address: each makes the next one wait longer';
COMMENT ON COLUMN attempts.free_at IS 'From when on the next one is looked at';

CREATE INDEX attempts_last_at ON attempts (last_at);
