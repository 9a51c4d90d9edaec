-- What make_database.sql made, and what restores have put aside: gone, for `vitte uninstall --with-data`.
SELECT format('DROP DATABASE %I WITH (FORCE)', datname)
FROM pg_database
WHERE datname = 'vitte_bot' OR starts_with(datname, 'vitte_bot_before_')
    OR starts_with(datname, 'vitte_bot_scratch_') \gexec
DROP ROLE IF EXISTS vitte_user;
