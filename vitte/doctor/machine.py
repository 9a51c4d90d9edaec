"""The machine: room on its disks, who listens to the world, the unit, the process that runs."""

import ipaddress
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
from anyio import to_thread

from vitte import resources
from vitte.actors.watch import socket_in
from vitte.config import Config, every_key, parse_listen
from vitte.doctor.finding import Check, Finding, fail, ok, warn
from vitte.runtime import NobodyAnswers, connected
from vitte.runtime.statistics import Statistics

LITTLE: Final = 2**30
TOO_LITTLE: Final = 200 * 2**20
ANSWER_SECONDS: Final = 3.0
RECENT_SECONDS: Final = 3_600.0
OPEN_TO_ALL: Final = frozenset({22, 80, 443})
UNIT: Final = "vitte.service"
UNIT_FOLDERS: Final = ("etc/systemd/system", "usr/local/lib/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")  # fmt: skip
_LISTENING: Final = "0A"


def disk(config: Config) -> Check:
    """Whether there is room where vitte, and most likely PostgreSQL, writes."""

    async def check() -> Sequence[Finding]:
        return await to_thread.run_sync(lambda: [*_rooms([Path("/"), Path(config.data)])])

    return check


def _rooms(places: Sequence[Path]) -> Iterator[Finding]:
    seen: set[int] = set()
    for place in places:
        there = next(
            each for each in (place.absolute(), *place.absolute().parents) if each.exists()
        )
        if (device := there.stat().st_dev) in seen:
            continue
        seen.add(device)
        yield room(there, shutil.disk_usage(there).free)


def room(place: Path, free: int) -> Finding:
    """What so much free room in a place means."""
    said = f"{free / 2**30:,.1f} GiB are free at {place}"
    advice = "see what is large: du -xh --max-depth=2 / | sort -h | tail"
    if free < TOO_LITTLE:
        return fail("disk", f"{said}: PostgreSQL stops when there is none", advice)
    return warn("disk", said, advice) if free < LITTLE else ok("disk", said)


def ports(config: Config, root: Path) -> Check:
    """Who listens beyond this machine: nobody but Nginx and the way in for its keeper."""

    async def check() -> Sequence[Finding]:
        listening = await to_thread.run_sync(lambda: {*_listening(root)})
        found = [*_configured(config), *_exposed(_inner(config), listening)]
        return found or [ok("ports", "nothing of ours and no store listens beyond this machine")]

    return check


def _configured(config: Config) -> Iterator[Finding]:
    for section, text in _listens(config):
        if not parse_listen(text).loopback:
            said = f"{section}.listen is {text}: others than this machine may come in"
            yield fail(
                "ports", said, f"set {section}.listen to a loopback address or a unix socket"
            )


def _listens(config: Config) -> Iterator[tuple[str, str]]:
    """Every address on which we listen, by its section."""
    for key in every_key():
        if key.name == "listen":
            yield key.section, getattr(config, key.section).listen


def _inner(config: Config) -> dict[int, str]:
    """The ports that nobody outside should reach, and whose they are."""
    inner = {5432: "PostgreSQL", 6379: "Redis", 9090: "Prometheus", 3000: "Grafana"}
    for name, url in (("PostgreSQL", config.database.url), ("Redis", config.redis.url)):
        if port := urlsplit(url.reveal()).port:
            inner[port] = name
    for section, text in _listens(config):
        if port := parse_listen(text).port:
            inner[port] = f"vitte's {section}"
    return inner


def _exposed(inner: dict[int, str], listening: set[int]) -> Iterator[Finding]:
    for port in sorted(listening & inner.keys()):
        said = f"port {port} ({inner[port]}) can be reached from beyond this machine"
        yield fail(
            "ports",
            said,
            "bind it to 127.0.0.1 in its own configuration, and close it in the firewall",
        )
    if others := sorted(listening - inner.keys() - OPEN_TO_ALL):
        said = f"other programs listen beyond this machine: {', '.join(map(str, others))}"
        yield warn(
            "ports", said, "ss -ltnp shows who; stop or bind to 127.0.0.1 what the world needs not"
        )


def _listening(root: Path) -> Iterator[int]:
    """The TCP ports on which somebody listens beyond loopback. Source: proc_pid_net(5)."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (root / "proc" / "net" / table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            _, local, _, state, *_ = line.split()
            host, port = local.split(":")
            if state == _LISTENING and not _address(host).is_loopback:
                yield int(port, 16)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address as the kernel prints it: words of 32 bits, each the little end first."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def unit(root: Path) -> Check:
    """Whether systemd has our unit, and the one that belongs to this version."""

    async def check() -> Sequence[Finding]:
        return [await to_thread.run_sync(_unit, root)]

    return check


def _unit(root: Path) -> Finding:
    ours = resources.ROOT / "systemd" / UNIT
    if not (root / "run/systemd/system").is_dir():
        return ok("unit", "systemd does not run here")
    found = next((p for folder in UNIT_FOLDERS if (p := root / folder / UNIT).is_file()), None)
    if found is None:
        return warn("unit", f"{UNIT} is not installed: nobody starts vitte after a reboot", f"install {ours}, then systemctl enable --now vitte")  # fmt: skip
    if _directives(found) != _directives(ours):
        said = f"{found} is not that of this version"
        return warn("unit", said, f"diff {found} {ours}; put your own settings into a drop-in: systemctl edit vitte")  # fmt: skip
    return ok("unit", f"{found} is that of this version")


def _directives(path: Path) -> list[str]:
    """What a unit says, without comments."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and line[0] not in "#;"]


def process(config: Config) -> Check:
    """Whether vitte runs here, and how its tree does."""

    async def check() -> Sequence[Finding]:
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                async with connected(socket_in(config.data)) as client:
                    snapshot = await client.snapshot()
        except (NobodyAnswers, TimeoutError):
            said = f"none answers at {socket_in(config.data)}: vitte does not run, or is another's"
            return [warn("process", said, "systemctl status vitte, or vitte run")]
        return [_tree(snapshot.process, snapshot.places)]

    return check


def _tree(number: int, places: Sequence[Statistics]) -> Finding:
    fallen = [place.path for place in places if any(f.ago < RECENT_SECONDS for f in place.falls)]
    said = (
        f"runs as {number} for {places[0].uptime / 60:,.0f} min, {len(places)} places in its tree"
    )
    if fallen:
        advice = "vitte tree --live shows why, and the log has the stacks"
        return warn("process", f"{said}; fell within the hour: {', '.join(fallen)}", advice)
    return ok("process", said)
