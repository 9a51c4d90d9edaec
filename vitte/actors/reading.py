"""Reading an update before anybody answers it: its id, its kind, and whose order it belongs to."""

import re
from typing import Any, Final, cast

import msgspec

from vitte.store.updates import Arrived, UpdateId

LARGEST: Final = 2**63 - 1
KIND: Final = "[a-z_]{1,64}"

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def read(body: bytes | msgspec.Raw) -> Arrived:
    """Read an update as Telegram writes it.

    What belongs to no chat is ordered by its sender, and by nothing without one.

    Raises:
        msgspec.MsgspecError: It is no JSON, or no update.
    """
    fields = _decode(body)
    number = fields.get("update_id")
    if type(number) is not int or not 0 <= number <= LARGEST:  # True is an int as well
        raise msgspec.ValidationError("an update has an update_id")
    kind = next((key for key in fields if key != "update_id"), "empty")
    inner = fields.get(kind)
    if re.fullmatch(KIND, kind) is None:
        kind = "unknown"  # it becomes a metric's label
    return Arrived(
        id=UpdateId(number),
        chat_id=_chat(inner) or number,
        kind=kind,
        body=bytes(body).decode(),
    )


def _chat(inner: object) -> int | None:
    """The id of the chat, or else of the sender, wherever this kind of update keeps it."""
    if not isinstance(inner, dict):
        return None
    known = cast("dict[str, object]", inner)
    for name in ("chat", "message", "from"):
        place = known.get(name)
        if isinstance(place, dict):
            found = cast("dict[str, object]", place).get("id") or _chat(cast("object", place))
            if type(found) is int and abs(found) <= LARGEST:
                return found
    return None
