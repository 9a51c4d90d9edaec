"""The clerk: many orders with one statement, a verdict for each, and what is once is once."""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest

from tests.fragile import living, together
from tests.store.people import ANNA, BORIS, NOW, VERA, register, start_dialog
from vitte.actors import cache, clerk
from vitte.actors.clerk import Clerk, Once, Settled
from vitte.errors import Contradiction, DatabaseAway, NotThere, VersionGone, VitteError
from vitte.runtime import Child, Mailbox, Ref
from vitte.store import characters, dialogs, tokens, users
from vitte.store.dialogs import Change, Dialog, DialogId, Wish
from vitte.store.idempotency import Answer, Key
from vitte.store.pool import Database, PoolLimits
from vitte.store.tokens import TokenId
from vitte.store.users import UserId


@asynccontextmanager
async def working(
    database: Database, front: cache.Front | None = None
) -> AsyncGenerator[Ref[clerk.Message]]:
    kept = front or cache.Front(Mailbox[cache.Message]("cache").ref)
    box = Mailbox[clerk.Message]("clerk")

    def begin() -> Clerk:
        return Clerk(database=database, cache=kept, clock=lambda: NOW)

    async with living(Child("clerk", begin, mailbox=box)):
        yield box.ref


async def nothing(_database: Database, _keys: Sequence[UserId]) -> dict[UserId, str]:
    return {}


TALK = [cache.Noun(name, fetch=nothing, seconds=60) for name in sorted(cache.TALK)]


async def verdict(call: Callable[[], Awaitable[object]]) -> object:
    try:
        return await call()
    except VitteError as problem:
        return problem


async def token(database: Database) -> TokenId:
    _, made = await tokens.create(database, "program", ["all"], NOW)
    return made.id


def once(key: TokenId, text: str, request: str = "the same") -> Once:
    def answer(dialog: Dialog) -> Answer:
        return Answer(location=f"/{dialog.id}", body=str(dialog.id).encode())

    digest = hashlib.sha256(request.encode()).digest()
    return Once(key=Key(key, text), request=digest, answer=answer)


async def test_many_wishes_at_once_have_each_its_verdict(database: Database) -> None:
    await register(database, ANNA, BORIS, VERA)
    wishes = [
        Wish(user=ANNA.id, title="Вечер"),
        Wish(user=UserId(999)),
        Wish(user=BORIS.id, character=characters.CharacterId(999)),
        Wish(user=VERA.id),
    ]

    async with working(database) as ref:
        found = await together(
            *(partial(verdict, partial(clerk.start_dialog, ref, wish)) for wish in wishes)
        )

    anna, nobody, boris, vera = found
    assert isinstance(anna, Dialog)
    assert isinstance(vera, Dialog)
    assert (anna.title, anna.user_id, vera.user_id) == ("Вечер", ANNA.id, VERA.id)
    assert isinstance(nobody, NotThere)
    assert isinstance(boris, Contradiction)


async def test_what_is_kept_of_who_was_written_for_is_dropped_before_the_answer(
    database: Database,
) -> None:
    await register(database, ANNA, BORIS)
    dialog = await start_dialog(database, ANNA)
    front = cache.Front(Mailbox[cache.Message]("cache").ref)

    def keep() -> None:
        for person in (ANNA, BORIS):
            for noun in (*TALK, cache.USER):
                front.shelf.put(noun, person.id, "kept", seconds=60, began=0)

    def left(person: users.Contact) -> list[bool]:
        return [front.shelf.look(noun, person.id) is not None for noun in (*TALK, cache.USER)]

    async with working(database, front) as ref:
        keep()
        await clerk.change_dialog(ref, Change(dialog=dialog.id, user=None, title="x"))
        after_change = left(ANNA), left(BORIS)
        keep()
        await clerk.start_dialog(ref, Wish(user=ANNA.id))
        after_start = left(ANNA), left(BORIS)

    # A dialog and the pages of them; not what was said, nor the person.
    assert after_change == after_start == ([False, False, True, True], [True] * 4)


async def test_what_may_have_been_written_all_the_same_is_not_kept(database_url: str) -> None:
    database = Database(database_url, PoolLimits(kept=1, most=1, wait_seconds=0.1))
    front = cache.Front(Mailbox[cache.Message]("cache").ref)
    dialog = cache.Noun("dialog", fetch=nothing, seconds=60, owner=lambda _id, _row: ANNA.id)
    pages = next(noun for noun in TALK if noun.name == "dialogs")
    asked: list[Callable[[Ref[clerk.Message]], Awaitable[Dialog]]] = [
        lambda ref: clerk.change_dialog(ref, Change(dialog=DialogId(7), user=None, title="x")),
        lambda ref: clerk.change_dialog(ref, Change(dialog=DialogId(7), user=ANNA.id, title="x")),
        lambda ref: clerk.start_dialog(ref, Wish(user=ANNA.id)),
    ]

    async with working(database, front) as ref:  # its pool is closed
        for ask in asked:
            for noun, key in ((dialog, UserId(7)), (pages, ANNA.id)):
                front.shelf.put(noun, key, "kept", seconds=60, began=front.shelf.fence.step)
            found = await verdict(partial(ask, ref))

            assert isinstance(found, DatabaseAway)
            assert len(front.shelf) == 0


async def test_a_hundred_wishes_for_one_person_leave_one_open_dialog(database: Database) -> None:
    await register(database, ANNA)

    async with working(database) as ref:
        made = await together(
            *(partial(clerk.start_dialog, ref, Wish(user=ANNA.id)) for _ in range(100))
        )

    page = dialogs.Asked(ANNA.id, dialogs.NEWEST, 200)
    kept = (await dialogs.list_pages(database, [page]))[page]
    assert {one.id for one in kept} == {one.id for one in made}
    assert [one.state for one in kept] == ["open", *["closed"] * 99]


async def test_changes_of_one_dialog_come_in_their_order(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)

    async with working(database) as ref:
        found = await together(
            *(
                partial(clerk.change_dialog, ref, Change(dialog=dialog.id, user=None, title=str(n)))
                for n in range(20)
            )
        )

    assert [one.title for one in found] == [str(n) for n in range(20)]
    assert sorted({one.updated_at for one in found}) == [one.updated_at for one in found]


async def test_of_those_who_read_the_same_version_one_gets_through(database: Database) -> None:
    await register(database, ANNA)
    dialog = await start_dialog(database, ANNA)
    change = Change(dialog=dialog.id, user=None, title="x", version=dialog.updated_at)

    async with working(database) as ref:
        found = await together(
            *(partial(verdict, partial(clerk.change_dialog, ref, change)) for _ in range(10))
        )

    assert sum(isinstance(one, Dialog) for one in found) == 1
    assert sum(isinstance(one, VersionGone) for one in found) == 9


async def test_a_strangers_dialog_is_the_same_as_none(database: Database) -> None:
    await register(database, ANNA, BORIS)
    his = await start_dialog(database, BORIS)
    wanted = [
        Change(dialog=his.id, user=ANNA.id, title="mine"),
        Change(dialog=DialogId(999), user=None, title="nobody's"),
    ]

    async with working(database) as ref:
        found = await together(
            *(partial(verdict, partial(clerk.change_dialog, ref, one)) for one in wanted)
        )

    assert [str(one) for one in found] == ["there is no such dialog"] * 2


async def test_what_is_asked_once_is_done_once(database: Database) -> None:
    await register(database, ANNA, BORIS)
    key = await token(database)
    wish = Wish(user=ANNA.id)

    async with working(database) as ref:
        found = await together(
            *(partial(clerk.start_dialog_once, ref, wish, once(key, "k")) for _ in range(10))
        )
        other = await verdict(
            partial(clerk.start_dialog_once, ref, Wish(user=BORIS.id), once(key, "k", "another"))
        )

    assert len({one.answer.body for one in found}) == 1
    assert [one.replayed for one in found] == [False, *[True] * 9]
    assert isinstance(other, Contradiction)
    assert other.field == "Idempotency-Key"
    page = dialogs.Asked(ANNA.id, dialogs.NEWEST, 200)
    assert len((await dialogs.list_pages(database, [page]))[page]) == 1


async def test_a_refusal_leaves_the_key_free_and_the_others_their_answers(
    database: Database,
) -> None:
    await register(database, ANNA)
    key = await token(database)
    good, bad = Wish(user=ANNA.id), Wish(user=UserId(999))

    async with working(database) as ref:
        first, refused = await together(
            partial(verdict, partial(clerk.start_dialog_once, ref, good, once(key, "good"))),
            partial(verdict, partial(clerk.start_dialog_once, ref, bad, once(key, "bad"))),
        )
        again = await clerk.start_dialog_once(ref, good, once(key, "bad", "another"))
        replayed = await clerk.start_dialog_once(ref, good, once(key, "good"))

    assert isinstance(first, Settled)
    assert isinstance(refused, NotThere)
    assert not again.replayed
    assert (replayed.replayed, replayed.answer) == (True, first.answer)


async def test_an_order_that_breaks_the_statement_breaks_nobody_elses(database: Database) -> None:
    await register(database, ANNA, BORIS)
    gone = once(TokenId(999), "k")  # no such token: PostgreSQL refuses the key
    key = await token(database)

    async with working(database) as ref:
        good, bad = await together(
            partial(
                verdict,
                partial(clerk.start_dialog_once, ref, Wish(user=ANNA.id), once(key, "k")),
            ),
            partial(broken, partial(clerk.start_dialog_once, ref, Wish(user=BORIS.id), gone)),
        )

    assert isinstance(good, Settled)
    assert bad == "ForeignKeyViolation"


async def broken(call: Callable[[], Awaitable[object]]) -> str:
    try:
        await call()
    except Exception as problem:  # noqa: BLE001  # whatever the driver raises
        return type(problem).__name__
    return ""


async def test_a_lock_of_somebody_else_holds_up_only_who_needs_it(database_url: str) -> None:
    people = [users.Contact(id=UserId(n), first_name="Вера") for n in range(1, 6)]
    database = Database(database_url, PoolLimits(kept=2, most=8, lock_seconds=0.3))
    await database.open()
    try:
        await register(database, *people)
        kept = [await start_dialog(database, one) for one in people]
        async with database.transaction() as holding, working(database) as ref:
            await dialogs.change_many(
                holding, [Change(dialog=kept[0].id, user=None, title="held")], NOW
            )
            with anyio.fail_after(20):
                found = await together(
                    *(
                        partial(
                            verdict,
                            partial(
                                clerk.change_dialog,
                                ref,
                                Change(dialog=one.id, user=None, title="x"),
                            ),
                        )
                        for one in kept
                    )
                )
    finally:
        await database.close()

    assert [type(one).__name__ for one in found] == ["DatabaseBusy", *["Dialog"] * 4]


async def test_postgresql_away_is_said_to_all_and_the_clerk_lives_on(database_url: str) -> None:
    database = Database(database_url, PoolLimits(kept=1, most=1, wait_seconds=0.2))

    async with working(database) as ref:
        away = await together(
            *(partial(verdict, partial(clerk.start_dialog, ref, Wish(user=ANNA.id))) for _ in "ab")
        )
        await database.open()
        await register(database, ANNA)
        back = await clerk.start_dialog(ref, Wish(user=ANNA.id))
    await database.close()

    assert all(isinstance(one, DatabaseAway) for one in away)
    assert back.user_id == ANNA.id


@pytest.mark.parametrize("count", [1, 7])
def test_rounds_keep_the_order_of_those_who_want_the_same(count: int) -> None:
    orders = [Change(dialog=DialogId(n % count), user=None, title=str(n)) for n in range(20)]
    given = [clerk.ChangeDialog(change=one, reply=None) for one in orders]  # pyright: ignore[reportArgumentType]  # nobody answers

    rounds = list(clerk.in_rounds(given, lambda order: (order.change.dialog,)))

    assert sum(len(each) for each in rounds) == 20
    for each in rounds:
        assert len({order.change.dialog for order in each}) == len(each)
    for dialog in range(count):
        titles = [
            int(order.change.title or 0)
            for each in rounds
            for order in each
            if order.change.dialog == dialog
        ]
        assert titles == sorted(titles)
