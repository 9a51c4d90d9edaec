"""The doctor: looks at an installation and says of each part how it is, and what to do next.

It needs nothing to run and changes nothing. Each part is looked at side by side with
the others and within a time of its own: what is away costs its own line, no other.
"""

from pathlib import Path

from anyio import to_thread

from vitte.config_reader import Loaded
from vitte.doctor import machine, setup, stores, telegram
from vitte.doctor.finding import Check, Finding, Look, State, look_at
from vitte.errors import BadConfiguration, BadWords
from vitte.i18n import Words
from vitte.redaction import Redactor

__all__ = ["Finding", "State", "examine"]


async def examine(
    read: Loaded | BadConfiguration, redactor: Redactor, root: Path = Path("/")
) -> list[Finding]:
    """Everything that was found, in the order of the list.

    Without a configuration only what needs none is looked at. ``root`` is where the
    machine's own files are looked for.
    """
    # First and alone: a busy processor would be taken for a server that answers late.
    words = await to_thread.run_sync(setup.read_words)
    looks = [
        Look("configuration", setup.configuration(read)),
        Look("words", setup.words(words)),
        Look("unit", machine.unit(root)),
    ]
    if not isinstance(read, BadConfiguration):
        looks += _of(read, words, root)
    return await look_at(looks, redactor)


# fmt: off
def _of(loaded: Loaded, words: Words | BadWords, root: Path) -> list[Look]:
    """What is looked at where there is a configuration: the check's name, and who makes it."""
    config = loaded.config
    checks: list[tuple[str, Check]] = [
        ("token", telegram.check(config.telegram, words)),
        ("database", stores.database(config.database)),
        ("redis", stores.redis(config.redis)),
        ("secrets", setup.secrets(loaded)),
        ("disk", machine.disk(config)),
        ("ports", machine.ports(config, root)),
        ("process", machine.process(config)),
    ]
    return [Look(name, check) for name, check in checks]
# fmt: on
