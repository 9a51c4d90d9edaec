DROP FUNCTION make_message_partitions;
DROP TABLE messages;
