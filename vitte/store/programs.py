"""PostgreSQL's own programs: pg_dump and its kin, found, and run on our database.

Owns nothing. They are told where the database is by libpq's environment variables, so
that no password stands in an argv. Of several versions on a machine the one of the
server is taken, or the newest: an older pg_dump refuses a newer server.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from vitte.errors import ProgramFailed, ProgramMissing

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian and Ubuntu keep each version's programs, in <version>/bin."""


class Programs:
    """The programs, and the database that they work on."""

    def __init__(self, url: str, folder: Path | None = None) -> None:
        self.url = url
        self._folder = folder
        given = conninfo_to_dict(url)
        self.database = str(given.get("dbname") or given.get("user") or "")

    def run(self, name: str, *words: str) -> str:
        """Run one to its end; give what it printed.

        Raises:
            ProgramMissing: when it is not on this machine.
            ProgramFailed: when it does not do what it was asked for.
        """
        command = [self._find(name), *words]
        done = subprocess.run(  # noqa: S603  # our own words, no shell
            command,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", **_variables(self.url)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise ProgramFailed(name, done.stderr.strip())
        return done.stdout

    def _find(self, name: str) -> str:
        if self._folder is not None:
            found = [self._folder / name]
        else:
            found = sorted(DEBIAN.glob(f"*/bin/{name}"), key=_version, reverse=True)
        for path in found:
            if os.access(path, os.X_OK):
                return str(path)
        path = None if self._folder else shutil.which(name)
        if path is None:
            raise ProgramMissing(name)
        return path


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", path.parts[-3]))


def _variables(url: str) -> dict[str, str]:
    """What libpq reads from the environment instead of the URL."""
    return {
        option.envvar.decode(): option.val.decode()
        for option in pq.Conninfo.parse(url.encode())
        if option.envvar is not None and option.val is not None
    }
