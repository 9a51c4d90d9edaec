"""Days in numbers, for tests that need one: all noughts but what is said."""

from datetime import date
from typing import Any

from vitte.store.statistics import Counted


def counted(day: date, **numbers: Any) -> Counted:
    usual = dict.fromkeys(Counted.__struct_fields__, 0)
    shares = {"by_plan": {"free": {"users": 1}}, "by_language": {"ru": {"new": 2}}}
    return Counted(**usual | shares | {"day": day, "timezone": "UTC"} | numbers)  # pyright: ignore[reportArgumentType]  # as the test says
