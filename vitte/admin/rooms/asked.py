"""What the forms of a person's page have in common: whom, and until when."""

from datetime import UTC, datetime, time

from vitte.admin.desk import Visit
from vitte.store.users import UserId


def user(visit: Visit) -> UserId:
    """The person whom the address names."""
    return UserId(int(visit.request.match_info["user"]))


def end_of_day(visit: Visit, day: str) -> datetime | None:
    """The end of a day, by the installation's clocks; None where it is no day."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time.max, visit.desk.zone).astimezone(UTC)  # fmt: skip
    except (ValueError, OverflowError):
        return None
