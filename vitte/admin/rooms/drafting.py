"""The draft of a broadcast: written, looked over as ``vitte broadcast create`` does, and kept.

What is wrong is said above the form, with what was typed still in it; so it is when
somebody else has changed the draft meanwhile. Nothing is overwritten unseen.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from aiohttp import web
from anyio import to_thread
from msgspec import Struct

from vitte.actors import wording
from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.errors import BadWords
from vitte.i18n import LANGUAGES
from vitte.store import broadcasts
from vitte.store.broadcasts import NEW, Broadcast, Segment
from vitte.store.users import Language

NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}"
MOST_DAYS: Final = 36_500
PLANS: Final = ("free", "premium")


class Typed(Struct, frozen=True, kw_only=True):
    """The form as it was filled in."""

    name: str = ""
    texts: Mapping[Language, str] = {}
    plan: str = ""
    language: str = ""
    active_days: str = ""
    version: str = ""


async def ask(visit: Visit) -> web.StreamResponse:
    """The form, empty or with a draft to change."""
    known = None
    if name := visit.asked("name"):
        known = await broadcasts.get(visit.desk.services.database, name.replace("\0", ""))
    draft = known if known is not None and known.state == "draft" else None
    return _page(visit, Typed() if draft is None else _of(draft), [])


async def give(visit: Visit) -> web.StreamResponse:
    """Look the draft over and keep it; or give the form back, saying what is wrong."""
    typed = _typed(visit)
    segment, faults = _segment(visit, typed)
    if re.fullmatch(NAME, typed.name) is None:
        faults.insert(0, say(visit, "admin-draft-name-wrong"))
    try:
        await to_thread.run_sync(wording.checked, dict(typed.texts))
    except BadWords as problem:
        faults += problem.faults
    if faults:
        return _page(visit, typed, faults, status=400)
    async with visit.desk.services.database.transaction() as transaction:
        kept = await broadcasts.add(
            transaction,
            typed.name,
            dict(typed.texts),
            segment,
            visit.author(),
            visit.now,
            over=_version(typed.version),
        )
    if kept is None:
        return _page(visit, typed, [say(visit, "admin-draft-meanwhile")], status=409)
    return page.see(f"/broadcast/{kept.name}?done=create")


def _typed(visit: Visit) -> Typed:
    return Typed(
        name=visit.typed("name"),
        texts={language: visit.written(f"text-{language}") for language in LANGUAGES},
        plan=visit.typed("plan"),
        language=visit.typed("language"),
        active_days=visit.typed("active_days"),
        version=visit.typed("version"),
    )


def _of(draft: Broadcast) -> Typed:
    return Typed(
        name=draft.name,
        texts=draft.texts,
        plan=draft.plan or "",
        language=draft.language or "",
        active_days=str(draft.active_days or ""),
        version=draft.created_at.isoformat(),
    )


def _segment(visit: Visit, typed: Typed) -> tuple[Segment, list[str]]:
    """To whom, and what is wrong with it."""
    days = page.number(typed.active_days)
    faults: list[str] = []
    if typed.active_days and (days is None or not 0 < days <= MOST_DAYS):
        faults.append(say(visit, "admin-draft-days-wrong"))
    segment = Segment(
        plan=next((plan for plan in PLANS if plan == typed.plan), None),
        language=next((each for each in LANGUAGES if each == typed.language), None),
        active_days=days,
    )
    return segment, faults


def _version(text: str) -> datetime:
    """Which draft was looked at; none."""
    try:
        version = datetime.fromisoformat(text)
    except ValueError:
        return NEW
    return version if version.tzinfo is not None else NEW


def _page(
    visit: Visit, typed: Typed, faults: Sequence[str], *, status: int = 200
) -> web.StreamResponse:
    title = say(visit, "admin-broadcast-new")
    return page.show(
        visit,
        title,
        page.way(visit, "broadcasts"),
        page.heading(title),
        tag("p", say(visit, "admin-draft-lead"), class_="lead"),
        page.faults(say(visit, "admin-draft-wrong"), faults),
        tag("section", _form(visit, typed), class_="card"),
        room="broadcasts",
        status=status,
    )


def _form(visit: Visit, typed: Typed) -> Html:
    return page.form(
        visit,
        "/broadcasts/draft",
        tag("input", type="hidden", name="version", value=typed.version),
        page.field(
            say(visit, "admin-broadcast-name"),
            name="name",
            required=True,
            maxlength=64,
            pattern=NAME,
            value=typed.name,
            hint=say(visit, "admin-draft-name-hint"),
        ),
        tag("div", [_text(visit, typed, each) for each in LANGUAGES], class_="beside"),
        tag("p", say(visit, "admin-draft-text-hint"), class_="quiet", id="text-hint"),
        tag("div", _choices(visit, typed), class_="beside"),
        tag("button", say(visit, "admin-draft-keep"), class_="button primary"),
        class_="draft",
    )


def _text(visit: Visit, typed: Typed, language: Language) -> Html:
    name = f"text-{language}"
    text = typed.texts.get(language, "")
    return tag(
        "div",
        tag("label", say(visit, f"admin-language-{language}"), for_=name),
        tag(
            "textarea",
            f"\n{text}",  # a browser drops the first line break
            id=name,
            name=name,
            required=True,
            rows=8,
            lang=language,
            aria_describedby="text-hint",
        ),
        class_="field",
    )


def _choices(visit: Visit, typed: Typed) -> list[Html]:
    plans = [("", "admin-draft-any"), *((each, f"admin-people-{each}") for each in PLANS)]
    languages = [("", "admin-draft-any"), *((each, f"admin-language-{each}") for each in LANGUAGES)]
    return [
        _choice(visit, "plan", plans, typed.plan),
        _choice(visit, "language", languages, typed.language),
        page.field(
            say(visit, "admin-draft-days"),
            name="active_days",
            type="number",
            min=1,
            max=MOST_DAYS,
            value=typed.active_days,
            hint=say(visit, "admin-draft-days-hint"),
        ),
    ]


def _choice(visit: Visit, name: str, options: Sequence[tuple[str, str]], chosen: str) -> Html:
    shown = [
        tag("option", say(visit, line), value=value, selected=value == chosen)
        for value, line in options
    ]
    label = tag("label", say(visit, f"admin-people-{name}"), for_=name)
    return tag("div", label, tag("select", shown, id=name, name=name), class_="field")
