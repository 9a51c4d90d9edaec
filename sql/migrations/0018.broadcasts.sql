-- What is said to many at once: to whom, in which words, and how far it has come.
-- depends: 0017.audit_of_operators

CREATE TABLE broadcasts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    text_ru text NOT NULL,
    text_en text NOT NULL,
    plan text CHECK (plan IN ('free', 'premium')),
    language text CHECK (language IN ('ru', 'en')),
    active_days integer CHECK (active_days > 0),
    state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'running', 'paused', 'done', 'cancelled')),
    audience bigint,
    reached bigint NOT NULL DEFAULT 0,
    everyone boolean NOT NULL DEFAULT false,
    queued bigint,
    sent bigint,
    blocked bigint,
    failed bigint,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    ended_at timestamptz,
    CHECK ((state IN ('done', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK (state NOT IN ('running', 'paused', 'done') OR started_at IS NOT NULL),
    CHECK ((state = 'done') = (sent IS NOT NULL))
);

COMMENT ON TABLE broadcasts IS 'What is said to many at once, and to whom';
COMMENT ON COLUMN broadcasts.text_ru IS 'A line of Fluent';
COMMENT ON COLUMN broadcasts.plan IS 'Only people of this plan; null is all';
COMMENT ON COLUMN broadcasts.active_days IS 'Only people who wrote to a character within so many days; null is all';
COMMENT ON COLUMN broadcasts.audience IS 'How many people it was meant for when it started';
COMMENT ON COLUMN broadcasts.reached IS 'The last person whose turn has come; people go by their id';
COMMENT ON COLUMN broadcasts.everyone IS 'Everybody''s turn has come';
COMMENT ON COLUMN broadcasts.sent IS 'How it ended, kept when it is done; so with queued, blocked and failed';

CREATE TABLE broadcast_recipients (
    broadcast_id bigint NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    outbox_id bigint NOT NULL UNIQUE,
    PRIMARY KEY (broadcast_id, user_id)
);

COMMENT ON TABLE broadcast_recipients IS 'Who was sent which broadcast, once, and by which words';

CREATE INDEX broadcast_recipients_user_id ON broadcast_recipients (user_id);
