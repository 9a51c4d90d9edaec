-- Whom the bot answers no more, for a time or for good.
-- depends: 0023.broadcast_books

CREATE TABLE bans (
    user_id bigint PRIMARY KEY CHECK (user_id > 0),
    reason text CHECK (char_length(reason) BETWEEN 1 AND 500),
    banned_at timestamptz NOT NULL,
    ends_at timestamptz,
    told_at timestamptz,
    CHECK (ends_at > banned_at)
);

COMMENT ON TABLE bans IS 'People who are banned, or were until their ban ended; who did it is in the audit';
COMMENT ON COLUMN bans.user_id IS 'Whom; no foreign key, for a ban outlives the person''s rows: who has their data deleted stays banned';
COMMENT ON COLUMN bans.reason IS 'Why, in the operator''s words; forgotten with the person''s data';
COMMENT ON COLUMN bans.ends_at IS 'From when on the person is answered again; null is never';
COMMENT ON COLUMN bans.told_at IS 'When the bot last said so to the person';
