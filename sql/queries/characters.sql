-- Who answers.

-- list_characters
-- Those a new dialog may be started with, in the order in which they are offered.
SELECT id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
FROM characters
WHERE active
ORDER BY position, id;

-- get_character
-- One character, also one that is no longer offered: old dialogs keep theirs.
SELECT id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
FROM characters
WHERE id = %(id)s;

-- list_every_character
-- All of them, also those that are no longer offered, in the order in which they are.
SELECT id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
FROM characters
ORDER BY active DESC, position, id;

-- hold_offered
-- Those that are offered, held until the transaction ends: of two who change which are, the second waits for the first.
SELECT id
FROM characters
WHERE active
ORDER BY id
FOR NO KEY UPDATE;

-- add_character
-- A new character with its first version, unless its name for programs is another's.
WITH added AS (
    INSERT INTO characters (slug, names, about, greetings, temperament, position, active, created_at, updated_at)
    VALUES (
        %(slug)s, %(names)s::jsonb, %(about)s::jsonb, %(greetings)s::jsonb, %(temperament)s, %(position)s, %(active)s,
        %(now)s, %(now)s
    )
    ON CONFLICT (slug) DO NOTHING
    RETURNING id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
), noted AS (
    INSERT INTO character_versions (
        character_id, version, names, about, greetings, temperament, position, active, who, reason, created_at
    )
    SELECT id, version, names, about, greetings, temperament, position, active, %(who)s, %(reason)s, %(now)s
    FROM added
)
SELECT id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
FROM added;

-- change_character
-- Make a character's next version, if the one that was looked at is still in force; what it was and what it is are both
-- kept, with who made it and why.
WITH before AS (
    INSERT INTO character_versions (
        character_id, version, names, about, greetings, temperament, position, active, who, created_at
    )
    SELECT id, version, names, about, greetings, temperament, position, active, 'vitte', updated_at
    FROM characters
    WHERE id = %(id)s AND version = %(version)s
    ON CONFLICT (character_id, version) DO NOTHING
), changed AS (
    UPDATE characters SET
        names = %(names)s::jsonb,
        about = %(about)s::jsonb,
        greetings = %(greetings)s::jsonb,
        temperament = %(temperament)s,
        position = %(position)s,
        active = %(active)s,
        version = version + 1,
        updated_at = %(now)s
    WHERE id = %(id)s AND version = %(version)s
    RETURNING id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
), noted AS (
    INSERT INTO character_versions (
        character_id, version, names, about, greetings, temperament, position, active, who, reason, of_version, created_at
    )
    SELECT id, version, names, about, greetings, temperament, position, active, %(who)s, %(reason)s,
        %(of_version)s::integer, %(now)s
    FROM changed
)
SELECT id, slug, names, about, greetings, temperament, position, active, version, created_at, updated_at
FROM changed;

-- list_versions
-- What a character was, the latest version first, what is older than a given one.
SELECT version, names, about, greetings, temperament, position, active, who, reason, of_version, created_at
FROM character_versions
WHERE character_id = %(id)s AND version < %(number)s
ORDER BY version DESC
LIMIT %(limit)s;

-- get_version
-- One version of a character.
SELECT version, names, about, greetings, temperament, position, active, who, reason, of_version, created_at
FROM character_versions
WHERE character_id = %(id)s AND version = %(number)s;
