"""Coming in: a password, then a one-time code.

Each attempt is counted before it is looked at, by account and by address, so that a
flood of them waits longer and longer. A right password gives a session that can do
nothing but name the code; the right code gives another one, under another id.
"""

import hmac
import logging
import re
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec
from aiohttp import web

from vitte import metrics
from vitte.actors import outbox as post
from vitte.admin import codes, files, gate, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Html, tag
from vitte.errors import TooManyAttempts
from vitte.runtime import RuntimeFault
from vitte.store import attempts, audit, operators, outbox, sessions
from vitte.store.operators import Operator
from vitte.store.outbox import Lane, Words
from vitte.store.sessions import Held

ACCOUNT_SECONDS: Final = 60
"""The longest wait of an account: who floods it must not lock its owner out for long."""
ADDRESS_SECONDS: Final = 900
_OURS: Final = re.compile(r"/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9=&%._~-]*)?")

_log = logging.getLogger(__name__)


async def ask(visit: Visit) -> web.StreamResponse:
    """The page that asks for name and password."""
    if visit.held is not None and visit.held.stage == "open":
        return page.see("/")
    gate.welcome(visit)
    return _password_page(visit)


async def give(visit: Visit) -> web.StreamResponse:
    """Judge name and password."""
    database, now = visit.desk.services.database, visit.now
    name = visit.typed("name").lower()
    try:
        await attempts.claim(database, _keys(name, visit.address), now)
    except TooManyAttempts as refused:
        metrics.admin_logins.labels("delayed").inc()
        return _too_many(visit, refused)
    operator = await operators.get(database, name) if operators.NAME.fullmatch(name) else None
    known = None if operator is None or operator.disabled_at is not None else operator
    fits = await visit.desk.judge.fits(known and known.password, visit.form.get("password", ""))
    if known is None or not fits:
        metrics.admin_logins.labels("refused").inc()
        _log.warning("A login to the panel was refused", extra={"address": visit.address})
        return _password_page(visit, say(visit, "admin-login-wrong"), status=401)
    metrics.admin_logins.labels("password").inc()
    return await _owes_a_code(visit, known, now)


async def _owes_a_code(visit: Visit, operator: Operator, now: datetime) -> web.StreamResponse:
    """Begin a session that can do nothing but name the code, which the bot sends where it should."""
    database = visit.desk.services.database
    visit.cookie = sessions.invent()
    code = codes.random_code() if operator.telegram_id is not None else None
    async with database.transaction() as transaction:
        await sessions.add(
            transaction,
            operator.id,
            visit.cookie,
            now,
            stage="code",
            code=None if code is None else codes.sealed(visit.cookie, code),
            address=visit.address,
            agent=visit.request.headers.get("User-Agent", ""),
        )
        words = _code_words(visit, operator, code) if code is not None else []
        waiting = await outbox.add(transaction, words, now) if words else []
    if waiting:
        try:
            await post.post(visit.desk.services.outbox, waiting)
        except RuntimeFault:
            _log.warning("The outbox does not listen; it will find the code by itself")
    response = page.see(_with_aim("/login/code", visit.typed("to")))
    gate.keep_cookie(visit, response)
    return response


def _code_words(visit: Visit, operator: Operator, code: str) -> list[Words]:
    if operator.telegram_id is None:
        return []
    text = visit.desk.services.words.plain(operator.language, "admin-code-message", code=code)
    payload = {"chat_id": operator.telegram_id, "text": text, "protect_content": True}
    return [
        Words(
            chat_id=operator.telegram_id,
            lane=Lane.PAYMENT,
            method="sendMessage",
            payload=msgspec.json.encode(payload).decode(),
        )
    ]


async def ask_code(visit: Visit) -> web.StreamResponse:
    """The page that asks for the one-time code."""
    return _code_page(visit)


async def give_code(visit: Visit) -> web.StreamResponse:
    """Judge the code; a right one lets the operator in, under a new id."""
    database, now, held = visit.desk.services.database, visit.now, visit.holder
    try:
        await attempts.claim(database, _keys(held.name, visit.address), now)
    except TooManyAttempts as refused:
        metrics.admin_logins.labels("delayed").inc()
        return _too_many(visit, refused)
    if not await sessions.try_code(database, held.id):
        await sessions.end(database, held.id, held.operator_id)
        return page.see("/login")
    if not await _is_right(visit, held, codes.typed(visit.form.get("code", "")), now):
        metrics.admin_logins.labels("refused").inc()
        return _code_page(visit, say(visit, "admin-code-wrong"), status=401)
    metrics.admin_logins.labels("entered").inc()
    return await _let_in(visit, held, now)


async def _is_right(visit: Visit, held: Held, code: str, now: datetime) -> bool:
    if held.code is not None and hmac.compare_digest(codes.sealed(visit.cookie, code), held.code):
        return True
    if held.totp_secret is None:
        return False
    step = codes.step_of(held.totp_secret, code, now)
    database = visit.desk.services.database
    return step is not None and await operators.use_step(database, held.operator_id, step)


async def _let_in(visit: Visit, held: Held, now: datetime) -> web.StreamResponse:
    aim = visit.typed("to")
    visit.cookie = sessions.invent()
    async with visit.desk.services.database.transaction() as transaction:
        await sessions.end(transaction, held.id, held.operator_id)
        await sessions.add(
            transaction,
            held.operator_id,
            visit.cookie,
            now,
            stage="open",
            address=visit.address,
            agent=visit.request.headers.get("User-Agent", ""),
        )
        account, place = _keys(held.name, visit.address)
        await attempts.forgive(transaction, account, place, now)
        await audit.add(transaction, visit.author(), "session", "enter", now, subject=held.name)
    response = page.see(aim if is_ours(aim) else "/")
    gate.keep_cookie(visit, response)
    return response


def is_ours(path: str) -> bool:
    """Tell whether a path leads to a page of ours, and not to another site."""
    return _OURS.fullmatch(path) is not None and not path.startswith("//")


def _keys(name: str, address: str) -> dict[str, int]:
    """What an attempt is counted against: the account first, then the address."""
    return {f"account:{name[:64]}": ACCOUNT_SECONDS, f"address:{address}": ADDRESS_SECONDS}


def _with_aim(path: str, aim: str) -> str:
    return f"{path}?to={quote(aim, safe='')}" if is_ours(aim) and aim != "/" else path


def _too_many(visit: Visit, refused: TooManyAttempts) -> web.Response:
    text = say(visit, "admin-login-wait", seconds=refused.wait_seconds)
    show = _code_page if visit.held is not None else _password_page
    response = show(visit, text, status=429)
    response.headers["Retry-After"] = str(refused.wait_seconds)
    return response


def _password_page(visit: Visit, problem: str = "", status: int = 200) -> web.Response:
    title = say(visit, "admin-login")
    response = page.show(
        visit,
        title,
        _box(
            title,
            problem,
            page.form(
                visit,
                "/login",
                tag(
                    "input", type="hidden", name="to", value=visit.asked("to") or visit.typed("to")
                ),
                page.field(
                    say(visit, "admin-login-name"),
                    name="name",
                    required=True,
                    autocomplete="username",
                    autocapitalize="none",
                    spellcheck="false",
                    autofocus=True,
                    value=visit.typed("name"),
                    maxlength=32,
                ),
                page.field(
                    say(visit, "admin-login-password"),
                    name="password",
                    type="password",
                    required=True,
                    autocomplete="current-password",
                    maxlength=256,
                ),
                tag("button", say(visit, "admin-login-next"), class_="button primary"),
            ),
        ),
        status=status,
    )
    gate.keep_cookie(visit, response)
    return response


def _code_page(visit: Visit, problem: str = "", status: int = 200) -> web.Response:
    title = say(visit, "admin-code")
    by_bot = visit.holder.code is not None
    return page.show(
        visit,
        title,
        _box(
            title,
            problem,
            page.form(
                visit,
                "/login/code",
                tag(
                    "input", type="hidden", name="to", value=visit.asked("to") or visit.typed("to")
                ),
                page.field(
                    say(visit, "admin-code-code"),
                    name="code",
                    required=True,
                    autocomplete="one-time-code",
                    inputmode="numeric",
                    autofocus=True,
                    maxlength=12,
                    hint=say(visit, "admin-code-by-bot" if by_bot else "admin-code-by-app"),
                ),
                tag("button", say(visit, "admin-code-next"), class_="button primary"),
            ),
            tag("p", tag("a", say(visit, "admin-code-back"), href="/login"), class_="quiet"),
        ),
        status=status,
    )


def _box(title: str, problem: str, *inside: Html) -> Html:
    return tag(
        "div",
        tag(
            "p",
            tag("img", src=files.address("icon.svg"), alt="", width=40, height=40),
            tag("span", "vitte"),
            class_="brand",
        ),
        tag("h1", title),
        page.notice(problem, "bad") if problem else NOTHING,
        *inside,
        class_="card box",
    )
