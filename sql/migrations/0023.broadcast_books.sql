-- The books of a cancelled broadcast are closed as those of one that is done, and not counted again at each look.
-- depends: 0022.activity
ALTER TABLE broadcasts
    DROP CONSTRAINT broadcasts_check2,
    ADD CONSTRAINT broadcasts_closed CHECK (
        CASE state WHEN 'done' THEN sent IS NOT NULL WHEN 'cancelled' THEN true ELSE sent IS NULL END
    );
