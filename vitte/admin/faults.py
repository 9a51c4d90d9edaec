"""The one map from errors to pages that say what happened and what to do."""

import logging
from typing import Final

from aiohttp import web

from vitte.admin import page
from vitte.admin.desk import Visit, say
from vitte.admin.html import NOTHING, tag
from vitte.errors import (
    BadInput,
    BroadcastUnfit,
    Contradiction,
    DatabaseAway,
    DatabaseBusy,
    DatabaseSlow,
    NobodyKnown,
    NotAllowed,
    NotThere,
    SlowBody,
    TooBusy,
)
from vitte.runtime import NoSuchPlace, RuntimeFault

_STATUS: Final[dict[type[BaseException], tuple[int, str]]] = {
    BadInput: (400, "input"),
    NobodyKnown: (401, "nobody"),
    NotAllowed: (403, "role"),
    NotThere: (404, "missing"),
    NoSuchPlace: (404, "missing"),
    SlowBody: (408, "slow"),
    BroadcastUnfit: (409, "contradiction"),
    Contradiction: (409, "contradiction"),
    RuntimeFault: (409, "contradiction"),
    DatabaseBusy: (503, "busy"),
    DatabaseSlow: (503, "busy"),
    TooBusy: (503, "busy"),
    DatabaseAway: (503, "away"),
}
_OURS: Final = 500

_log = logging.getLogger(__name__)


def page_of(error: BaseException) -> tuple[int, str]:
    """The status of an error, and which sentence tells of it."""
    if isinstance(error, web.HTTPException):
        return error.status, "missing" if error.status == 404 else "input"  # noqa: PLR2004  # as HTTP numbers it
    if isinstance(error, NotAllowed) and error.scope in {"origin", "csrf"}:
        return 403, "foreign"
    known = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)
    return known or (_OURS, "ours")


def answer(visit: Visit, error: BaseException) -> web.Response:
    """Say what happened."""
    status, what = page_of(error)
    if status == _OURS:
        _log.error("A page failed: %s", type(error).__name__, exc_info=error)
    detail = str(error) if what in {"contradiction", "input"} else ""
    return page.show(
        visit,
        say(visit, f"admin-fault-{what}"),
        page.heading(say(visit, f"admin-fault-{what}")),
        tag("p", say(visit, f"admin-fault-{what}.text")),
        tag("p", tag("code", detail)) if detail else NOTHING,
        tag("p", tag("a", say(visit, "admin-fault-back"), href="/", class_="button")),
        status=status,
    )
