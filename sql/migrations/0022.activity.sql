-- Who wrote on which day, kept when the messages are gone; and what more is counted of a day.
-- depends: 0021.cron_runs

CREATE TABLE activity (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day date NOT NULL,
    said integer NOT NULL CHECK (said >= 0),
    answered integer NOT NULL CHECK (answered >= 0),
    last_id bigint NOT NULL,
    PRIMARY KEY (user_id, day)
);

COMMENT ON TABLE activity IS 'How much each person said on a day of the installation, collected the day after: what the statistics count';
COMMENT ON COLUMN activity.last_id IS 'Messages up to this one are counted: looked at again they do not count twice';

CREATE TABLE activity_days (
    day date PRIMARY KEY,
    collected_at timestamptz NOT NULL
);

COMMENT ON TABLE activity_days IS 'The days that are collected in activity';

ALTER TABLE daily_stats
    ADD COLUMN timezone text,
    ADD COLUMN users_active_7 integer CHECK (users_active_7 >= 0),
    ADD COLUMN users_active_30 integer CHECK (users_active_30 >= 0),
    ADD COLUMN came_1 integer CHECK (came_1 >= 0),
    ADD COLUMN stayed_1 integer CHECK (stayed_1 BETWEEN 0 AND came_1),
    ADD COLUMN came_7 integer CHECK (came_7 >= 0),
    ADD COLUMN stayed_7 integer CHECK (stayed_7 BETWEEN 0 AND came_7),
    ADD COLUMN came_30 integer CHECK (came_30 >= 0),
    ADD COLUMN stayed_30 integer CHECK (stayed_30 BETWEEN 0 AND came_30),
    ADD COLUMN by_plan jsonb,
    ADD COLUMN by_language jsonb;

COMMENT ON COLUMN daily_stats.timezone IS 'Whose midnights bound the day; null where only the version before counted it, as in what follows';
COMMENT ON COLUMN daily_stats.users_active_7 IS 'People who wrote on that day or the six before; users_active_30 likewise';
COMMENT ON COLUMN daily_stats.came_1 IS 'People met one day before; of them stayed_1 wrote on this day. The same for 7 and 30 days: retention';
COMMENT ON COLUMN daily_stats.by_plan IS 'For each plan that counted when the day ended: users, new, active, said, dialogs';

-- A month that is over goes by dropping its table. Everybody who reads or writes messages waits meanwhile, so it waits only
-- a moment for the locks and gives up: a later time is as good. Dialogs are locked because a foreign key points to them; in
-- the order in which the bot takes them, for otherwise two would wait for one another.
CREATE FUNCTION drop_message_partition(first date, only_if_empty boolean) RETURNS bigint
LANGUAGE plpgsql
SET timezone TO 'UTC'
SET lock_timeout TO '50ms'
AS $$
DECLARE
    partition text := 'messages_' || to_char(first, 'YYYY_MM');
    messages bigint;
BEGIN
    IF to_regclass(partition) IS NULL THEN
        RETURN NULL;
    END IF;
    IF only_if_empty THEN
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT 1) AS one', partition) INTO messages;
    ELSE
        EXECUTE format('SELECT count(*) FROM %I', partition) INTO messages;
    END IF;
    IF only_if_empty AND messages > 0 THEN
        RETURN NULL;
    END IF;
    LOCK TABLE dialogs, ONLY messages IN ACCESS EXCLUSIVE MODE;
    IF only_if_empty THEN
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %I LIMIT 1) AS one', partition) INTO messages;
        IF messages > 0 THEN
            RETURN NULL;
        END IF;
    END IF;
    EXECUTE format('DROP TABLE %I', partition);
    RETURN messages;
END
$$;

COMMENT ON FUNCTION drop_message_partition IS 'Drops the partition of the month of the given day; returns how many messages it held, or null when it is not there or not empty as it should be';
