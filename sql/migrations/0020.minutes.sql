-- Each minute in numbers, for the plots of the admin panel.
-- depends: 0019.people_found

CREATE TABLE minutes (
    minute timestamptz NOT NULL,
    process text NOT NULL CHECK (char_length(process) <= 32),
    received integer NOT NULL CHECK (received >= 0),
    answered integer NOT NULL CHECK (answered >= 0),
    refused integer NOT NULL CHECK (refused >= 0),
    failed integer NOT NULL CHECK (failed >= 0),
    words_sent integer NOT NULL CHECK (words_sent >= 0),
    words_failed integer NOT NULL CHECK (words_failed >= 0),
    limited integer NOT NULL CHECK (limited >= 0),
    half_within real CHECK (half_within >= 0),
    most_within real CHECK (most_within >= 0),
    in_hand integer NOT NULL CHECK (in_hand >= 0),
    in_mailboxes integer NOT NULL CHECK (in_mailboxes >= 0),
    pool_waits integer NOT NULL CHECK (pool_waits >= 0),
    redis_faults integer NOT NULL CHECK (redis_faults >= 0),
    redis_away boolean NOT NULL,
    PRIMARY KEY (minute, process)
);

COMMENT ON TABLE minutes IS 'What each process did in each minute, for a month; a minute that is missing, nobody wrote down';
COMMENT ON COLUMN minutes.half_within IS 'Seconds within which half of the answers of the minute were done; null where there was none';
COMMENT ON COLUMN minutes.most_within IS 'Seconds within which 99 of 100 were';
COMMENT ON COLUMN minutes.in_hand IS 'Updates that were being answered as the minute ended; the next columns are of that moment as well';
COMMENT ON COLUMN minutes.redis_faults IS 'How often Redis failed or kept us waiting in the minute';
