-- What was said, a partition a month, so that a month goes by dropping a table instead of deleting its rows.
-- depends: 0005.dialogs

-- The pair (dialog_id, user_id) is one foreign key: a message cannot stand in another person's dialog.
CREATE TABLE messages (
    id bigint GENERATED ALWAYS AS IDENTITY,
    dialog_id bigint NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'character')),
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 16384),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (id, created_at),
    FOREIGN KEY (dialog_id, user_id) REFERENCES dialogs (id, user_id) ON DELETE CASCADE
) PARTITION BY RANGE (created_at);

COMMENT ON TABLE messages IS 'What was said, in partitions of a calendar month (UTC)';
COMMENT ON COLUMN messages.role IS 'Who said it: user or character';

-- The latest words of a dialog, and its pages.
CREATE INDEX messages_dialog_id ON messages (dialog_id, id DESC);

CREATE TABLE messages_default PARTITION OF messages DEFAULT;

COMMENT ON TABLE messages_default IS 'A net: holds what falls outside every month made so far, and should be empty';

-- A month is built beside the table and then attached: CREATE TABLE … PARTITION OF would lock out
-- every reader and writer of messages, ATTACH lets them go on. Rows that fell into the net meanwhile move over first,
-- for otherwise they would forbid the attaching.
CREATE FUNCTION make_message_partitions(first date, months integer) RETURNS integer
LANGUAGE plpgsql
SET timezone TO 'UTC'
AS $$
DECLARE
    begins timestamptz;
    ends timestamptz;
    partition text;
    made integer := 0;
BEGIN
    -- Two that make the same month at once would both find it missing.
    PERFORM pg_advisory_xact_lock(hashtext('make_message_partitions'));
    FOR step IN 0 .. months - 1 LOOP
        begins := date_trunc('month', first) + make_interval(months => step);
        ends := begins + interval '1 month';
        partition := 'messages_' || to_char(begins, 'YYYY_MM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE messages INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format(
            'WITH moved AS (DELETE FROM messages_default WHERE created_at >= %L AND created_at < %L '
            'RETURNING id, dialog_id, user_id, role, text, created_at) '
            'INSERT INTO %I (id, dialog_id, user_id, role, text, created_at) '
            'SELECT id, dialog_id, user_id, role, text, created_at FROM moved',
            begins, ends, partition);
        EXECUTE format(
            'ALTER TABLE messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, begins, ends);
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

COMMENT ON FUNCTION make_message_partitions IS 'Makes the partitions of so many months from that of the given day on; returns how many were missing';
