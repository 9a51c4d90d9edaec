-- Who answers.

-- list_characters
-- Those a new dialog may be started with, in the order in which they are offered.
SELECT id, slug, names, about, greetings, temperament, position, active, created_at, updated_at
FROM characters
WHERE active
ORDER BY position, id;

-- get_character
-- One character, also one that is no longer offered: old dialogs keep theirs.
SELECT id, slug, names, about, greetings, temperament, position, active, created_at, updated_at
FROM characters
WHERE id = %(id)s;
