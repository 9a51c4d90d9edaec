-- What the table could not hold before goes.
DELETE FROM audit WHERE user_id IS NULL OR noun <> 'subscription' OR action <> 'change';
ALTER TABLE audit
    DROP COLUMN address,
    DROP COLUMN reason,
    DROP COLUMN subject,
    DROP COLUMN action,
    DROP CONSTRAINT audit_noun_check,
    ADD CONSTRAINT audit_noun_check CHECK (noun IN ('subscription')),
    ALTER COLUMN user_id SET NOT NULL;
COMMENT ON COLUMN audit.who IS 'token:NAME for a program, vitte for the bot itself';
