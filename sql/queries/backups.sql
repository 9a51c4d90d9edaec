-- What a backup and its return ask of PostgreSQL.

-- share_snapshot
-- The state of the database that this transaction sees, for others to see the same.
SELECT pg_export_snapshot() AS name;

-- word_counts
-- Every table with rows of its own, and the statement that counts them.
SELECT tables.relname AS name,
    format('SELECT count(*) AS rows FROM %%I.%%I', schemas.nspname, tables.relname) AS text
FROM pg_class AS tables
JOIN pg_namespace AS schemas ON schemas.oid = tables.relnamespace
WHERE schemas.nspname = 'public' AND tables.relkind = 'r'
ORDER BY tables.relname;

-- get_shape
-- What another database must be like to take these rows; the locale's column has two names.
SELECT current_database() AS name, pg_encoding_to_char(encoding) AS encoding,
    datcollate AS collation, datctype AS kinds,
    CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
    COALESCE(to_jsonb(found) ->> 'datlocale', to_jsonb(found) ->> 'daticulocale') AS locale,
    current_setting('server_version') AS server
FROM pg_database AS found
WHERE datname = current_database();

-- count_others
-- How many others are connected to a database.
SELECT count(*) AS others
FROM pg_stat_activity
WHERE datname = %(name)s AND pid <> pg_backend_pid();

-- list_alike
-- The databases whose names begin like this, the latest first.
SELECT datname AS name
FROM pg_database
WHERE starts_with(datname, %(prefix)s)
ORDER BY datname DESC;

-- word_exchange
-- The two statements that put one database in another's place; identifiers are no parameters.
SELECT format('ALTER DATABASE %%I RENAME TO %%I', %(name)s::text, %(aside)s::text) AS leave,
    format('ALTER DATABASE %%I RENAME TO %%I', %(other)s::text, %(name)s::text) AS enter;

-- word_closing
-- The statement that lets nobody but its owner into a database.
SELECT format('REVOKE ALL ON DATABASE %%I FROM PUBLIC', %(name)s::text) AS text;
