UPDATE broadcasts SET queued = NULL, sent = NULL, blocked = NULL, failed = NULL WHERE state = 'cancelled';
ALTER TABLE broadcasts
    DROP CONSTRAINT broadcasts_closed,
    ADD CONSTRAINT broadcasts_check2 CHECK ((state = 'done') = (sent IS NOT NULL));
