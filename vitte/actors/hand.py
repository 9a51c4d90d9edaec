"""The hand: the words that the outbox has in memory, in their lines, and which it leaves alone.

A plain object. Only so many words are in hand, whatever waits in the table. While
older ones may still stand there, fresh ones are not taken in: they stay in the
table too and are found in their turn, so that nothing overtakes.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from vitte.actors.governor import Governor
from vitte.actors.line import Line, Track, track_of
from vitte.store.outbox import EVERY_CHAT, OutgoingId, Pause, Waiting

PAGE: Final = 1_000
MOST_URGENT: Final = 4_000
MOST_BULK: Final = 100
_LOW: Final = MOST_URGENT - PAGE


class Hand:
    """What is in memory."""

    def __init__(self, governor: Governor, settled: Collection[OutgoingId]) -> None:
        self._governor = governor
        self._settled = settled
        self._lines: dict[tuple[int, Track], Line] = {}
        self._known: set[OutgoingId] = set()
        self._bulk = 0
        self._parked: dict[int, datetime] = {}
        self._meanwhile: list[Waiting] | None = None
        self.behind = True
        """Older words than those that are told of may stand in the table."""
        self.ended_pauses = False
        """The last look found that chats need not wait any longer."""

    # What comes in.

    def told(self, waiting: Iterable[Waiting], now: float) -> int:
        """Take fresh words in hand, or leave them to be found; give how many lines may go."""
        if self.behind:
            if self._meanwhile is not None and len(self._meanwhile) <= PAGE:
                self._meanwhile.extend(waiting)
            return 0
        if len(self._known) >= MOST_URGENT:
            self.behind = True
            return 0
        return sum(self._take_in(words, now) for words in waiting if self._is_welcome(words))

    def begin_look(self) -> tuple[int, int]:
        """Begin to look into the table; give how many urgent words and how many in bulk to find.

        Nought urgent ones means that there is no room, and no look.
        """
        known = len(self._known) + len(self._settled)
        urgent = len(self._known) - self._bulk
        bulk = MOST_BULK + known if self._bulk <= MOST_BULK // 2 else 0
        if urgent > _LOW:
            return 0, bulk
        self._meanwhile = []
        return known + PAGE, bulk

    def unknown(self, found: Iterable[OutgoingId]) -> list[OutgoingId]:
        """Give those that are to be taken in hand; until they are, what is fresh has to wait."""
        unknown = [each for each in found if each not in self._known and each not in self._settled]
        self.behind = self.behind or bool(unknown)
        return unknown

    def end_look(
        self, found: Iterable[Waiting], now: float, *, complete: bool, looked_at: datetime
    ) -> int:
        """Take in hand what was found, then what was told meanwhile; give how many lines may go.

        It was complete when nothing that was told of before stands in the table unseen.
        """
        ready = sum(self._take_in(each, now) for each in found if each.id not in self._known)
        meanwhile, self._meanwhile = self._meanwhile, None
        self.behind = not complete or len(meanwhile or ()) > PAGE
        self.ended_pauses = False
        if not self.behind:
            over = [chat for chat, until in self._parked.items() if until <= looked_at]
            for chat in over:
                del self._parked[chat]
            self.ended_pauses = bool(over)
            ready += self.told(meanwhile or (), now)
        return ready

    def give_up_look(self) -> None:
        """The table could not be read."""
        self._meanwhile = None
        self.behind = True

    # What goes out.

    def over(self, line: Line, words: Waiting) -> bool:
        """These were said, or never will be. True when there is room again for what waits."""
        self._known.discard(words.id)
        self._bulk -= line.track == "bulk"
        return self.behind and len(self._known) - self._bulk == _LOW

    def again(self, line: Line, words: Waiting) -> None:
        """These are to be said again, before those that come after them."""
        if line.place == "dropped":
            self.over(line, words)
        else:
            line.push(words)

    def rest(self, line: Line, now: float) -> None:
        """A call has ended: the line takes its turn again, or is empty."""
        if line.waiting:
            self._governor.put(line, now)
        elif line.place != "dropped":
            self._lines.pop((line.chat, line.track), None)

    def drop_chat(self, chat: int) -> None:
        """Forget what waits for a chat: it is to be found in the table again."""
        for track in ("said", "bulk"):
            line = self._lines.pop((chat, track), None)
            if line is not None:
                self._drop(line)

    def park(self, chat: int, until: datetime) -> None:
        """Leave what waits for a chat in the table until then."""
        self.drop_chat(chat)
        self._parked[chat] = until

    def start_over(self, pauses: Sequence[Pause] = ()) -> None:
        """Forget everything, for it was or is another's; these chats are parked."""
        for line in self._lines.values():
            self._drop(line)
        self._lines.clear()
        self._governor.clear()
        self._parked = {each.chat_id: each.until for each in pauses if each.chat_id != EVERY_CHAT}
        self._meanwhile = None
        self.behind = True

    def __len__(self) -> int:
        return len(self._known)

    def _is_welcome(self, words: Waiting) -> bool:
        """Tell whether told words are taken in; what is not is found when its time comes."""
        if words.id in self._known or words.id in self._settled:
            return False
        track = track_of(words)
        return track != "bulk" and (track == "aside" or words.chat_id not in self._parked)

    def _take_in(self, words: Waiting, now: float) -> bool:
        """Put words into their line; tell whether it may go at once."""
        track = track_of(words)
        key = (words.chat_id, track)
        line = self._lines.get(key)
        if line is None:
            line = self._lines[key] = Line(words.chat_id, track)
        self._known.add(words.id)
        self._bulk += track == "bulk"
        line.push(words)
        self._governor.put(line, now)
        return line.place == "ready"

    def _drop(self, line: Line) -> None:
        dropped = line.drop()
        self._known.difference_update(dropped)
        self._bulk -= len(dropped) * (line.track == "bulk")
        line.place = "dropped"
