-- What each person has paid for.
-- depends: 0003.settings

CREATE TABLE subscriptions (
    user_id bigint PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    plan text NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'premium')),
    started_at timestamptz NOT NULL,
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((plan = 'free') = (expires_at IS NULL)),
    CHECK (expires_at > started_at)
);

COMMENT ON TABLE subscriptions IS 'What each person has; one row from the first contact on';
COMMENT ON COLUMN subscriptions.plan IS 'As bought: a premium plan whose expires_at has passed counts as free';
COMMENT ON COLUMN subscriptions.started_at IS 'When the present plan began';

-- Those that end soon, for reminders and for the chore that ends them.
CREATE INDEX subscriptions_expires_at ON subscriptions (expires_at) WHERE plan = 'premium';
