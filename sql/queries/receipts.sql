-- Receipts for exports and deletions of a person's data.

-- add_receipt
-- Begin one.
INSERT INTO receipts (user_id, kind, who, started_at)
VALUES (%(user_id)s, %(kind)s, %(who)s, %(now)s)
RETURNING id, user_id, kind, who, counts, size, sha256, started_at, ended_at;

-- add_counts
-- Add to what it counts: numbers by table, given as JSON.
UPDATE receipts AS known SET counts = known.counts || (
    SELECT coalesce(jsonb_object_agg(given.key, given.value::bigint + coalesce((known.counts ->> given.key)::bigint, 0)), '{}')
    FROM jsonb_each_text(%(counts)s::jsonb) AS given
)
WHERE known.id = %(id)s;

-- end_receipt
-- End one: of an export with the size and the checksum of its file.
UPDATE receipts SET ended_at = %(now)s, size = %(size)s::bigint, sha256 = %(sha)s::bytea
WHERE id = %(id)s
RETURNING id, user_id, kind, who, counts, size, sha256, started_at, ended_at;

-- get_receipt
-- One.
SELECT id, user_id, kind, who, counts, size, sha256, started_at, ended_at
FROM receipts
WHERE id = %(id)s;

-- list_receipts
-- All, or those of one person, the latest first, what is older than a given one.
SELECT id, user_id, kind, who, counts, size, sha256, started_at, ended_at
FROM receipts
WHERE id < %(before_id)s AND (%(user_id)s::bigint IS NULL OR user_id = %(user_id)s)
ORDER BY id DESC
LIMIT %(limit)s;
