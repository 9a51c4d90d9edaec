"""Broadcasts in the panel: written, looked at, tried, started, followed and stopped; and nothing is overwritten unseen."""

import anyio
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.admin.conftest import Answered, Browser, Panel
from tests.store.people import ANNA, BORIS, VERA, register
from vitte import markup
from vitte.actors import wording
from vitte.admin import live, marked
from vitte.admin.html import Html, tag
from vitte.admin.rooms import broadcasts as room
from vitte.errors import BadWords, DatabaseAway
from vitte.store import audit, broadcasts, outbox
from vitte.store.audit import SHELL, Change
from vitte.store.broadcasts import Report, Segment
from vitte.store.operators import Role
from vitte.store.users import Language

TEXTS: dict[Language, str] = {
    "ru": "<b>Привет</b>, { $name }!\nЕсть новости.",
    "en": "<b>Hello</b>, { $name }!\nThere is news.",
}
FORM = {
    "name": "news",
    "text-ru": TEXTS["ru"],
    "text-en": TEXTS["en"],
    "plan": "",
    "language": "",
    "active_days": "",
    "version": "",
}


async def writes(browser: Browser, **changed: str) -> Answered:
    """Fill the form in and send it."""
    await browser.get("/broadcasts/draft")
    return await browser.post("/broadcasts/draft", FORM | changed)


async def orders(browser: Browser, act: str, **given: str) -> int:
    await browser.get(f"/broadcast/news?ask={act}")
    return (await browser.post("/broadcast/news/act", {"act": act, **given})).status


async def report(panel: Panel, name: str = "news") -> Report:
    [found] = await broadcasts.list_reports(panel.database, name=name)
    return found


async def acts(panel: Panel) -> list[Change]:
    listed = await audit.list_all(panel.database, limit=50)
    return [each for each in listed if each.noun == "broadcast"]


async def comes(panel: Panel, *names: str) -> None:
    """People who have written to the bot and can be reached."""
    for name in names:
        person = panel.vitte.telegram.person(name, language_code="en")
        await person.writes("/start")
        await person.hears()
    await panel.vitte.settled()


async def test_a_draft_is_written_shown_tried_started_and_reported(panel: Panel) -> None:
    await comes(panel, "Anna", "Boris")
    browser = await panel.inside("anna", "owner")

    kept = await writes(browser)
    page = await browser.get(kept.where)
    asked = await browser.get("/broadcast/news?ask=start")
    assert await orders(browser, "start", reason="it is time") == 303

    assert (kept.status, kept.where) == (303, "/broadcast/news?done=create")
    assert "The draft is kept." in page.plain
    assert "It reaches 2 people now." in page.plain
    assert "<b>Hello</b>, Anna!" in page.text
    assert "<b>Привет</b>, Anna!" in page.text
    assert "It goes to 2 people." in asked.plain
    with anyio.fail_after(20):
        while (await report(panel)).state != "done":  # noqa: ASYNC110  # the books are in PostgreSQL, which tells nobody
            await anyio.sleep(0.05)
    books = await report(panel)
    assert (books.audience, books.queued, books.sent, books.waiting) == (2, 2, 2, 0)
    seen = (await browser.get("/broadcasts")).plain
    assert "2 of 2" in seen
    assert "done" in seen
    done = [(each.who, each.action, each.subject, each.reason) for each in await acts(panel)]
    assert done == [
        ("operator:anna", "start", "news", "it is time"),
        ("operator:anna", "create", "news", None),
    ]


async def test_a_try_sends_both_texts_and_counts_for_nothing(panel: Panel) -> None:
    await register(panel.database, ANNA)
    browser = await panel.inside("anna", "owner", telegram_id=101)
    await writes(browser)
    await panel.vitte.running.terminate_child("vitte/updates/outbox")

    page = await browser.get("/broadcast/news")
    nobody = await browser.post("/broadcast/news/try", {"to": "999"})
    done = await browser.post("/broadcast/news/try", {"to": "101"})

    assert 'value="101"' in page.text
    assert (nobody.status, done.status) == (400, 303)
    waiting = await outbox.list_waiting(panel.database, limit=9)
    texts = [msgspec.json.decode(each.payload)["text"] for each in waiting]
    assert texts == ["<b>Привет</b>, Анна!\nЕсть новости.", "<b>Hello</b>, Анна!\nThere is news."]
    assert "Both texts are on their way." in (await browser.get(done.where)).plain
    assert (await report(panel)).queued == 0
    [act, _] = await acts(panel)
    assert (act.who, act.action, act.subject, act.user_id) == ("operator:anna", "try", "news", 101)


async def test_it_rests_goes_on_and_is_stopped_for_good(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await panel.vitte.running.terminate_child("vitte/updates/broadcasts")
    await writes(browser)

    seen: dict[str, list[int]] = {}
    for act in ("pause", "start", "pause", "resume", "cancel", "resume"):
        seen.setdefault(act, []).append(await orders(browser, act))

    assert seen == {"pause": [409, 303], "start": [303], "resume": [303, 409], "cancel": [303]}
    assert (await report(panel)).state == "cancelled"
    assert [each.action for each in await acts(panel)] == ["cancel", "resume", "pause", "start", "create"]  # fmt: skip
    page = (await browser.get("/broadcast/news")).plain
    assert "stopped" in page
    assert "Resume" not in page


async def test_the_segment_says_to_whom_and_to_how_many(panel: Panel) -> None:
    await register(panel.database, ANNA, BORIS, VERA)
    browser = await panel.inside("anna", "owner")

    kept = await writes(browser, plan="free", language="ru", active_days="7")

    draft = await broadcasts.get(panel.database, "news")
    assert draft is not None
    assert draft.segment == Segment(plan="free", language="ru", active_days=7)
    page = (await browser.get(kept.where)).plain
    assert "the free plan, who reads Russian, active within 7 days" in page
    assert "It reaches 0 people now." in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "The name has up to 64"),
        ({"name": "no name!"}, "The name has up to 64"),
        ({"active_days": "0"}, "Days are a whole number"),
        ({"active_days": "x"}, "Days are a whole number"),
        ({"text-en": ""}, "broadcast"),
        ({"text-ru": "{ $age }", "text-en": "{ $age }"}, "only { $name } is known"),
        ({"text-ru": "Привет"}, "['name'] in en"),
        ({"text-en": "<b>Hello, { $name }"}, "Telegram would refuse it"),
        ({"text-en": "<script>{ $name }</script>"}, "Telegram would refuse it"),
        ({"text-ru": "да " * 1_400, "text-en": "yes"}, "longer than one message"),
    ],
)
async def test_what_is_wrong_is_said_and_what_was_typed_stays(
    panel: Panel, changed: dict[str, str], said: str
) -> None:
    browser = await panel.inside("anna", "owner")

    answered = await writes(browser, **changed)

    assert answered.status == 400
    assert said in answered.plain
    for text in (changed.get("text-en", TEXTS["en"]), changed.get("text-ru", TEXTS["ru"])):
        assert " ".join(text.split()) in answered.plain
    assert await broadcasts.list_reports(panel.database) == []
    assert await acts(panel) == []


async def test_a_draft_that_another_has_changed_is_not_overwritten(panel: Panel) -> None:
    anna, boris = await panel.inside("anna", "owner"), await panel.inside("boris", "owner")
    await writes(anna)
    draft = await broadcasts.get(panel.database, "news")
    assert draft is not None
    seen = {"version": draft.created_at.isoformat()}

    assert seen["version"] in (await anna.get("/broadcasts/draft?name=news")).text
    panel.clock.passes(seconds=1)
    first = await writes(boris, **seen, **{"text-en": "Boris, { $name }"})
    second = await writes(anna, **seen, **{"text-en": "Anna, { $name }"})
    new = await writes(anna)

    assert (first.status, second.status, new.status) == (303, 409, 409)
    assert "was written or started meanwhile" in second.plain
    assert "Anna, { $name }" in second.plain
    kept = await broadcasts.get(panel.database, "news")
    assert kept is not None
    assert kept.text_en == "Boris, { $name }"


async def test_what_has_started_is_not_written_anew(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await writes(browser)
    draft = await broadcasts.get(panel.database, "news")
    assert draft is not None
    await orders(browser, "start")

    late = await writes(browser, version=draft.created_at.isoformat())

    assert late.status == 409
    assert 'value="news"' not in (await browser.get("/broadcasts/draft?name=news")).text


@pytest.mark.parametrize("role", ["read", "support"])
async def test_only_an_owner_writes_and_the_others_look_on(panel: Panel, role: Role) -> None:
    await broadcasts.add(panel.database, "news", TEXTS, Segment(), SHELL, panel.clock())
    browser = await panel.inside("anna", role)

    page = await browser.get("/broadcast/news?ask=start")
    answers = [await orders(browser, act) for act in broadcasts.ACTIONS]

    assert page.status == 200
    assert "Hello" in page.plain
    assert "Start" not in page.plain
    assert "Try it on yourself" not in page.plain
    assert answers == [403] * 4
    assert (await browser.get("/broadcasts/draft")).status == 403
    assert (await report(panel)).state == "draft"


async def test_what_is_no_broadcast_or_no_order_does_nothing(panel: Panel) -> None:
    browser = await panel.inside("anna", "owner")
    await writes(browser)

    assert (await browser.get("/broadcast/none")).status == 404
    assert (await browser.get("/broadcasts/events?name=none")).status == 404
    assert (await browser.post("/broadcast/none/act", {"act": "start"})).status == 404
    assert await orders(browser, "delete") == 400
    assert len(await acts(panel)) == 1


async def test_the_list_goes_on_where_it_stopped(
    panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "PAGE", 2)
    for number in range(5):
        await broadcasts.add(panel.database, f"n{number}", TEXTS, Segment(), SHELL, panel.clock())
    browser = await panel.inside("anna", "read")

    first = await browser.get("/broadcasts")
    [last, *_] = [each for each in await broadcasts.list_reports(panel.database) if each.name == "n3"]  # fmt: skip
    second = await browser.get(f"/broadcasts?before={last.id}")

    assert [f"n{number}" in first.plain for number in range(5)] == [False] * 3 + [True] * 2
    assert [f"n{number}" in second.plain for number in range(5)] == [False, True, True, False, False]  # fmt: skip
    assert f"/broadcasts?before={last.id}" in first.text


async def test_whoever_looks_on_sees_it_go_on_without_reloading(panel: Panel) -> None:
    await comes(panel, "Anna")
    browser = await panel.inside("anna", "owner")
    await writes(browser)
    headers = {"Host": panel.host, "Cookie": f"__Host-vitte={browser.cookie}"}

    async with panel.http.get(f"{panel.url}/broadcasts/events?name=news", headers=headers) as one:
        await orders(browser, "start")
        with anyio.fail_after(20):
            told = ""
            while "1 of 1" not in told or ">done<" not in told:
                told += (await one.content.readline()).decode()
    assert told.startswith("event: all")
    assert "event: part" in told


async def test_a_moment_without_postgresql_ends_no_stream_and_leaves_no_hole() -> None:
    async def away() -> dict[str, Html]:
        raise DatabaseAway("it is away")

    seen = {"facts": tag("section", "as it was")}

    assert await live.look_again(away, seen) == seen


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("a <b>b <i>c</i></b> d", "a <b>b <i>c</i></b> d"),
        ("<b><i>both</i></b>", "<b><i>both</i></b>"),
        ("\N{GRINNING FACE}<u>x</u>", "\N{GRINNING FACE}<u>x</u>"),
        ("&lt;script&gt;<s>&amp;</s>", "&lt;script&gt;<s>&amp;</s>"),
        ("<tg-spoiler>x</tg-spoiler>", '<span class="spoiler">x</span>'),
        (
            '<a href="https://example.org/?a=1&amp;b=2">x</a>',
            '<a href="https://example.org/?a=1&amp;b=2" title="https://example.org/?a=1&amp;b=2" rel="noreferrer noopener">x</a>',
        ),
        ('<a href="tg://user?id=1">x</a>', "<span>x</span>"),
        ('<a href="javascript:alert(1)">x</a>', "x"),
        ("<pre>a\nb</pre>", "<pre>a\nb</pre>"),
    ],
)
def test_a_preview_shows_what_telegram_will(html: str, shown: str) -> None:
    text, entities = markup.READERS["html"](html)

    made = marked.show(text, entities, language="en")

    assert made == f'<div class="said" lang="en">{shown}</div>'


PIECES = st.lists(
    st.sampled_from([*"<>/&\"'{}$ab\n .", "<b>", "</b>", "{ $name }", "<a href=", "-term", "[one]", "*[x]", "\U0001f600"]),
    max_size=12,
).map("".join)  # fmt: skip


@given(ru=PIECES, en=PIECES)
def test_any_text_is_read_or_refused_and_never_markup_of_its_own(ru: str, en: str) -> None:
    try:
        read = wording.checked({"ru": ru, "en": en})
    except BadWords:
        return
    for language, each in read.items():
        made = marked.show(each.text, each.entities, language=language)
        assert "<script" not in made
        assert made.count("<") == made.count(">")
