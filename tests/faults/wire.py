"""A line to PostgreSQL that can be cut between a commit and the answer that tells of it."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import anyio
from anyio.abc import AnyByteStream, SocketStream

SOCKET: Final = ".s.PGSQL.5432"
HUNG_UP: Final = (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError)
READY: Final = b"Z\x00\x00\x00\x05I"
"""What PostgreSQL says when a statement that stands alone is committed: ReadyForQuery, idle."""


class Wire:
    """Passes on every byte, until it is to cut.

    A statement is known by its first words, and afterwards by the name under which it was
    prepared. Source: PostgreSQL's "Message Formats", Parse and Bind.
    """

    def __init__(self, server: Path, words: bytes) -> None:
        self._server = server / SOCKET
        self._parse = re.compile(rb"P.{4}(\w*)\x00\s*" + re.escape(words), re.DOTALL)
        self._to_cut = 0
        self._lines: set[Line] = set()
        self.cuts = 0

    def cut_next(self) -> None:
        """Lose the answer to the next such statement, and the connection with it."""
        self._to_cut += 1

    @asynccontextmanager
    async def laid(self, folder: Path) -> AsyncGenerator[None]:
        """Let connections come in by a folder while the block lasts."""
        async with (
            await anyio.create_unix_listener(folder / SOCKET) as listener,
            anyio.create_task_group() as group,
        ):
            group.start_soon(listener.serve, self._carry)
            yield
            for line in list(self._lines):
                await line.hang_up()
            group.cancel_scope.cancel()

    async def _carry(self, client: SocketStream) -> None:
        async with client, await anyio.connect_unix(self._server) as server:
            line = Line(self, client, server)
            self._lines.add(line)
            await line.carry()
            self._lines.remove(line)

    def hears(self, chunk: bytes, names: set[bytes]) -> bool:
        """Look at what a client says; whether its answer is to be lost."""
        names.update(self._parse.findall(chunk))
        if self._to_cut and any(b"\x00" + name + b"\x00" in chunk for name in names):
            self._to_cut -= 1
            return True
        return False


class Line:
    """One connection."""

    def __init__(self, wire: Wire, client: AnyByteStream, server: AnyByteStream) -> None:
        self._wire, self._client, self._server = wire, client, server
        self._names: set[bytes] = set()
        self._doomed = False

    async def carry(self) -> None:
        """Carry both ways until either side hangs up, or the line is cut."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._ask)
            with suppress(*HUNG_UP):
                await self._answer()
            await self.hang_up()

    async def hang_up(self) -> None:
        """Close both ends: whoever listens on one hears it."""
        # To cancel a receive instead may meet the byte that ends it, which asyncio takes ill.
        await self._client.aclose()
        await self._server.aclose()

    async def _ask(self) -> None:
        with suppress(*HUNG_UP):
            while True:
                chunk = await self._client.receive()
                self._doomed = self._doomed or self._wire.hears(chunk, self._names)
                await self._server.send(chunk)
        await self.hang_up()

    async def _answer(self) -> None:
        lost = b""
        while True:
            chunk = await self._server.receive()
            if not self._doomed:
                await self._client.send(chunk)
                continue
            lost += chunk
            if READY in lost:
                self._wire.cuts += 1
                return
