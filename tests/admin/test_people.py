"""People and letters: found, explained, mended; and what they wrote stays hidden until somebody says why."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.admin.conftest import Panel
from tests.store.people import ANNA, BORIS, VERA, register
from vitte.admin.rooms import timeline
from vitte.house import utc_now
from vitte.store import audit, bans, people, subscriptions, turns, updates, users
from vitte.store.audit import SHELL
from vitte.store.people import Received, Said
from vitte.store.pool import Database
from vitte.store.queries import Query
from vitte.store.turns import Turn
from vitte.store.updates import Finished, Pending, UpdateId
from vitte.store.users import Contact, UserId

NASTY = """'"><img src=x onerror=alert(1)><script>alert(1)</script>"""
SECRET = "what Anna wrote is nobody's affair"


async def a_letter(panel: Panel, number: int = 7) -> UpdateId:
    """An update of Anna's that has failed."""
    now = panel.clock()
    body = msgspec.json.encode({"text": SECRET}).decode()
    update = Pending(
        id=UpdateId(number), chat_id=ANNA.id, kind="message", body=body, received_at=now
    )
    failed = Turn(finished=Finished(update=update, outcome="failed", reason="it broke"))
    await turns.write(panel.database, [], [failed], now)
    return update.id


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("101", ["Анна"]),
        ("@anna", ["Анна"]),
        ("ANN", ["Анна"]),
        ("анн", ["Анна"]),
        ("БОР", ["Борис"]),
        ("", ["Vera", "Борис", "Анна"]),
        ("%", []),
        ("_nna", []),
        ("9" * 40, []),
        ("\0", []),
    ],
)
async def test_people_are_found_by_what_is_known_of_them(
    panel: Panel, words: str, found: list[str]
) -> None:
    await register(panel.database, ANNA, BORIS, VERA)

    people_found = await people.find(panel.database, words, panel.clock(), limit=9)
    assert [each.first_name for each in people_found] == found


async def test_a_long_list_goes_on_where_it_stopped(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitte.admin.rooms.people.PAGE", 2)
    await register(panel.database, ANNA, BORIS, VERA)
    browser = await panel.inside("anna", "read")

    first = await browser.get("/people")
    second = await browser.get("/people?before=102")

    assert ["Vera" in first.plain, "Борис" in first.plain, "Анна" in first.plain] == [
        True,
        True,
        False,
    ]
    assert "/people?before=102" in first.text
    assert ["Борис" in second.plain, "Анна" in second.plain] == [False, True]


@pytest.mark.parametrize(
    ("language", "for_good", "until", "unreachable"),
    [
        ("en", "banned for good", "banned until", "cannot be reached"),
        ("ru", "блокировка навсегда", "блокировка до", "недоступен для бота"),
    ],
)
@pytest.mark.parametrize("words", ["", "an"])
async def test_who_is_banned_or_unreachable_is_marked_in_words(  # noqa: PLR0913, PLR0917  # of each language, in the list and in what is found
    panel: Panel, language: str, for_good: str, until: str, unreachable: str, words: str
) -> None:
    day = panel.clock() + timedelta(days=3)
    cast = [Contact(id=UserId(1 + number), first_name=f"An {number}") for number in range(5)]
    await register(panel.database, *cast)
    for user, ends_at in ((1, None), (2, day), (3, panel.clock() + timedelta(seconds=1))):
        await bans.impose(
            panel.database, UserId(user), panel.clock(), ends_at=ends_at, author=SHELL
        )
    for user in (2, 4):
        await users.mark_unreachable(panel.database, UserId(user), panel.clock())
    panel.clock.passes(seconds=2)
    browser = await panel.inside("anna", "read", language=language)

    page = await browser.get(f"/people?words={words}")

    ending = f"{until} {day.date()}"
    marks = {
        int(number): row for number, row in re.findall(r'href="/people/(\d+)"(.*?)</tr>', page.text)
    }
    seen = {
        number: [word for word in (for_good, ending, unreachable) if f">{word}</span>" in row]
        for number, row in marks.items()
    }
    assert seen == {1: [for_good], 2: [ending, unreachable], 3: [], 4: [unreachable], 5: []}


async def test_a_list_of_many_asks_as_often_as_one_of_few(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await panel.inside("anna", "read")
    asked: list[str] = []
    rows = Database.rows

    async def noted(self: Database, query: Query, row: type[Any], /, **given: Any) -> list[Any]:
        asked.append(query.name)
        return await rows(self, query, row, **given)

    monkeypatch.setattr(Database, "rows", noted)
    counts: list[int] = []
    for many in (1, 40):
        for number in range(many):
            await register(panel.database, Contact(id=UserId(500 + number), first_name="Boris"))
            await bans.impose(
                panel.database, UserId(500 + number), panel.clock(), ends_at=None, author=SHELL
            )
        asked.clear()
        assert (await browser.get("/people?words=bor")).text.count("banned for good") == many
        counts.append(asked.count("find_people"))
        assert "get_ban" not in asked

    assert counts == [1, 1]


async def test_a_persons_page_explains_an_answer_from_receipt_to_telegram(panel: Panel) -> None:
    boris = panel.vitte.telegram.person("Boris", language_code="en")
    await boris.writes("/start")
    await boris.hears()
    await panel.vitte.settled()
    browser = await panel.inside("anna", "read")

    page = (await browser.get(f"/people/{boris.id}")).plain

    assert "Telegram took every word" in page
    assert "received: message" in page
    assert "answered after" in page
    assert "sendMessage sent" in page


async def test_who_got_no_answer_is_found_and_helped_from_the_page_alone(panel: Panel) -> None:
    await register(panel.database, ANNA)
    letter = await a_letter(panel)
    browser = await panel.inside("anna", "support")

    seen = await browser.get("/people/101")
    shown = await browser.get(f"/letters/{letter}")
    mended = await browser.post(f"/letters/{letter}/requeue")

    assert "The latest failed; the letter can be tried again." in seen.plain
    assert "it broke" in seen.plain
    assert f'href="/letters/{letter}"' in seen.text
    assert "it broke" in shown.plain
    assert (mended.status, mended.where) == (303, "/letters?done=requeue")
    assert await updates.get_letter(panel.database, letter) is None
    assert "tried again within seconds" in (await browser.get(mended.where)).plain
    act = (await audit.list_of(panel.database, ANNA.id))[0]
    assert (act.who, act.noun, act.action, act.subject) == (
        "operator:anna",
        "letter",
        "requeue",
        "7",
    )


async def test_what_was_written_is_shown_only_to_who_says_why(panel: Panel) -> None:
    await register(panel.database, ANNA)
    letter = await a_letter(panel)
    browser = await panel.inside("anna", "support")

    hidden = [(await browser.get(path)).text for path in ("/letters", f"/letters/{letter}", "/people/101", "/audit")]  # fmt: skip
    without = await browser.post(f"/letters/{letter}/reveal", {"reason": "  "})
    shown = await browser.post(f"/letters/{letter}/reveal", {"reason": "she asked us to"})

    assert not [text for text in hidden if SECRET[:9] in text]
    assert without.status == 400
    assert SECRET in shown.plain
    [act] = [
        each for each in await audit.list_of(panel.database, ANNA.id) if each.action == "reveal"
    ]
    assert (act.who, act.reason, act.user_id) == ("operator:anna", "she asked us to", ANNA.id)
    assert "she asked us to" in (await browser.get("/audit")).plain


async def test_a_letter_is_given_up_once(panel: Panel) -> None:
    await register(panel.database, ANNA)
    letter = await a_letter(panel)
    browser = await panel.inside("anna", "support")

    answers = [(await browser.post(f"/letters/{letter}/drop")).status for _ in range(2)]

    assert answers == [303, 404]


async def test_a_subscription_is_changed_with_a_reason_and_at_once(panel: Panel) -> None:
    await register(panel.database, BORIS)
    browser = await panel.inside("anna", "support")
    bought = await subscriptions.get(panel.database, BORIS.id)
    assert bought is not None
    day = (utc_now() + timedelta(days=30)).date().isoformat()
    form = {"plan": "premium", "until": day, "version": bought.updated_at.isoformat()}

    without = await browser.post("/people/102/plan", form)
    done = await browser.post("/people/102/plan", form | {"reason": "an apology"})
    late = await browser.post("/people/102/plan", form | {"reason": "from an old page"})

    assert (without.status, done.status, late.status) == (400, 303, 409)
    after = await subscriptions.get(panel.database, BORIS.id)
    assert after is not None
    assert after.plan_at(utc_now()) == "premium"
    assert after.expires_at is not None
    assert after.expires_at.date().isoformat() == day
    [act] = await audit.list_of(panel.database, BORIS.id)
    assert (act.who, act.reason, act.old["plan"], act.new["plan"]) == ("operator:anna", "an apology", "free", "premium")  # fmt: skip
    assert "The subscription was changed." in (await browser.get(done.where)).plain


@pytest.mark.parametrize(("plan", "until"), [("premium", ""), ("premium", "x"), ("gold", "2030-01-01"), ("premium", "1999-01-01"), ("premium", "9999-12-31T25")])  # fmt: skip
async def test_a_plan_that_cannot_stand_is_refused(panel: Panel, plan: str, until: str) -> None:
    await register(panel.database, BORIS)
    browser = await panel.inside("anna", "support")

    answered = await browser.post(
        "/people/102/plan", {"plan": plan, "until": until, "reason": "why not"}
    )

    assert answered.status in {400, 409}


async def test_names_are_shown_and_nothing_else(panel: Panel) -> None:
    person = Contact(id=UserId(666), first_name=NASTY, last_name=NASTY, username=NASTY[:64])
    await users.add_or_refresh(panel.database, person, language="en", now=panel.clock())
    browser = await panel.inside("anna", "owner")

    for path in ("/people", "/people/666", f"/people?words={NASTY}", f"/audit?who={NASTY}"):
        page = await browser.get(path)
        assert page.status == 200, path
        assert "<img src=x" not in page.text, path
        assert "<script>" not in page.text, path
    assert NASTY in (await browser.get("/people")).plain


async def test_who_looks_on_changes_nothing(panel: Panel) -> None:
    await register(panel.database, ANNA)
    letter = await a_letter(panel)
    browser = await panel.inside("anna", "read")

    page = await browser.get(f"/letters/{letter}")

    assert "Try again" not in page.plain
    assert "Change the subscription" not in (await browser.get("/people/101")).plain


@pytest.mark.parametrize(
    ("state", "words", "expected"),
    [
        ("pending", [], "pending"),
        ("refused", ["sent"], "refused"),
        ("failed", ["sent"], "failed"),
        ("answered", [], "silent"),
        ("answered", ["sent", "sent"], "well"),
        ("answered", ["sent", "waiting"], "unsent"),
        ("answered", ["failed", "waiting"], "unsaid"),
    ],
)
def test_one_word_says_how_it_fared(state: str, words: list[str], expected: str) -> None:
    update = msgspec.convert(
        {"id": 1, "seq": 1, "kind": "message", "state": state, "reason": None, "tries": 0}
        | dict.fromkeys(("received_at", "done_at"), utc_now()),
        Received,
    )
    said = [
        msgspec.convert(
            {"id": number, "update_id": 1, "lane": 1, "method": "sendMessage", "state": each}
            | {"reason": None, "tries": 1, "repeated": False}
            | dict.fromkeys(("created_at", "done_at"), utc_now()),
            Said,
        )
        for number, each in enumerate(words)
    ]

    assert timeline.verdict(update, said) == expected
