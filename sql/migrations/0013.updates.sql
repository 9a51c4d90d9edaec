-- What Telegram handed over, written before it is acknowledged.
-- depends: 0012.idempotency_keys

-- seq is the order of arrival: Telegram's own ids may jump back after a quiet week.
CREATE TABLE updates (
    id bigint PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    chat_id bigint NOT NULL,
    kind text NOT NULL,
    body json,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'answered', 'refused', 'failed')),
    reason text CHECK (char_length(reason) <= 200),
    tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
    received_at timestamptz NOT NULL,
    done_at timestamptz,
    CHECK ((state = 'pending') = (done_at IS NULL)),
    CHECK (state NOT IN ('pending', 'failed') OR body IS NOT NULL),
    CHECK (state NOT IN ('refused', 'failed') OR reason IS NOT NULL)
) WITH (fillfactor = 80);

COMMENT ON TABLE updates IS 'Every update ever received: answered, refused, failed or still pending';
COMMENT ON COLUMN updates.body IS 'As Telegram wrote it; forgotten once the update is answered or refused';
COMMENT ON COLUMN updates.reason IS 'Why it was refused, or failed; a failed one is a dead letter';
COMMENT ON COLUMN updates.tries IS 'How often it has failed so far';

CREATE INDEX updates_pending ON updates (seq) WHERE state = 'pending';
CREATE INDEX updates_failed ON updates (id DESC) WHERE state = 'failed';
