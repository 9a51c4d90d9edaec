"""The control socket: a running tree shows itself to its owner, and to nobody else.

The server is an actor on a unix socket that only the owner may open (0600). A line
that says ``statistics`` is answered by one line of JSON, so that also ``nc -U`` will
do. The client gives a :class:`Snapshot`, and two of them make a table with rates.
"""

import os
import socket
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio.abc import SocketListener, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from msgspec import Struct

from vitte.runtime.actor import Life
from vitte.runtime.errors import RuntimeFault
from vitte.runtime.statistics import Statistics

QUESTION = b"statistics\n"
LONGEST = 64 * 1024 * 1024
ANSWERED_WITHIN = 5.0


class SocketTaken(RuntimeFault):
    """Raised when another process answers at the control socket already."""


class NobodyAnswers(RuntimeFault):
    """Raised when no running tree answers at the control socket."""


class Snapshot(Struct, frozen=True, kw_only=True):
    """A whole tree at one moment; ``at`` is the monotonic clock of its process."""

    at: float
    process: int
    places: tuple[Statistics, ...]


class ControlSocket:
    """Serves the statistics of its own tree: ``Child("control", lambda: ControlSocket(path))``.

    Of the children of a dynamic supervisor those with the fullest mailboxes are shown,
    ``most`` of them.
    """

    def __init__(self, path: Path, *, most: int = 20) -> None:
        self._path = path
        self._most = most

    async def run(self, life: Life[Any]) -> None:
        """Listen until the end; the socket goes with the life."""
        listener = await SocketListener.from_socket(await anyio.to_thread.run_sync(self._bind))
        try:
            async with listener:
                life.ready()
                await listener.serve(lambda stream: self._answer(stream, life))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(lambda: self._path.unlink(missing_ok=True))

    def _bind(self) -> socket.socket:
        """Bind, after a dead process's socket is out of the way; in a thread."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            if self._path.is_socket():
                self._remove_if_dead()
            # The file must not be open to others even for a moment, so not bind, then chmod.
            before = os.umask(0o177)
            try:
                server.bind(str(self._path))
            finally:
                os.umask(before)
            server.listen()
            server.setblocking(False)  # noqa: FBT003 - the standard library asks for it so
        except BaseException:
            server.close()
            raise
        return server

    def _remove_if_dead(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self._path))
            except ConnectionRefusedError:
                self._path.unlink(missing_ok=True)
                return
        raise SocketTaken(f"another process answers at {self._path}")

    async def _answer(self, stream: SocketStream, life: Life[Any]) -> None:
        async with stream:
            lines = BufferedByteReceiveStream(stream)
            try:
                while await lines.receive_until(b"\n", 100) == QUESTION.strip():
                    await stream.send(self._encode(life))
            except (anyio.BrokenResourceError, anyio.IncompleteRead, anyio.DelimiterNotFound):
                return  # the client is gone, or never was one of ours

    def _encode(self, life: Life[Any]) -> bytes:
        tree = life.tree
        places = tuple(tree.statistics(most=self._most))
        return (
            msgspec.json.encode(Snapshot(at=tree.loop.now(), process=os.getpid(), places=places))
            + b"\n"
        )


@asynccontextmanager
async def connected(path: Path) -> AsyncGenerator["Client"]:
    """Connect to the control socket of a running tree.

    Raises:
        NobodyAnswers: there is no socket, or nobody behind it, or it is not the owner's.
    """
    try:
        found = await anyio.Path(path).stat()
        if not stat.S_ISSOCK(found.st_mode):
            raise NobodyAnswers(f"{path} is no socket")
        stream = await anyio.connect_unix(path)
    except OSError as error:
        raise NobodyAnswers(f"no running tree answers at {path}: {error.strerror}") from error
    async with stream:
        yield Client(stream)


class Client:
    """One connection to a running tree."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._lines = BufferedByteReceiveStream(stream)

    async def snapshot(self) -> Snapshot:
        """Ask how the tree does.

        Raises:
            NobodyAnswers: the process is gone, or does not answer in its time.
        """
        try:
            with anyio.fail_after(ANSWERED_WITHIN):
                await self._stream.send(QUESTION)
                line = await self._lines.receive_until(b"\n", LONGEST)
        except (TimeoutError, anyio.BrokenResourceError, anyio.IncompleteRead) as error:
            raise NobodyAnswers("the running tree does not answer") from error
        return msgspec.json.decode(line, type=Snapshot)
