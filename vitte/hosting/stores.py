"""The stores of this machine: vitte's database and role in PostgreSQL, and Redis's password.

Owns the secrets ``database_url`` and ``redis_url``: made once, kept for ever, told to
nobody. What is there already is used; another's Redis is not touched.
"""

import secrets
from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

SECRETS: Final = Path("/etc/vitte/secrets")
OPERATIONS: Final = ROOT / "sql" / "operations"
REDIS: Final = Path("/etc/redis/redis.conf")
OURS: Final = Path("/etc/redis/vitte.conf")
# It stays when we go, and tells whom this Redis was for.
TAKEN: Final = "# vitte's own settings, over those above."
PSQL: Final = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1")

REDIS_SETTINGS: Final = """\
# Written by `vitte install`. Redis holds nothing of vitte's that cannot be lost.
bind 127.0.0.1 -::1
protected-mode yes
requirepass {password}
maxmemory 256mb
maxmemory-policy allkeys-lru
save ""
appendonly no
"""


def keep_secret(machine: Machine, name: str, text: str) -> None:
    """Write a secret for root alone (0400); what it is is not said."""
    machine.write(SECRETS / name, text + "\n", mode=0o400)


def password() -> str:
    """A password that nobody thinks of: 192 random bits."""
    return secrets.token_urlsafe(24)


def database(machine: Machine, given: str | None) -> None:
    """Have a database, and the secret of how it is reached."""
    kept = SECRETS / "database_url"
    if given:
        keep_secret(machine, kept.name, given)
        return
    there = machine.says(*PSQL, "-d", "vitte_bot", "-c", "SELECT 1") == "1"
    what = "PostgreSQL: the role vitte_user and its database vitte_bot"
    if not machine.step(what, needed=not (kept.exists() and there)):
        return
    word = _known_password(kept) or password()
    script = (OPERATIONS / "make_database.sql").read_text()
    machine.run(*PSQL, "-d", "postgres", "-f", "-", stdin=script, more={"VITTE_PASSWORD": word})
    port = machine.run(*PSQL, "-d", "postgres", "-c", "SHOW port").strip()
    keep_secret(machine, kept.name, f"postgresql://vitte_user:{word}@127.0.0.1:{port}/vitte_bot")


def _known_password(kept: Path) -> str | None:
    """The password of before: the database may be gone while the secret is there."""
    if not kept.exists():
        return None
    return kept.read_text().partition("vitte_user:")[2].partition("@")[0] or None


def redis(machine: Machine, given: str | None, *, new: bool) -> None:
    """Have a Redis with a password, and the secret of how it is reached.

    Raises:
        StepFailed: There was a Redis before us, which may be another's.
    """
    kept = SECRETS / "redis_url"
    if given:
        keep_secret(machine, kept.name, given)
        return
    include = f"include {OURS}"
    configured = REDIS.read_text() if REDIS.exists() else ""
    ours = OURS.exists() and include in configured.splitlines()
    if not (new or ours or machine.dry_run or _was_ours(machine, configured)):
        raise StepFailed(
            "Redis",
            "it was installed before and may serve others, so it is left alone: say --redis-url-file"
            " to use it, or --take-redis to give it a password",
        )
    if not machine.step("Redis: a password, loopback only", needed=not (ours and kept.exists())):
        return
    word = password()
    machine.write(OURS, REDIS_SETTINGS.format(password=word), mode=0o640, owner="redis")
    if include not in configured.splitlines():
        bare = configured.replace(f"\n{TAKEN}\n", "")
        REDIS.write_text(f"{bare}\n{TAKEN}\n{include}\n")
    machine.run("systemctl", "restart", "redis-server")
    keep_secret(machine, kept.name, f"redis://:{word}@127.0.0.1:6379/0")


def _was_ours(machine: Machine, configured: str) -> bool:
    """Whether this Redis was vitte's once, and nobody has begun to use it since.

    Nobody: it has no password, holds nothing, and we are the only one who is connected.
    """
    if TAKEN not in configured.splitlines():
        return False
    clients = machine.says("redis-cli", "info", "clients") or ""
    return "connected_clients:1" in clients.split() and (
        machine.says("redis-cli", "info", "keyspace") or ""
    ).split() == ["#", "Keyspace"]


def drop(machine: Machine) -> None:
    """Drop the database and the role, and take our settings out of Redis."""
    if machine.step("PostgreSQL: drop vitte_bot and vitte_user", needed=True):
        script = (OPERATIONS / "drop_database.sql").read_text()
        machine.run(*PSQL, "-d", "postgres", "-f", "-", stdin=script)
    if OURS.exists() and machine.step("Redis: without vitte's settings", needed=True):
        lines = REDIS.read_text().splitlines(keepends=True)
        REDIS.write_text("".join(line for line in lines if str(OURS) not in line))
        OURS.unlink()
        machine.run("systemctl", "restart", "redis-server")
