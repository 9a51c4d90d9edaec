"""Telegram: whether it knows us, where it hands updates over, what it shows people of us."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import anyio
import msgspec

from vitte.actors.poller import ALLOWED_UPDATES
from vitte.config import Telegram
from vitte.doctor.finding import Check, Finding, fail, ok, warn
from vitte.errors import BadWords, TelegramRefused
from vitte.i18n import Words
from vitte.telegram.commands import MENUS, menu

CALL_SECONDS: Final = 2.0
PART_SECONDS: Final = 2.4
"""Of what is asked once Telegram knows us: with the first call, less than one look may take."""
CLOCK_WARN_SECONDS: Final = 5.0
CLOCK_FAIL_SECONDS: Final = 60.0
MANY_WAITING: Final = 100
RECENT_SECONDS: Final = 3_600.0

_RUN: Final = "vitte run sets it at its start: see its log if this stays"


def check(settings: Telegram, words: Words | BadWords) -> Check:
    """Ask all that can be asked; a token that is not known leaves the rest open."""

    async def ask() -> Sequence[Finding]:
        limit = aiohttp.ClientTimeout(total=CALL_SECONDS)
        async with aiohttp.ClientSession(timeout=limit) as http:
            calls = Calls(http, settings)
            try:
                me, told = await calls.make("getMe")
            except TelegramRefused as problem:
                return [*_refused(problem, settings)]
            known = f"@{me.get('username')} ({me.get('id')})"
            found = {"token": [ok("token", known)], "clock": [_clock(told, datetime.now(UTC))]}
            async with anyio.create_task_group() as group:
                group.start_soon(_into, found, "webhook", _webhook, calls, settings)
                group.start_soon(_into, found, "commands", _commands, calls, words)
        return [each for part in ("token", "webhook", "commands", "clock") for each in found[part]]

    return ask


class Calls:
    """Calls to the Bot API that change nothing."""

    def __init__(self, http: aiohttp.ClientSession, settings: Telegram) -> None:
        self._http = http
        self._address = f"{settings.api.rstrip('/')}/bot{settings.token.reveal()}/"

    async def make(self, method: str, **given: Any) -> tuple[Any, datetime | None]:
        """Make one call; gives its result, and what time Telegram says it is.

        Raises:
            TelegramRefused: It was refused, or Telegram cannot be reached.
        """
        try:
            async with self._http.post(self._address + method, json=given) as response:
                answer = msgspec.json.decode(await response.read())
                date = response.headers.get("Date")
        except TimeoutError:
            said = f"no answer within {CALL_SECONDS:g} s"
            raise TelegramRefused(method, said) from None
        except (aiohttp.ClientError, OSError, msgspec.MsgspecError) as problem:
            # Not the error itself: it may hold the address, and so the token.
            raise TelegramRefused(method, type(problem).__name__) from None
        if not isinstance(answer, dict) or not answer.get("ok"):  # pyright: ignore[reportUnknownMemberType]  # a stranger's JSON
            fields: dict[str, Any] = answer if isinstance(answer, dict) else {}  # pyright: ignore[reportUnknownVariableType]  # as above
            said = f"{fields.get('error_code')} {fields.get('description', 'no answer of the Bot API')}"
            raise TelegramRefused(method, said)
        return answer["result"], parsedate_to_datetime(date) if date else None  # pyright: ignore[reportUnknownVariableType]  # as above


async def _into(
    found: dict[str, list[Finding]], part: str, look: Any, calls: Calls, *given: Any
) -> None:
    try:
        with anyio.fail_after(PART_SECONDS):
            found[part] = await look(calls, *given)
    except TelegramRefused as problem:
        found[part] = [warn(part, str(problem), "run it again")]
    except TimeoutError:
        said = f"Telegram takes longer than {PART_SECONDS:g} s"
        found[part] = [warn(part, said, "run it again")]


def _refused(problem: TelegramRefused, settings: Telegram) -> Iterator[Finding]:
    if problem.reason.startswith(("401", "404")):
        advice = "ask @BotFather for it (/token), and set telegram.token"
        yield fail("token", f"Telegram does not know this token ({problem.reason})", advice)
    else:
        host = urlsplit(settings.api).netloc
        said = f"Telegram ({host}) did not answer: {problem.reason}"
        yield fail(
            "token", said, f"see whether this machine reaches {host}: curl -sI {settings.api}"
        )
    for part in ("webhook", "commands", "clock"):
        yield warn(part, "not looked at: Telegram does not let us in", "mend the token first")


async def _webhook(calls: Calls, settings: Telegram) -> list[Finding]:
    info, _ = await calls.make("getWebhookInfo")
    return [*_address(info, settings), *_last_error(info), *_waiting(info), _allowed(info)]


def _address(info: dict[str, Any], settings: Telegram) -> Iterator[Finding]:
    url = info.get("url", "")
    if settings.updates == "polling" and url:
        advice = "vitte webhook delete; or set telegram.updates to webhook"
        yield fail("webhook", f"one is set ({_host(url)}), so polling gets nothing", advice)
    elif settings.updates == "polling":
        yield ok("webhook", "none, as it must be: updates are polled")
    elif not url:
        yield warn("webhook", "none is set yet", _RUN)
    elif url != settings.webhook_url:
        said = f"Telegram calls another address ({_host(url)}) than telegram.webhook_url"
        yield fail("webhook", said, "find who else uses this token; " + _RUN)
    else:
        yield ok("webhook", f"Telegram calls {_host(url)}")


def _host(url: str) -> str:
    """The address without its path, which may be meant to be secret."""
    return urlsplit(url).netloc


def _last_error(info: dict[str, Any]) -> Iterator[Finding]:
    if not (message := info.get("last_error_message")):
        return
    ago = datetime.now(UTC).timestamp() - info.get("last_error_date", 0)
    said = f"Telegram's last trouble, {ago / 60:.0f} min ago: {message}"
    if ago < RECENT_SECONDS:
        yield warn(
            "webhook", said, "see Nginx's error log, its certificate, and whether vitte runs"
        )
    else:
        yield ok("webhook", said)


def _waiting(info: dict[str, Any]) -> Iterator[Finding]:
    waiting = info.get("pending_update_count", 0)
    if waiting > MANY_WAITING:
        advice = "see whether vitte runs, and vitte ledger"
        yield warn("updates", f"{waiting} wait at Telegram to be fetched", advice)


def _allowed(info: dict[str, Any]) -> Finding:
    known, wanted = set(info.get("allowed_updates", ())), set(ALLOWED_UPDATES)
    if known == wanted:
        return ok("updates", f"all {len(wanted)} kinds that vitte understands are let through")
    missing = ", ".join(sorted(wanted - known)) or "none"
    return warn(
        "updates", f"other kinds are let through than vitte asks for; missing: {missing}", _RUN
    )


async def _commands(calls: Calls, words: Words | BadWords) -> list[Finding]:
    if isinstance(words, BadWords):
        return [warn("commands", "not looked at: the words cannot be read", "mend the words first")]
    other: list[str] = []
    for code, language in MENUS:
        scope = {"type": "all_private_chats"}
        known, _ = await calls.make("getMyCommands", scope=scope, language_code=code or "")
        shown = {each.get("command"): each.get("description") for each in known}
        if shown != menu(words, language):
            other.append(code or "every other language")
    if other:
        said = f"the menu is not the present one for: {', '.join(other)}"
        return [warn("commands", said, _RUN)]
    return [ok("commands", f"the menus of {len(MENUS)} languages are the present ones")]


def _clock(told: datetime | None, now: datetime) -> Finding:
    if told is None:
        return warn("clock", "Telegram did not say what time it is", "run it again")
    off = (now - told).total_seconds()
    said = f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} Telegram's"
    advice = "timedatectl set-ntp true"
    if abs(off) >= CLOCK_FAIL_SECONDS:
        return fail("clock", said, advice)
    if abs(off) >= CLOCK_WARN_SECONDS:
        return warn("clock", said, advice)
    return ok("clock", "agrees with Telegram's")
