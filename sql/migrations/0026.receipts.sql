-- What was given to people of their data, and what was deleted of it: receipts, to be looked up later.
-- depends: 0025.character_versions

CREATE TABLE receipts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL CHECK (user_id > 0),
    kind text NOT NULL CHECK (kind IN ('export', 'deletion')),
    who text NOT NULL CHECK (char_length(who) BETWEEN 1 AND 80),
    counts jsonb NOT NULL DEFAULT '{}',
    size bigint CHECK (size >= 0),
    sha256 bytea CHECK (octet_length(sha256) = 32),
    started_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((kind = 'export' AND ended_at IS NOT NULL) = (sha256 IS NOT NULL)),
    CHECK ((size IS NULL) = (sha256 IS NULL))
);

COMMENT ON TABLE receipts IS 'Exports and deletions of all data of a person; nothing of the person but the id';
COMMENT ON COLUMN receipts.user_id IS 'Whose; no foreign key, for the receipt outlives the person''s rows';
COMMENT ON COLUMN receipts.who IS 'Who did it, as in the audit';
COMMENT ON COLUMN receipts.counts IS 'Rows by table: of an export those in the file, of a deletion those that went, or were emptied';
COMMENT ON COLUMN receipts.sha256 IS 'Of the file that was given';
COMMENT ON COLUMN receipts.ended_at IS 'Null while it goes on, and where it broke off: then it is to be done again';

CREATE INDEX receipts_user_id ON receipts (user_id, id DESC);
