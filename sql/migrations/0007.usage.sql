-- How much each person wrote on each day, counted as it happens.
-- depends: 0006.messages

CREATE TABLE usage (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day date NOT NULL,
    messages integer NOT NULL CHECK (messages >= 0),
    PRIMARY KEY (user_id, day)
) WITH (fillfactor = 90);

COMMENT ON TABLE usage IS 'Messages a person wrote on a day; grows in the message''s own transaction, so that no quota counts rows';
COMMENT ON COLUMN usage.day IS 'The installation''s calendar day';
