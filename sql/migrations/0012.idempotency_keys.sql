-- What was answered to requests that may be sent twice.
-- depends: 0011.audit
CREATE TABLE idempotency_keys (
    token_id bigint NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    request bytea NOT NULL CHECK (octet_length(request) = 32),
    location text,
    body bytea,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (token_id, key)
);
COMMENT ON TABLE idempotency_keys IS 'Answers to requests with an Idempotency-Key, for a day: the same request again gets the same answer';
COMMENT ON COLUMN idempotency_keys.request IS 'SHA-256 of the method, the address and the body: another request under the same key is refused';
COMMENT ON COLUMN idempotency_keys.body IS 'The answer; written in the transaction of the work itself';

-- Those that are old: whoever adds one removes some.
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
