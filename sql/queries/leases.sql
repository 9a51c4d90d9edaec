-- Who alone may do a thing. See vitte/actors/lease.py for how these make a lease.

-- ask_lease
-- Say that one would like to have it, and see who has it and how far its beat has come.
INSERT INTO leases AS lease (name, asked)
VALUES (%(name)s, 1)
ON CONFLICT (name) DO UPDATE SET asked = lease.asked + 1
RETURNING holder, fence, beat, asked;

-- take_lease
-- Take it, unless anybody has moved since one looked.
UPDATE leases SET holder = %(node)s, fence = fence + 1, beat = beat + 1
WHERE name = %(name)s AND fence = %(fence)s AND beat = %(beat)s
RETURNING holder, fence, beat, asked;

-- beat_lease
-- Show that its holder lives; nothing comes back when it is another's by now.
UPDATE leases SET beat = beat + 1
WHERE name = %(name)s AND holder = %(node)s AND fence = %(fence)s
RETURNING holder, fence, beat, asked;

-- hold_lease
-- Whether one still holds it; and until the transaction ends nobody else takes it.
SELECT holder, fence, beat, asked
FROM leases
WHERE name = %(name)s AND holder = %(node)s AND fence = %(fence)s
FOR SHARE;

-- release_lease
-- Give it back, with everything in order: the next one may have it at once.
UPDATE leases SET holder = NULL
WHERE name = %(name)s AND holder = %(node)s AND fence = %(fence)s;
