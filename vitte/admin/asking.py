"""Ask once more: what stands between a button and what it does.

A button that changes much leads to the same page with a question on it; only the form
of the question changes anything. It works without scripts, and with the keyboard.
"""

from collections.abc import Mapping

from msgspec import Struct

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.store import audit


class Question(Struct, frozen=True, kw_only=True):
    """What is asked, what it would mean, what the button says, and where a no leads."""

    asked: str
    means: str
    button: str
    back: str
    reason_wanted: bool = False


def ask(visit: Visit, question: Question, action: str, given: Mapping[str, str]) -> Html:
    """The question, with the form that does it and room for a reason."""
    return tag(
        "section",
        tag("h2", question.asked),
        tag("p", question.means),
        page.form(
            visit,
            action,
            [tag("input", type="hidden", name=name, value=value) for name, value in given.items()],
            reason(visit, wanted=question.reason_wanted),
            tag(
                "div",
                tag("button", question.button, class_="button danger"),
                tag("a", say(visit, "admin-act-not"), href=question.back, class_="button"),
                class_="buttons",
            ),
        ),
        class_="card sure",
    )


def reason(visit: Visit, *, wanted: bool) -> Html:
    """The field for why it is done."""
    return page.field(
        say(visit, "admin-reason"),
        name="reason",
        required=wanted,
        minlength=3 if wanted else None,
        maxlength=audit.LONGEST_REASON,
        hint=say(visit, "admin-reason-hint"),
    )
