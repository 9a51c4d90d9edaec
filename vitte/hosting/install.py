"""The installation: a bare machine becomes one that serves, by one command that may be run again."""

import argparse
import getpass
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from vitte.errors import StepFailed
from vitte.hosting import machine as machines
from vitte.hosting import program, proxy, service, stores
from vitte.hosting.machine import Machine
from vitte.resources import ROOT

EXPLAINED: Final = """\
Makes this machine serve vitte: Debian 12 or 13, Ubuntu 24.04. As root:

  ./install.sh --dry-run --domain bot.example.com      what would be done
  ./install.sh --domain bot.example.com --webhook --email you@example.com

It installs what is missing of PostgreSQL, Redis and Nginx, makes the account vitte, a
release below /opt/vitte, the role vitte_user and the database vitte_bot, a password for
Redis, all secrets as files that root alone may read (/etc/vitte/secrets), the site of
Nginx with a certificate, the unit, the nightly backup; brings the schema up to date,
starts, and looks whether all is well. Run again it does only what is missing. It asks
for the bot's token, unless --token-file or VITTE_TELEGRAM_TOKEN has it.

Without --domain there is no Nginx: the bot asks Telegram (polling), and the API listens
on 127.0.0.1:8080. `vitte upgrade` brings a new version, `vitte uninstall` takes it away."""

TOKEN: Final = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
CONFIG: Final = """\
# Written by `vitte install`, and never again: it is yours. `vitte check-config` looks it over;
# /opt/vitte/config/vitte.toml explains every key. Secrets lie in /etc/vitte/secrets.

[telegram]
{telegram}
[http]
listen = "{listen}"
"""
ADMIN: Final = """
[admin]
listen = "unix:/run/vitte/admin.sock"
address = "https://{domain}"
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the words."""
    parser.add_argument("--domain", help="the name under which Nginx serves this machine")
    parser.add_argument("--admin-domain", help="the name of the admin panel, as admin.example.com")
    parser.add_argument(
        "--webhook", action="store_true", help="Telegram calls us there (else we ask it)"
    )
    parser.add_argument("--email", help="have Let's Encrypt give a certificate to this address")
    parser.add_argument(
        "--certificate", type=Path, metavar="FILE", help="your own: the whole chain (PEM)"
    )
    parser.add_argument("--key", type=Path, metavar="FILE", help="your own: its key (PEM)")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="the bot's token, in a file"
    )
    parser.add_argument("--telegram-api", metavar="URL", help="a Bot API server of your own")
    parser.add_argument(
        "--database-url-file", type=Path, metavar="FILE", help="a PostgreSQL of your own"
    )
    parser.add_argument("--redis-url-file", type=Path, metavar="FILE", help="a Redis of your own")
    parser.add_argument(
        "--take-redis", action="store_true", help="give the Redis that is here a password"
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="install this (else it is built here)"
    )
    parser.add_argument("--dry-run", action="store_true", help="look and tell, change nothing")
    parser.add_argument("--anyway", action="store_true", help="on a system that was not tried")


def run(given: argparse.Namespace) -> int:
    """Install; gives the exit code.

    Raises:
        NotOurMachine, StepFailed: As their names say; run it again when that is mended.
    """
    machines.refuse_strange(anyway=given.anyway)
    _refuse_contradictions(given)
    token = _token(given)
    machine = Machine(dry_run=given.dry_run)
    machine.note("vitte on this machine:")
    new_redis = bool(machine.missing("redis-server"))
    _packages(machine, given)
    release = _program(machine, given.wheel)
    service.account(machine)
    machine.folder(service.ETC, mode=0o755)
    machine.folder(stores.SECRETS, mode=0o700)
    if token:
        stores.keep_secret(machine, "telegram_token", token)
    stores.database(machine, _text(given.database_url_file))
    stores.redis(machine, _text(given.redis_url_file), new=new_redis or given.take_redis)
    _configuration(machine, given)
    service.units(machine, program.units(release))
    if given.domain:
        pair = (given.certificate, given.key) if given.certificate else None
        names = proxy.Names(given.domain, given.admin_domain)
        proxy.put_before(machine, names, given=pair, email=given.email)
    return _start(machine)


def _refuse_contradictions(given: argparse.Namespace) -> None:
    for name in filter(None, (given.domain, given.admin_domain)):
        if not proxy.DOMAIN.fullmatch(name):
            raise StepFailed(name, "this is no domain, as bot.example.com")
    if given.admin_domain and not given.domain:
        raise StepFailed("--admin-domain", "it comes beside a --domain")
    if given.webhook and not given.domain:
        raise StepFailed("--webhook", "Telegram needs a --domain to call")
    if bool(given.certificate) != bool(given.key):
        raise StepFailed("--certificate", "it comes with its --key, and the key with it")
    if given.webhook and not (given.certificate or given.email):
        raise StepFailed(
            "--webhook", "Telegram wants a certificate: --email, or --certificate and --key"
        )


def _token(given: argparse.Namespace) -> str | None:
    """The bot's token; None where it is here already, or nothing is to be changed."""
    found = _text(given.token_file) or os.environ.get("VITTE_TELEGRAM_TOKEN")
    if found is None and not (stores.SECRETS / "telegram_token").exists() and not given.dry_run:
        if not sys.stdin.isatty():
            raise StepFailed(
                "the token", "say where it is: --token-file FILE (@BotFather gives one)"
            )
        found = getpass.getpass("The bot's token, from @BotFather (it is not shown): ").strip()
    if found and not TOKEN.fullmatch(found):
        raise StepFailed("the token", "it does not look like one: digits, a colon, letters")
    return found


def _text(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as problem:
        raise StepFailed(str(path), problem.strerror or "it cannot be read") from problem


def _packages(machine: Machine, given: argparse.Namespace) -> None:
    wanted = ["python3-venv", "ca-certificates"]
    wanted += [] if given.database_url_file else ["postgresql"]
    wanted += [] if given.redis_url_file else ["redis-server"]
    wanted += (
        ["nginx-light" if _is_old_debian(machine) else "nginx", "openssl"] if given.domain else []
    )
    machine.install(*wanted)


def _is_old_debian(machine: Machine) -> bool:
    """Whether nginx is there already in another of its packages, which is as good."""
    return not machine.missing("nginx-light")


def _program(machine: Machine, named: Path | None) -> Path | None:
    """The release to use; None in a dry run that has none."""
    wheel = program.find_wheel(named) if named or not _is_checkout() else _build(machine)
    there = program.current()
    if wheel is None:
        if there is None and not machine.dry_run:
            raise StepFailed("the program", "there is no wheel to install: --wheel FILE")
        return there
    if machine.step(f"a release of {wheel.name} below {program.HOME}", needed=there is None):
        there = program.make(machine, wheel)
        program.use(machine, there)
    elif there is not None and not program.is_same(there, wheel):
        raise StepFailed(wheel.name, f"another version is installed: vitte upgrade {wheel}")
    return there


def _is_checkout() -> bool:
    return (ROOT / "pyproject.toml").is_file()


def _build(machine: Machine) -> Path | None:
    """Build the wheel of this checkout, in an environment made for that alone."""
    if not machine.step(f"build the wheel of {ROOT}", needed=True, changes=False):
        return None
    with tempfile.TemporaryDirectory() as folder:
        machine.run("python3", "-m", "venv", folder)
        pip = (f"{folder}/bin/pip", "--disable-pip-version-check", "--no-input", "--quiet")
        machine.run(*pip, "install", "--require-hashes", "-r", str(ROOT / "locks" / "build.txt"))
        machine.run(
            "env", "-C", str(ROOT), f"{folder}/bin/hatchling", "build", "-t", "wheel", "-d", "dist"
        )
    return program.find_wheel(None)


def _configuration(machine: Machine, given: argparse.Namespace) -> None:
    if service.CONFIG.exists():
        machine.step(f"{service.CONFIG} is yours and stays", needed=False)
        return
    lines = [f'api = "{given.telegram_api}"\n'] if given.telegram_api else []
    lines.append(f'updates = "{"webhook" if given.webhook else "polling"}"\n')
    if given.webhook:
        lines.append(f'webhook_url = "https://{given.domain}/telegram/hook"\n')
    listen = "unix:/run/vitte/http.sock" if given.domain else "127.0.0.1:8080"
    text = CONFIG.format(telegram="".join(lines), listen=listen)
    if given.admin_domain:
        text += ADMIN.format(domain=given.admin_domain)
    machine.write(service.CONFIG, text)


def _start(machine: Machine) -> int:
    if machine.dry_run:
        machine.note("Nothing was changed: this was a dry run.")
        return 0
    program.vitte(machine, "check-config")
    active = service.is_active()
    pending = "up to date" not in program.vitte(machine, "migrate", "--dry-run")
    if machine.step("bring the schema up to date", needed=pending and not active):
        program.vitte(machine, "migrate")
    if machine.changed or not active:
        service.restart(machine)
    machine.note(
        "vitte serves. `systemctl status vitte`, `journalctl -u vitte`, `vitte tree --live`."
    )
    return _doctor()


def _doctor() -> int:
    """Have vitte look itself over; what it finds is said, and the installation stands all the same."""
    command = str(program.BIN / "vitte")
    known = subprocess.run([command, "--help"], capture_output=True, text=True, check=False)  # noqa: S603  # ours
    if re.search(r"^ +doctor ", known.stdout, re.MULTILINE):
        sys.stdout.flush()
        subprocess.run([command, "doctor"], check=False)  # noqa: S603  # ours
    return 0
