-- People are found by name, and what one wrote by their chat: for the admin panel.
-- depends: 0018.broadcasts
CREATE INDEX users_username ON users (lower(username) text_pattern_ops) WHERE username IS NOT NULL;
CREATE INDEX users_first_name ON users (lower(first_name) text_pattern_ops);
CREATE INDEX users_last_name ON users (lower(last_name) text_pattern_ops) WHERE last_name IS NOT NULL;
CREATE INDEX updates_chat_id ON updates (chat_id, seq DESC);
