DROP TABLE outbox_pauses;
ALTER TABLE outbox DROP COLUMN taken;
DROP TABLE leases;
