"""What the doctor finds, and how it looks: side by side, each part within its time."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import anyio
import msgspec
from msgspec import Struct

from vitte import redaction
from vitte.errors import VitteError
from vitte.redaction import Redactor

LIMIT_SECONDS: Final = 5.0
"""How long one part may take; what asks over the network asks with less."""

State: TypeAlias = Literal["ok", "warn", "fail"]


class Finding(Struct, frozen=True, kw_only=True):
    """One line: what was looked at, how it is, what was seen, and what to do next."""

    check: str
    state: State
    said: str
    next: str = ""


Check: TypeAlias = Callable[[], Awaitable[Sequence[Finding]]]


class Look(NamedTuple):
    """A part to look at; its name is its line's when it cannot say one of its own."""

    name: str
    check: Check


def ok(check: str, said: str) -> Finding:
    """It is as it should be."""
    return Finding(check=check, state="ok", said=said)


def warn(check: str, said: str, advice: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(check=check, state="warn", said=said, next=advice)


def fail(check: str, said: str, advice: str) -> Finding:
    """It does not work, or is not safe."""
    return Finding(check=check, state="fail", said=said, next=advice)


async def look_at(looks: Sequence[Look], redactor: Redactor) -> list[Finding]:
    """Look at all parts at once; give what was found in their order, without secrets."""
    found: list[Sequence[Finding]] = [()] * len(looks)

    async def one(place: int, look: Look) -> None:
        found[place] = await _within_its_time(look)

    async with anyio.create_task_group() as group:
        for place, look in enumerate(looks):
            group.start_soon(one, place, look)
    return [_struck_out(each, redactor) for part in found for each in part]


async def _within_its_time(look: Look) -> Sequence[Finding]:
    try:
        with anyio.fail_after(LIMIT_SECONDS):
            return await look.check()
    except TimeoutError:
        said = f"could not be looked at within {LIMIT_SECONDS:g} s"
        return [fail(look.name, said, "see whether the machine is overloaded, then run it again")]
    except VitteError as problem:
        return [fail(look.name, str(problem), "mend that, then run it again")]
    except Exception as problem:  # noqa: BLE001  # an edge: one broken check must not stop the others
        said = f"the check itself broke: {type(problem).__name__}: {redaction.say(problem)}"
        return [fail(look.name, said, "tell the developers")]


def _struck_out(finding: Finding, redactor: Redactor) -> Finding:
    return msgspec.structs.replace(
        finding, said=redactor.strike_out(" ".join(finding.said.split()))
    )
