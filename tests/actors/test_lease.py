"""The lease: one holder at a time, also when one hangs, dies, or comes back."""

from vitte.actors.lease import BEAT_SECONDS, LEASE_SECONDS, Lease
from vitte.store.pool import Database


class Watch:
    """A watch that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


def lease(database: Database, node: str, watch: Watch) -> Lease:
    return Lease("outbox", database=database, node=node, watch=watch)


async def test_the_first_has_it_at_once_and_the_second_does_not(database: Database) -> None:
    watch = Watch()
    one, two = lease(database, "one", watch), lease(database, "two", watch)

    await one.beat()
    await two.beat()

    assert (one.held(), two.held()) == (True, False)
    assert (one.fence, two.fence) == (1, 0)


async def test_who_beats_keeps_it_and_hears_that_another_waits(database: Database) -> None:
    watch = Watch()
    one, two = lease(database, "one", watch), lease(database, "two", watch)
    await one.beat()
    assert not one.has_company()

    for _ in range(20):
        await two.beat()
        watch.passes(BEAT_SECONDS)
        await one.beat()
        assert (one.held(), two.held()) == (True, False)

    assert one.has_company()
    watch.passes(LEASE_SECONDS - 0.5)
    await one.beat()
    assert not one.has_company()


async def test_what_is_given_back_is_had_at_once_and_is_in_order(database: Database) -> None:
    watch = Watch()
    one, two = lease(database, "one", watch), lease(database, "two", watch)
    await one.beat()
    await two.beat()

    await one.release()
    await two.beat()

    assert (one.held(), two.held()) == (False, True)
    assert (two.fence, two.clean) == (2, True)


async def test_a_holder_that_is_silent_loses_it_and_knows_so_first(database: Database) -> None:
    watch = Watch()
    one, two = lease(database, "one", watch), lease(database, "two", watch)
    await one.beat()
    await two.beat()

    while not two.held():
        watch.passes(0.25)
        await two.beat()
        assert not (one.held() and two.held())

    assert not one.held()
    assert (two.fence, two.clean) == (2, False)
    assert watch.now <= 100 + LEASE_SECONDS + 0.25


async def test_who_comes_back_from_a_long_sleep_does_not_have_it(database: Database) -> None:
    watch = Watch()
    one, two = lease(database, "one", watch), lease(database, "two", watch)
    await one.beat()
    await two.beat()
    watch.passes(60)

    assert not one.held()
    await two.beat()
    assert two.held()
    await one.beat()
    assert not one.held()
    assert one.fence == 0
    assert two.held()


async def test_who_slept_and_was_not_missed_has_it_still(database: Database) -> None:
    watch = Watch()
    one = lease(database, "one", watch)
    await one.beat()
    watch.passes(60)
    assert not one.held()

    await one.beat()

    assert one.held()
    assert one.fence == 1


async def test_of_two_who_see_it_free_one_takes_it(database: Database) -> None:
    watch = Watch()
    one, two, three = (lease(database, node, watch) for node in ("one", "two", "three"))
    await one.beat()
    await two.beat()
    await three.beat()
    watch.passes(LEASE_SECONDS)

    await two.beat()
    await three.beat()

    assert (two.held(), three.held()) == (True, False)


async def test_a_next_life_of_the_same_process_goes_on_at_once_and_not_in_order(
    database: Database,
) -> None:
    watch = Watch()
    await lease(database, "one", watch).beat()

    again = lease(database, "one", watch)
    await again.beat()

    assert again.held()
    assert (again.fence, again.clean) == (2, False)


async def test_where_nobody_ever_held_it_words_may_have_been_sent(database: Database) -> None:
    one = lease(database, "one", Watch())

    await one.beat()

    assert not one.clean


async def test_two_leases_of_different_names_are_two(database: Database) -> None:
    watch = Watch()
    one = Lease("outbox", database=database, node="one", watch=watch)
    two = Lease("broadcasts", database=database, node="two", watch=watch)

    await one.beat()
    await two.beat()

    assert (one.held(), two.held()) == (True, True)
