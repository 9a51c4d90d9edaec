-- What bringing the schema up to date asks of PostgreSQL.

-- set_lock_timeout
-- How long this connection waits for a lock.
SELECT set_config('lock_timeout', %(timeout)s, false) AS value;

-- take_migration_lock
-- Wait until no other process migrates this database; freed with the connection.
SELECT pg_advisory_lock(hashtext('vitte migrate')) IS NULL AS taken;

-- find_history
-- Whether a migration was ever applied here; asking creates nothing.
SELECT to_regclass('_yoyo_migration') IS NOT NULL AS known;

-- list_history
-- What was applied, and when (UTC, as yoyo writes it).
SELECT migration_id AS id, applied_at_utc AT TIME ZONE 'UTC' AS applied_at
FROM _yoyo_migration;
