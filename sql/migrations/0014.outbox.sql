-- What is to be said to Telegram, written together with what it answers.
-- depends: 0013.updates

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    chat_id bigint NOT NULL,
    lane smallint NOT NULL CHECK (lane BETWEEN 0 AND 4),
    method text NOT NULL,
    payload json,
    update_id bigint,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'failed')),
    reason text CHECK (char_length(reason) <= 200),
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    repeated boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    CHECK ((state = 'waiting') = (done_at IS NULL)),
    CHECK (state <> 'waiting' OR payload IS NOT NULL)
) WITH (fillfactor = 80);

COMMENT ON TABLE outbox IS 'Every call to Telegram that says something, in the order of each chat';
COMMENT ON COLUMN outbox.lane IS '0 payments, 1 replies, 2 edits, 3 reminders, 4 broadcasts';
COMMENT ON COLUMN outbox.payload IS 'The parameters of the call; forgotten once it is sent';
COMMENT ON COLUMN outbox.repeated IS 'It may have been sent already when the process that was sending it died';

CREATE INDEX outbox_waiting ON outbox (lane, id) WHERE state = 'waiting';
CREATE INDEX outbox_update_id ON outbox (update_id) WHERE update_id IS NOT NULL;
