-- Conversations between a person and a character.
-- depends: 0004.subscriptions

-- Pages are left a tenth empty, so that the new last_message_at of every exchange finds room
-- beside the old row and touches no index.
CREATE TABLE dialogs (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    character_id bigint NOT NULL REFERENCES characters (id),
    title text NOT NULL DEFAULT '' CHECK (char_length(title) <= 200),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'archived')),
    last_message_at timestamptz NOT NULL,
    closed_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    UNIQUE (id, user_id),
    CHECK (state <> 'open' OR closed_at IS NULL),
    CHECK (state <> 'closed' OR closed_at IS NOT NULL),
    CHECK ((state = 'archived') = (archived_at IS NOT NULL))
) WITH (fillfactor = 90);

COMMENT ON TABLE dialogs IS 'Conversations; at most one of them open a person';
COMMENT ON COLUMN dialogs.state IS 'open: answered in; closed: a newer one was started; archived: long without a word';
COMMENT ON COLUMN dialogs.last_message_at IS 'Its start while nothing was said';

CREATE UNIQUE INDEX dialogs_one_open ON dialogs (user_id) WHERE state = 'open';

-- A person's dialogs, the newest first, a page at a time.
CREATE INDEX dialogs_user_id ON dialogs (user_id, id DESC);
