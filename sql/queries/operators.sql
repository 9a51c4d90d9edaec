-- Who may come into the admin panel. See vitte/store/operators.py for what their names promise.

-- add_operator
-- Write a new operator; no row comes back when the name is taken.
INSERT INTO operators (name, role, language, password, totp_secret, telegram_id, created_at, updated_at)
VALUES (%(name)s, %(role)s, %(language)s, %(password)s, %(totp_secret)s, %(telegram_id)s, %(now)s, %(now)s)
ON CONFLICT (name) DO NOTHING
RETURNING id, name, role, language, password, totp_secret, totp_step, telegram_id, disabled_at, created_at, updated_at;

-- get_operator
-- One operator by name, also a disabled one.
SELECT id, name, role, language, password, totp_secret, totp_step, telegram_id, disabled_at, created_at, updated_at
FROM operators
WHERE name = %(name)s;

-- list_operators
-- Every operator, by name.
SELECT id, name, role, language, password, totp_secret, totp_step, telegram_id, disabled_at, created_at, updated_at
FROM operators
ORDER BY name;

-- change_operator
-- Change what is given of an operator.
UPDATE operators SET
    role = coalesce(%(role)s, role),
    language = coalesce(%(language)s, language),
    password = coalesce(%(password)s, password),
    totp_step = CASE WHEN %(totp_secret)s::bytea IS NULL THEN totp_step ELSE 0 END,
    totp_secret = coalesce(%(totp_secret)s, totp_secret),
    disabled_at = CASE
        WHEN %(disabled)s::boolean THEN coalesce(disabled_at, %(now)s)
        WHEN NOT %(disabled)s::boolean THEN NULL
        ELSE disabled_at
    END,
    updated_at = %(now)s
WHERE name = %(name)s
RETURNING id, name, role, language, password, totp_secret, totp_step, telegram_id, disabled_at, created_at, updated_at;

-- use_step
-- Note that the code of a half minute was used; nothing is touched when that one, or a later one, was used before.
UPDATE operators SET totp_step = %(step)s
WHERE id = %(id)s AND totp_step < %(step)s;
