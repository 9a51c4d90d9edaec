"""Ask once more, and ask why: what stands between a button and what it does.

A button that changes much leads to the same page with a question on it; only the form
of the question changes anything. It works without scripts, and with the keyboard. The
reason that is typed goes into the audit.
"""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import Html, tag
from vitte.errors import BadInput
from vitte.store import audit

SHORTEST_REASON: Final = 3
"""So many letters say something."""


class Question(Struct, frozen=True, kw_only=True):
    """What is asked, what it would mean, what the button says, and where a no leads."""

    asked: str
    means: str
    button: str
    back: str
    reason_wanted: bool = False


def ask(
    visit: Visit, question: Question, action: str, given: Mapping[str, str], *more: Html
) -> Html:
    """The question, with the form that does it, more fields if it has any, and room for a reason."""
    return tag(
        "section",
        tag("h2", question.asked),
        tag("p", question.means),
        page.form(
            visit,
            action,
            [tag("input", type="hidden", name=name, value=value) for name, value in given.items()],
            *more,
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


def reason(
    visit: Visit, *, wanted: bool = True, form: str = "", typed: str = "", hint: str = ""
) -> Html:
    """The field for why it is done; ``form`` tells it from those of other forms on the page."""
    return page.field(
        say(visit, "admin-reason"),
        name="reason",
        key=f"{form}-reason" if form else "",
        required=wanted,
        minlength=SHORTEST_REASON if wanted else None,
        maxlength=audit.LONGEST_REASON,
        value=typed or None,
        hint=hint or say(visit, "admin-reason-hint"),
    )


def why(visit: Visit) -> str:
    """The reason that was typed.

    Raises:
        BadInput: There is none.
    """
    typed = visit.typed("reason")
    if len(typed) < SHORTEST_REASON:
        raise BadInput(("reason", "is missing: it goes into the audit log"))
    return typed
