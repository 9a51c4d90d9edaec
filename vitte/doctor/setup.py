"""What was set up by hand: the configuration, the words, the secrets."""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from anyio import to_thread

from vitte import i18n
from vitte.config import LOOPBACK, Config, every_secret
from vitte.config_reader import Loaded
from vitte.doctor.finding import Check, Finding, fail, ok, warn
from vitte.errors import BadConfiguration, BadWords
from vitte.i18n import Words
from vitte.passwords import weakness

SHORTEST_SECRET: Final = 16


def configuration(read: Loaded | BadConfiguration) -> Check:
    """Whether it can be used, and what looks misspelt."""

    async def check() -> list[Finding]:
        if isinstance(read, BadConfiguration):
            advice = "mend it (config/vitte.toml explains every key); the rest is looked at then"
            return [fail("configuration", str(fault), advice) for fault in read.faults]
        strange = [warn("configuration", text, "correct or remove it") for text in read.warnings]
        return strange or [ok("configuration", f"good, read from {read.source}")]

    return check


def read_words() -> Words | BadWords:
    """Read the words, or say what is wrong with them; takes a while of the processor."""
    try:
        return i18n.load()
    except BadWords as problem:
        return problem


def words(read: Words | BadWords) -> Check:
    """Whether both languages are complete."""

    async def check() -> list[Finding]:
        if isinstance(read, BadWords):
            advice = "install the program anew, or mend the files in locales/"
            return [fail("words", fault, advice) for fault in read.faults[:3]]
        lines = len(read.names())
        return [ok("words", f"{lines} lines in each of {', '.join(i18n.LANGUAGES)}")]

    return check


def secrets(loaded: Loaded) -> Check:
    """Whether somebody could guess a password, or read one in a file."""

    async def check() -> Sequence[Finding]:
        found = [*_weak(loaded.config), *await to_thread.run_sync(_readable, loaded)]
        return found or [ok("secrets", "none is weak, none can be read by others")]

    return check


def _weak(config: Config) -> Iterator[Finding]:
    database, redis = (urlsplit(each.url.reveal()) for each in (config.database, config.redis))
    yield from _password("database.url", database, needed=False)
    yield from _password("redis.url", redis, needed=True)
    given = config.telegram.webhook_secret.reveal()
    if given and len(given) < SHORTEST_SECRET:
        said = f"telegram.webhook_secret is shorter than {SHORTEST_SECRET} characters"
        yield fail("secrets", said, "remove it: it is then derived from the token")


def _password(key: str, url: SplitResult, *, needed: bool) -> Iterator[Finding]:
    local = _is_socket(url)
    password = unquote(url.password or "")
    if password:
        reason = weakness(password, url.username or "", url.hostname or "", url.path.strip("/"))
        if reason is not None:
            advice = "make one with `openssl rand -hex 24`, set it in the store and here"
            yield fail("secrets", f"the password in {key} {reason}", advice)
    elif not local and (needed or url.hostname not in (None, *LOOPBACK)):
        said = f"there is no password in {key}, and the store is reached over TCP"
        yield warn("secrets", said, "set one in the store and here, or use a unix socket")


def _is_socket(url: SplitResult) -> bool:
    host = parse_qs(url.query).get("host", [unquote(url.hostname or "")])[0]
    return url.scheme == "unix" or host.startswith("/")


def _readable(loaded: Loaded) -> list[Finding]:
    """A configuration file that everybody may read, and the secrets that it holds."""
    path = Path(loaded.source)
    if not path.is_file() or not path.stat().st_mode & stat.S_IROTH:
        return []
    text = path.read_text(encoding="utf-8")
    held = [key.path for key, secret in every_secret(loaded.config) if secret.reveal() in text]
    if not held:
        return []
    said = f"{path} can be read by everybody and holds {', '.join(held)}"
    return [fail("secrets", said, f"chmod 0640 {path}, and change what was there to be read")]
