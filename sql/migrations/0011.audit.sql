-- Who changed which subscription, from what, to what.
-- depends: 0010.tokens
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL,
    noun text NOT NULL CHECK (noun IN ('subscription')),
    who text NOT NULL CHECK (char_length(who) BETWEEN 1 AND 80),
    token_id bigint REFERENCES tokens (id) ON DELETE SET NULL,
    request_id text CHECK (char_length(request_id) <= 64),
    old jsonb NOT NULL,
    new jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE audit IS 'Changes that somebody may ask about later; written in the statement that makes the change';
COMMENT ON COLUMN audit.user_id IS 'Whose; no foreign key, for the trace outlives the person''s rows';
COMMENT ON COLUMN audit.who IS 'token:NAME for a program, vitte for the bot itself';
COMMENT ON COLUMN audit.request_id IS 'The X-Request-Id of the request, as the log has it';

CREATE INDEX audit_user_id ON audit (user_id, id DESC);
CREATE INDEX audit_token_id ON audit (token_id) WHERE token_id IS NOT NULL;
