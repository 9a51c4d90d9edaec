-- Who alone may do a thing, of all processes; what the outbox knows of its words and of Telegram's pauses.
-- depends: 0014.outbox

-- No clock stands here: a lease ends when its beat stands still for so long by the watch of whoever looks.
CREATE TABLE leases (
    name text PRIMARY KEY,
    holder text,
    fence bigint NOT NULL DEFAULT 0,
    beat bigint NOT NULL DEFAULT 0,
    asked bigint NOT NULL DEFAULT 0
);

COMMENT ON TABLE leases IS 'What one process at a time may do, and which one does';
COMMENT ON COLUMN leases.holder IS 'The process that holds it; null when it was given back';
COMMENT ON COLUMN leases.fence IS 'Grows with each new holder: an old one finds that it is not meant any more';
COMMENT ON COLUMN leases.beat IS 'Grows while the holder lives';
COMMENT ON COLUMN leases.asked IS 'Grows while another process would like to have it';

-- A process of the version before writes rows without knowing this column: they count as taken.
ALTER TABLE outbox ADD COLUMN taken boolean NOT NULL DEFAULT true;
COMMENT ON COLUMN outbox.taken IS 'A process has it in hand: should that one die, it may have been sent';

CREATE TABLE outbox_pauses (
    chat_id bigint PRIMARY KEY,
    until timestamptz NOT NULL
);

COMMENT ON TABLE outbox_pauses IS 'Chats that Telegram told to wait for long; chat 0 is all of them';
