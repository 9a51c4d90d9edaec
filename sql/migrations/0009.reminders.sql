-- Which ending subscriptions their owners were reminded of.
-- depends: 0008.daily_stats

CREATE TABLE reminders (
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    days_before integer NOT NULL CHECK (days_before BETWEEN -30 AND 90),
    claimed_at timestamptz NOT NULL,
    sent_at timestamptz,
    PRIMARY KEY (user_id, expires_at, days_before)
);

COMMENT ON TABLE reminders IS 'Reminders of an ending subscription: one of each kind for each period paid';
COMMENT ON COLUMN reminders.expires_at IS 'The end that is reminded of; a renewal makes a new end and so new reminders';
COMMENT ON COLUMN reminders.days_before IS 'The kind: so many days before the end; -1 is the day after';
COMMENT ON COLUMN reminders.claimed_at IS 'When a run took it upon itself; unsent claims are taken over after a while';
