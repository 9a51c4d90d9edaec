DROP INDEX updates_chat_id;
DROP INDEX users_last_name;
DROP INDEX users_first_name;
DROP INDEX users_username;
