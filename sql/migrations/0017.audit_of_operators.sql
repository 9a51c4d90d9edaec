-- What operators do is audited as well: of whom or of what, why, and from where.
-- depends: 0016.operators
ALTER TABLE audit
    ALTER COLUMN user_id DROP NOT NULL,
    DROP CONSTRAINT audit_noun_check,
    ADD CONSTRAINT audit_noun_check CHECK (noun ~ '^[a-z]{1,24}$'),
    ADD COLUMN action text NOT NULL DEFAULT 'change' CHECK (action ~ '^[a-z]{1,24}$'),
    ADD COLUMN subject text CHECK (char_length(subject) <= 200),
    ADD COLUMN reason text CHECK (char_length(reason) <= 500),
    ADD COLUMN address text CHECK (char_length(address) <= 64);

COMMENT ON COLUMN audit.who IS 'token:NAME for a program, operator:NAME for a person at the panel, shell for vitte admin, vitte for the bot itself';
COMMENT ON COLUMN audit.action IS 'What was done to the noun: change, restart, reveal, …';
COMMENT ON COLUMN audit.subject IS 'To which one, where it is nobody''s: the path of an actor, the id of a letter';
COMMENT ON COLUMN audit.reason IS 'Why, in the operator''s words; wanted where somebody''s text is shown or something taken away';
COMMENT ON COLUMN audit.address IS 'From where the operator did it';
