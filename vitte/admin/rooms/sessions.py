"""Who is in: the sessions, ended one by one; the accounts; and an operator's own way out."""

from aiohttp import web

from vitte.admin import gate, page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, Child, Html, tag
from vitte.admin.rooms import login
from vitte.errors import NotThere
from vitte.store import audit, operators
from vitte.store import sessions as store
from vitte.store.operators import Operator
from vitte.store.sessions import SessionId


async def leave(visit: Visit) -> web.StreamResponse:
    """End the own session."""
    held = visit.holder
    await store.end(visit.desk.services.database, held.id, held.operator_id)
    response = page.see("/login")
    gate.drop_cookie(response)
    return response


async def choose_language(visit: Visit) -> web.StreamResponse:
    """Speak to the operator in another language from now on."""
    language = visit.typed("language")
    if language in {"ru", "en"}:
        wanted = "ru" if language == "ru" else "en"
        database = visit.desk.services.database
        await operators.change(database, visit.holder.name, visit.now, language=wanted)
    aim = visit.typed("to")
    return page.see(aim if login.is_ours(aim) else "/")


async def show_sessions(visit: Visit) -> web.StreamResponse:
    """Who is in: one's own sessions, and an owner sees everybody's."""
    database, held = visit.desk.services.database, visit.holder
    everybody = visit.may("owner")
    found = await store.list_open(database, None if everybody else held.operator_id, visit.now)
    accounts = await operators.list_all(database) if everybody else []
    return page.show(
        visit,
        say(visit, "admin-room-sessions"),
        page.heading(say(visit, "admin-room-sessions")),
        tag(
            "div",
            tag(
                "table",
                tag("caption", say(visit, "admin-sessions-caption"), class_="hidden"),
                tag(
                    "thead",
                    tag(
                        "tr",
                        [
                            tag("th", say(visit, f"admin-sessions-{name}"), scope="col")
                            for name in ("who", "from", "with", "since", "seen")
                        ],
                        tag("td"),
                    ),
                ),
                tag("tbody", [_session(visit, each) for each in found]),
                class_="cards",
            ),
            class_="card",
        ),
        _accounts(visit, accounts),
        room="sessions",
    )


def _session(visit: Visit, listed: store.Listed) -> Html:
    own = listed.id == visit.holder.id
    cells = (
        ("who", tag("b", listed.name)),
        ("from", listed.address),
        ("with", tag("span", listed.agent or "–", class_="quiet agent")),
        ("since", page.moment(visit, listed.created_at)),
        ("seen", page.moment(visit, listed.seen_at)),
    )
    button = tag(
        "button",
        say(visit, "admin-sessions-end"),
        class_="danger",
        aria_label=say(visit, "admin-sessions-end-whose", name=listed.name),
    )
    end = page.form(visit, f"/sessions/{listed.id}/end", button)
    return tag(
        "tr",
        [
            tag("td", value, data_label=say(visit, f"admin-sessions-{name}"))
            for name, value in cells
        ],
        tag("td", page.badge(say(visit, "admin-sessions-own"), "good") if own else end),
    )


def _accounts(visit: Visit, accounts: list[Operator]) -> Html:
    if not accounts:
        return NOTHING
    names = ("name", "role", "code", "state")
    labels = [say(visit, f"admin-accounts-{name}") for name in names]
    rows = [
        tag(
            "tr",
            [
                tag("td", value, data_label=label)
                for label, value in zip(labels, _account(visit, each), strict=True)
            ],
        )
        for each in accounts
    ]
    heads = [tag("th", label, scope="col") for label in labels]
    table = tag("table", tag("thead", tag("tr", heads)), tag("tbody", rows), class_="cards")
    return tag(
        "section",
        tag("h2", say(visit, "admin-accounts")),
        tag("div", table, class_="card"),
        tag(
            "p",
            say(visit, "admin-accounts-how"),
            " ",
            tag("code", "vitte admin --help"),
            class_="quiet after",
        ),
    )


def _account(visit: Visit, operator: Operator) -> tuple[Child, ...]:
    by_bot = operator.telegram_id is not None
    disabled = operator.disabled_at is not None
    return (
        tag("b", operator.name),
        page.role(visit, operator.role),
        say(visit, "admin-accounts-telegram" if by_bot else "admin-accounts-app"),
        page.badge(say(visit, "admin-accounts-disabled"), "bad")
        if disabled
        else page.badge(say(visit, "admin-accounts-good"), "good"),
    )


async def end_session(visit: Visit) -> web.StreamResponse:
    """End a session: one's own, and an owner anybody's.

    Raises:
        NotThere: There is none, or it is not theirs to end.
    """
    held, now = visit.holder, visit.now
    number = visit.request.match_info["session"]
    whose = None if visit.may("owner") else held.operator_id
    async with visit.desk.services.database.transaction() as transaction:
        name = await store.end(transaction, SessionId(int(number)), whose)
        if name is None:
            raise NotThere("session")
        await audit.add(transaction, visit.author(), "session", "end", now, subject=name)
    return page.see("/sessions")
