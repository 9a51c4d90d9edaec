"""What the forms of a person's page have in common: whom, why, and until when."""

from datetime import UTC, datetime, time

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html
from vitte.store import audit
from vitte.store.users import UserId


def user(visit: Visit) -> UserId:
    """The person whom the address names."""
    return UserId(int(visit.request.match_info["user"]))


def reason(visit: Visit, form: str) -> Html:
    """The field in which an operator says why; ``form`` tells it from those of other forms."""
    return page.field(
        say(visit, "admin-reason"),
        name="reason",
        key=f"{form}-reason",
        required=True,
        minlength=3,
        maxlength=audit.LONGEST_REASON,
        hint=say(visit, "admin-reason-hint"),
    )


def end_of_day(visit: Visit, day: str) -> datetime | None:
    """The end of a day, by the installation's clocks; None where it is no day."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time.max, visit.desk.zone).astimezone(UTC)  # fmt: skip
    except (ValueError, OverflowError):
        return None
