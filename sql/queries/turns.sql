-- All that comes of updates, written at once. See vitte/store/turns.py for what their names promise.

-- write_turns
-- In one statement, and so in one transaction and one commit: updates that are to be kept for later, updates that are
-- finished (whether they were written down before or not), and what comes of these: what was said (a dialog begins with its
-- first words, and one that was only archived opens again, unless another is open), the day's counts, the words that go out; and
-- what became of words that went out before. What would come of an update that was finished before is left out, and so nothing is applied twice.
-- A row that was inserted has no xmax, and so tells that the update was new.
WITH kept AS (
    INSERT INTO updates (id, chat_id, kind, body, received_at)
    SELECT given.id, given.chat_id, given.kind, given.body::json, given.received_at
    FROM json_to_recordset(%(kept)s::json)
        AS given (place integer, id bigint, chat_id bigint, kind text, body text, received_at timestamptz)
    ORDER BY given.place
    ON CONFLICT (id) DO NOTHING
    RETURNING id
), ended AS (
    INSERT INTO updates AS known (id, chat_id, kind, body, state, reason, received_at, done_at)
    SELECT given.id, given.chat_id, given.kind, given.body::json, given.state, given.reason, given.received_at, %(now)s
    FROM json_to_recordset(%(ended)s::json) AS given (
        id bigint, chat_id bigint, kind text, body text, state text, reason text, received_at timestamptz
    )
    ORDER BY given.id
    ON CONFLICT (id) DO UPDATE SET
        state = excluded.state,
        reason = excluded.reason,
        done_at = excluded.done_at,
        body = excluded.body
    WHERE known.state = 'pending'
    RETURNING known.id, known.xmax = 0 AS is_new
), lines AS (
    SELECT given.place, given.dialog_id, given.character_id, given.user_id, given.role, given.text
    FROM json_to_recordset(%(lines)s::json) AS given (
        place integer, update_id bigint, dialog_id bigint, character_id bigint, user_id bigint, role text, text text
    )
    JOIN ended ON ended.id = given.update_id
), begun AS (
    INSERT INTO dialogs AS known (user_id, character_id, last_message_at, created_at, updated_at)
    SELECT DISTINCT ON (lines.user_id) lines.user_id, lines.character_id, %(now)s, %(now)s, %(now)s
    FROM lines
    WHERE lines.dialog_id IS NULL
    ORDER BY lines.user_id, lines.place
    ON CONFLICT (user_id) WHERE state = 'open' DO UPDATE SET last_message_at = excluded.last_message_at
    RETURNING known.id, known.user_id
), spoken AS (
    UPDATE dialogs AS known SET
        last_message_at = %(now)s,
        updated_at = greatest(%(now)s, known.updated_at + interval '1 microsecond'),
        state = CASE WHEN again.opens THEN 'open' ELSE known.state END,
        archived_at = CASE WHEN again.opens THEN NULL ELSE known.archived_at END
    FROM (
        SELECT dialogs.id, dialogs.state = 'archived' AND dialogs.closed_at IS NULL AND NOT EXISTS (
            SELECT other.id FROM dialogs AS other WHERE other.user_id = dialogs.user_id AND other.state = 'open'
        ) AS opens
        FROM dialogs
        WHERE dialogs.id IN (SELECT lines.dialog_id FROM lines)
    ) AS again
    WHERE known.id = again.id
), said AS (
    INSERT INTO messages (dialog_id, user_id, role, text, created_at)
    SELECT coalesce(lines.dialog_id, begun.id), lines.user_id, lines.role, lines.text, %(now)s
    FROM lines
    LEFT JOIN begun ON begun.user_id = lines.user_id
    ORDER BY lines.place
), counted AS (
    INSERT INTO usage AS known (user_id, day, messages)
    SELECT given.user_id, given.day, count(given.update_id)
    FROM json_to_recordset(%(used)s::json) AS given (update_id bigint, user_id bigint, day date)
    JOIN ended ON ended.id = given.update_id
    GROUP BY given.user_id, given.day
    ORDER BY given.user_id, given.day
    ON CONFLICT (user_id, day) DO UPDATE SET messages = known.messages + excluded.messages
), words AS (
    INSERT INTO outbox (chat_id, lane, method, payload, update_id, created_at)
    SELECT given.chat_id, given.lane, given.method, given.payload::json, given.update_id, %(now)s
    FROM json_to_recordset(%(words)s::json) AS given (
        place integer, update_id bigint, chat_id bigint, lane smallint, method text, payload text
    )
    JOIN ended ON ended.id = given.update_id
    ORDER BY given.place
    RETURNING id, update_id
), marked AS (
    UPDATE outbox AS known SET
        state = given.state, reason = given.reason, tries = given.tries, repeated = known.repeated OR given.repeated,
        done_at = %(now)s, payload = NULL
    FROM json_to_recordset(%(marks)s::json) AS given (id bigint, state text, tries integer, reason text, repeated boolean)
    WHERE known.id = given.id AND known.state = 'waiting'
)
SELECT kept.id, true AS is_new, '{}'::bigint[] AS words
FROM kept
UNION ALL
SELECT ended.id, ended.is_new, coalesce(outgoing.ids, '{}')
FROM ended
LEFT JOIN (
    SELECT words.update_id, array_agg(words.id ORDER BY words.id) AS ids FROM words GROUP BY words.update_id
) AS outgoing ON outgoing.update_id = ended.id;
