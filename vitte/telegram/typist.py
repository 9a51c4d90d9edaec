"""The typist: shows "typing" in chats whose answer takes long enough to be missed.

Quick answers come without it; the action itself lasts five seconds, so it is shown
again while the answer is still being written. One loop serves all chats. It is a
nicety: what goes wrong with it is nobody's answer.
"""

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from typing import Final

import anyio

AFTER_SECONDS: Final = 0.3
AGAIN_SECONDS: Final = 4.5
GLANCE_SECONDS: Final = 0.1


class Typist:
    """Knows which answers are being written, and since when."""

    def __init__(self, show: Callable[[int], Coroutine[None, None, object]]) -> None:
        self._show = show
        self._due: dict[int, float] = {}
        self._work = anyio.Event()

    @contextmanager
    def writing(self, chat: int) -> Generator[None]:
        """An answer to this chat is being written for as long as the block takes."""
        if not self._due:
            self._work.set()
        self._due[chat] = anyio.current_time() + AFTER_SECONDS
        try:
            yield
        finally:
            self._due.pop(chat, None)

    async def run(self) -> None:
        """Show it where it is due, for ever."""
        async with anyio.create_task_group() as group:
            while True:
                if not self._due:
                    self._work = anyio.Event()
                    await self._work.wait()
                await anyio.sleep(GLANCE_SECONDS)
                now = anyio.current_time()
                for chat in [chat for chat, due in self._due.items() if due <= now]:
                    self._due[chat] = now + AGAIN_SECONDS
                    group.start_soon(self._show, chat)
