DROP TABLE characters;
DROP DOMAIN words;
