-- Every version of a character is kept, with who made it, when and why; the one in force stands in characters.
-- depends: 0024.bans
ALTER TABLE characters ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0);
COMMENT ON COLUMN characters.version IS 'Grows with each change; whoever changes an older one than this is told, and changes nothing';

CREATE TABLE character_versions (
    character_id bigint NOT NULL REFERENCES characters (id) ON DELETE CASCADE,
    version integer NOT NULL CHECK (version > 0),
    names words NOT NULL,
    about words NOT NULL,
    greetings words NOT NULL,
    temperament text NOT NULL CHECK (temperament IN ('warm', 'curious', 'playful')),
    position integer NOT NULL,
    active boolean NOT NULL,
    who text NOT NULL CHECK (char_length(who) BETWEEN 1 AND 80),
    reason text CHECK (char_length(reason) <= 500),
    of_version integer,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (character_id, version)
);

COMMENT ON TABLE character_versions IS 'What each character was, version by version; written in the statement that changes it';
COMMENT ON COLUMN character_versions.of_version IS 'The older version that this one brought back';

INSERT INTO character_versions (
    character_id, version, names, about, greetings, temperament, position, active, who, created_at
)
SELECT id, version, names, about, greetings, temperament, position, active, 'vitte', updated_at
FROM characters;
