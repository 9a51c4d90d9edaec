"""When a cron expression falls due, on the days when clocks are changed too."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitte.runtime import schedule


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Berlin goes forward at 01:00 UTC on 2026-03-29 and back at 01:00 UTC on 2026-10-25.
@pytest.mark.parametrize(
    ("expression", "zone", "after", "due"),
    [
        ("0 3 * * *", "UTC", "2026-01-01 03:00", ["2026-01-02 03:00", "2026-01-03 03:00"]),
        ("0 3 * * *", "Europe/Moscow", "2026-01-01 00:00", ["2026-01-02 00:00"]),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-03-28 12:00",
            ["2026-03-29 01:00", "2026-03-30 00:30"],
        ),
        (
            "0 2 * * *",
            "Europe/Berlin",
            "2026-03-28 12:00",
            ["2026-03-29 01:00", "2026-03-30 00:00"],
        ),
        (
            "0 3 * * *",
            "Europe/Berlin",
            "2026-03-28 12:00",
            ["2026-03-29 01:00", "2026-03-30 01:00"],
        ),
        (
            "*/30 2 * * *",
            "Europe/Berlin",
            "2026-03-29 00:00",
            ["2026-03-29 01:00", "2026-03-30 00:00"],
        ),
        (
            "0 * * * *",
            "Europe/Berlin",
            "2026-03-29 00:00",
            ["2026-03-29 01:00", "2026-03-29 02:00"],
        ),
        (
            "30 2 * * *",
            "Europe/Berlin",
            "2026-10-24 12:00",
            ["2026-10-25 00:30", "2026-10-26 01:30"],
        ),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 00:30", ["2026-10-26 01:30"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-25 01:15", ["2026-10-26 01:30"]),
        (
            "0 * * * *",
            "Europe/Berlin",
            "2026-10-24 23:30",
            ["2026-10-25 00:00", "2026-10-25 02:00"],
        ),
        (
            "0 0 * * *",
            "America/Havana",
            "2026-03-07 12:00",
            ["2026-03-08 05:00", "2026-03-09 04:00"],
        ),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", ["2026-10-03 15:30"]),
        (
            "0 12 * * *",
            "Pacific/Apia",
            "2011-12-29 12:00",
            ["2011-12-29 22:00", "2011-12-30 10:00"],
        ),
        ("0 0 29 2 *", "UTC", "2026-01-01 00:00", ["2028-02-29 00:00"]),
        ("0 9 * * mon", "UTC", "2026-01-01 00:00", ["2026-01-05 09:00"]),
    ],
)
def test_each_occurrence_is_found(expression: str, zone: str, after: str, due: list[str]) -> None:
    found = schedule.occurrences(expression, zone, at(after), len(due))

    assert found == [at(text) for text in due]
    assert schedule.next_after(expression, zone, at(after)) == found[0]


def test_the_time_to_look_from_may_be_in_any_zone() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))

    assert schedule.next_after("0 8 * * *", "UTC", noon) == at("2026-01-01 08:00")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        schedule.next_after("0 8 * * *", "UTC", at("2026-01-01").replace(tzinfo=None))


@pytest.mark.parametrize(
    ("expression", "zone", "says"),
    [
        ("* * *", "UTC", "five fields"),
        ("61 * * * *", "UTC", "61"),
        ("0 0 30 2 *", "UTC", "0 0 30 2"),
        ("0 0 * * *", "Mars/Olympus", "no time zone"),
        ("0 0 * * * *", "UTC", "five fields"),
    ],
)
def test_faults_say_what_is_wrong(expression: str, zone: str, says: str) -> None:
    (fault,) = schedule.faults(expression, zone)

    assert says in fault
    with pytest.raises(ValueError, match=r"."):
        schedule.next_after(expression, zone, at("2026-01-01"))


def test_two_faults_are_told_together() -> None:
    assert len(schedule.faults("x", "y")) == 2
    assert schedule.faults("0 3 * * *", "Europe/Berlin") == []


@settings(max_examples=50, deadline=None)
@given(
    after=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - hypothesis asks for it
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    expression=st.sampled_from(["*/15 * * * *", "30 2 * * *", "0 0 1 * *", "0 12 * * 1-5"]),
)
def test_looking_from_each_occurrence_gives_the_same_row(
    after: datetime, zone: str, expression: str
) -> None:
    row = schedule.occurrences(expression, zone, after.replace(tzinfo=UTC), 5)

    assert row == sorted(set(row))
    for this, following in pairwise(row):
        assert schedule.next_after(expression, zone, this) == following
        assert schedule.next_after(expression, zone, following - timedelta(seconds=1)) == following
