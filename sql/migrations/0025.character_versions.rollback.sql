DROP TABLE character_versions;
ALTER TABLE characters DROP COLUMN version;
