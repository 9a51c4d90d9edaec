-- Each day in numbers.
-- depends: 0007.usage

CREATE TABLE daily_stats (
    day date PRIMARY KEY,
    users_total integer NOT NULL CHECK (users_total >= 0),
    users_new integer NOT NULL CHECK (users_new >= 0),
    users_active integer NOT NULL CHECK (users_active >= 0),
    users_unreachable integer NOT NULL CHECK (users_unreachable >= 0),
    subscriptions_active integer NOT NULL CHECK (subscriptions_active >= 0),
    dialogs_started integer NOT NULL CHECK (dialogs_started >= 0),
    messages_said integer NOT NULL CHECK (messages_said >= 0),
    messages_answered integer NOT NULL CHECK (messages_answered >= 0),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE daily_stats IS 'Each day in numbers, a row a day in the installation''s timezone; any past day can be counted again';
COMMENT ON COLUMN daily_stats.users_active IS 'People who wrote at least one message that day';
COMMENT ON COLUMN daily_stats.users_unreachable IS 'Those who blocked the bot or left Telegram before the day ended, as known when it was counted';
COMMENT ON COLUMN daily_stats.subscriptions_active IS 'Paid subscriptions in force when the day ended';
