-- What PostgreSQL says of itself. See vitte/store/server.py for what their names promise.

-- describe_server
-- Its version, how many connections it has room for and how many are taken, and how large this database is.
-- A limit of -1 is none; least() passes over what is null.
SELECT
    current_setting('server_version_num')::integer AS version,
    current_setting('server_version') AS name,
    pg_encoding_to_char(databases.encoding)::text AS encoding,
    least(
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer,
        nullif(databases.datconnlimit, -1),
        nullif(roles.rolconnlimit, -1)
    ) AS room,
    pg_database_size(databases.oid) AS bytes
FROM pg_database AS databases
JOIN pg_roles AS roles ON roles.rolname = current_user
WHERE databases.datname = current_database();

-- list_greatest_tables
-- The greatest tables with all that belongs to them; the partitions of one are counted together.
SELECT coalesce(whole.relname, tables.relname)::text AS name, sum(pg_total_relation_size(tables.oid))::bigint AS bytes
FROM pg_class AS tables
LEFT JOIN pg_inherits AS parts ON parts.inhrelid = tables.oid
LEFT JOIN pg_class AS whole ON whole.oid = parts.inhparent
WHERE tables.relkind = 'r' AND tables.relnamespace = to_regnamespace('public')
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT %(limit)s;

-- get_database_size
-- How much room this database takes.
SELECT pg_database_size(current_database()) AS bytes;
