-- vitte's role and database, for `vitte install`: psql, as the cluster's own administrator.
-- The password comes by the environment, so that it stands in no argv; nothing logs it.
\getenv password VITTE_PASSWORD
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SELECT 'CREATE ROLE vitte_user'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'vitte_user') \gexec
-- CREATEDB: a backup is proven, and restored, by way of a database of its own.
ALTER ROLE vitte_user LOGIN CREATEDB NOSUPERUSER NOCREATEROLE PASSWORD :'password';
SELECT 'CREATE DATABASE vitte_bot OWNER vitte_user TEMPLATE template0 ENCODING ''UTF8'' LOCALE ''C.UTF-8'''
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'vitte_bot') \gexec
REVOKE ALL ON DATABASE vitte_bot FROM PUBLIC;
