"""The fence, beside a model too simple to be wrong."""

from contextlib import ExitStack

from hypothesis import given
from hypothesis import strategies as st

from vitte.actors.fence import Fence
from vitte.store.users import UserId

ANNA, BORIS = UserId(101), UserId(102)
OWNERS = st.sampled_from([ANNA, BORIS])


def test_what_was_read_after_a_change_stands() -> None:
    fence = Fence()
    fence.changed(ANNA)

    with fence.reading() as began:
        assert fence.stands(began, ANNA)


def test_what_was_read_before_a_change_does_not() -> None:
    fence = Fence()

    with fence.reading() as began:
        fence.changed(ANNA)

        assert not fence.stands(began, ANNA)
        assert fence.stands(began, BORIS)


def test_nothing_found_stands_only_if_nothing_changed() -> None:
    fence = Fence()

    with fence.reading() as began:
        assert fence.nothing_stands(began)
        fence.changed(BORIS)
        assert not fence.nothing_stands(began)


def test_when_anything_may_have_changed_nothing_stands() -> None:
    fence = Fence()

    with fence.reading() as began:
        fence.all_changed()

        assert not fence.stands(began, ANNA)
        with fence.reading() as later:
            assert fence.stands(later, ANNA)


@given(st.lists(st.tuples(st.sampled_from(["begin", "end", "change", "all"]), OWNERS), max_size=60))
def test_it_says_what_a_full_history_says(steps: list[tuple[str, UserId]]) -> None:
    fence = Fence()
    history: list[UserId | None] = []
    readings: list[tuple[int, int, ExitStack]] = []
    with ExitStack() as every:
        for what, owner in steps:
            if what == "begin":
                stack = every.enter_context(ExitStack())
                readings.append((stack.enter_context(fence.reading()), len(history), stack))
            elif what == "end" and readings:
                readings.pop(len(history) % len(readings))[2].close()
            elif what == "change":
                history.append(owner)
                fence.changed(owner)
            elif what == "all":
                history.append(None)
                fence.all_changed()

            for began, at, _ in readings:
                meanwhile = history[at:]
                for each in (ANNA, BORIS):
                    good = each not in meanwhile and None not in meanwhile
                    assert fence.stands(began, each) == good
                assert fence.stands(began, None) == (None not in meanwhile)
                assert fence.nothing_stands(began) == (not meanwhile)


def test_it_remembers_no_more_than_is_being_read() -> None:
    fence = Fence()
    with fence.reading():
        for number in range(1000):
            fence.changed(UserId(number))
            with fence.reading():
                pass
    for number in range(1000):
        fence.changed(UserId(number))

    assert fence.remembered == 0


def test_a_long_reading_does_not_make_it_remember_for_the_short_ones() -> None:
    fence = Fence()
    with ExitStack() as stack:
        for number in range(1000):
            following = ExitStack()
            following.enter_context(fence.reading())
            stack.close()
            stack.push(following.__exit__)
            fence.changed(UserId(number))

        assert fence.remembered <= 2
