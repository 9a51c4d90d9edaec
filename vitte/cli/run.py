"""``vitte run``: production. Starts the tree and keeps it until it is told to stop."""

import argparse
import faulthandler
import logging
import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from vitte import garbage, log, passwords, redaction
from vitte.actors import herald, observer
from vitte.cli import command
from vitte.config import Config, every_secret
from vitte.errors import BadConfiguration, DatabaseAway, Fault
from vitte.runtime import Events, GaveUp, StartFailed, start

if TYPE_CHECKING:
    from vitte.actors.keeper import Migrate
    from vitte.house import House

EXPLAINED = """\
Serves the bot: starts the tree of actors and keeps it up, until SIGTERM or Ctrl-C.
It then stops in reverse order: no new updates, the answers in hand are finished,
the connections are closed.

It needs a token, a PostgreSQL (15 or newer) and a Redis (7 or newer) or Valkey:

  VITTE_TELEGRAM_TOKEN=123456:ABC... \\
  VITTE_DATABASE_URL=postgresql://vitte@localhost/vitte \\
  VITTE_REDIS_URL=redis://localhost:6379/0 \\
  vitte run

Migrations that are pending are applied first (see vitte migrate), or as soon as
PostgreSQL is there; --no-migrate leaves that to you. Logs are JSON lines on standard output."""

_log = logging.getLogger("vitte")


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "run", run, explained=EXPLAINED)
    command.takes_config(parser)
    parser.add_argument(
        "--no-migrate", dest="migrate", action="store_false", help="apply no migrations"
    )


def run(given: argparse.Namespace) -> int:
    """Serve until the process is told to stop."""
    config = command.read_config(given).config
    _refuse_weak_passwords(config)
    log.start(config.log.level, secrets(config))
    # systemd's watchdog ends us with SIGABRT: then the stacks tell where the loop stood still.
    faulthandler.enable()
    systemd, later = _systemd(), None
    with _reporting(config):
        if given.migrate:
            systemd.tell("STATUS=Bringing the schema up to date")
            later = None if _migrate(config) else partial(_apply, config)
        systemd.tell("STATUS=Starting the tree")
        return in_the_loop(serve, furnish(config, systemd, later))


def _refuse_weak_passwords(config: Config) -> None:
    """Serve nobody behind a password that anybody tries first.

    Raises:
        BadConfiguration: One is weak.
    """
    urls = {"database.url": config.database.url, "redis.url": config.redis.url}
    faults = [
        Fault(key=key, problem=f"its password {weak}", source="as it is set")
        for key, url in urls.items()
        if (weak := passwords.of_url(url.reveal())) is not None
    ]
    if faults:
        raise BadConfiguration(faults)


def _systemd() -> herald.Systemd:
    systemd = herald.listening(os.environ)
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)
    return systemd


@contextmanager
def _reporting(config: Config) -> Generator[None]:
    """Report errors to Sentry for the block, where a DSN is set."""
    if not config.sentry.dsn:
        yield
        return
    from vitte import sentry  # noqa: PLC0415  # most have none

    end = sentry.start(
        config.sentry.dsn.reveal(), config.sentry.share, redaction.Redactor(secrets(config))
    )
    try:
        yield
    finally:
        end()


def in_the_loop(main: Callable[..., Any], *given: object) -> int:
    """Run an async function on uvloop; gives its exit code."""
    return anyio.run(main, *given, backend_options={"use_uvloop": True})


def secrets(config: Config) -> list[str]:
    """What must never be seen in a log: every secret that is set, and the one that is derived."""
    given = [secret.reveal() for _, secret in every_secret(config)]
    return [*given, config.telegram.secret_token()]


def furnish(
    config: Config, systemd: herald.Systemd | None = None, migrate: "Migrate | None" = None
) -> "House":
    """Make what the tree needs. It reads files, so it comes before the loop.

    ``migrate`` is what is still to be done to the schema when PostgreSQL is there.
    """
    # The greater part of the program is imported here: not before the configuration is good.
    garbage.wait()
    from vitte.house import House  # noqa: PLC0415

    return House(config, systemd=systemd, migrate=migrate)


async def serve(house: "House", ready: Callable[[], None] = lambda: None) -> int:
    """Start the tree and keep it; ``ready`` is called when everything is up."""
    from vitte import tree  # noqa: PLC0415  # as above

    events = Events()
    spec = tree.plant(house)
    observer.observe(events, spec)
    try:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with start(spec, events=events) as running:
                garbage.begin()
                ready()
                async with anyio.create_task_group() as group:
                    group.start_soon(_until_told, signals, group.cancel_scope, house.systemd)
                    await running.wait()
    except (GaveUp, StartFailed) as problem:
        _log.critical("The process ends: %s", problem)
        print(f"vitte: {problem}", file=sys.stderr)  # the log may go elsewhere
        return 1
    finally:
        await house.services.redis.aclose()
        house.systemd.close()
    _log.info("Stopped")
    return 0


async def _until_told(signals: Any, scope: anyio.CancelScope, systemd: herald.Systemd) -> None:
    async for number in signals:
        systemd.tell("STOPPING=1", "STATUS=Stopping: what is in hand is finished")
        _log.info("Stopping: %s", signal.Signals(number).name)
        scope.cancel()
        return


def _migrate(config: Config) -> bool:
    """Bring the schema up to date; False where PostgreSQL is away."""
    try:
        for name in _apply(config):
            _log.info("Migration applied: %s", name)
    except DatabaseAway as problem:
        # The tree comes up all the same, and says that it is down. No traceback for what a sentence says.
        _log.error("PostgreSQL is away, so no migration was applied: %s", problem)
        return False
    return True


def _apply(config: Config) -> list[str]:
    from vitte.store import migrations  # noqa: PLC0415  # yoyo is slow to import

    return migrations.apply(config.database.url.reveal())
