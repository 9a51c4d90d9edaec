"""The governor: which words may go to Telegram now, and which next.

A plain object, judged by the time that it is given. Words wait in lines: a chat's
own, in its order; beside it what answers a button or a payment of the chat, which
waits for no order and no pause; and beside it what is sent in bulk. So many calls
at once; who pays goes before who waits for a reply, and both before what is sent
in bulk, which is paced below Telegram's limits (30 a second overall, one a second
a chat). A group is sent 20 words a minute, whatever they are. A chat that
Telegram told to wait waits as long as it was told, and nobody else does, unless
so many are told at once that it must be meant for all.
"""

import heapq
import random
from collections import deque
from itertools import count
from typing import Final

from vitte.actors.line import Line
from vitte.store.outbox import Lane

BULK_A_SECOND: Final = 25.0
LEAST_BULK_A_SECOND: Final = 5.0
# A little more than Telegram's second and minute: it counts when words arrive, we when they go.
CHAT_SECONDS: Final = 1.05
GROUP_WORDS: Final = 20
GROUP_SECONDS: Final = 61.0
LONGEST_PAUSE_SECONDS: Final = 60.0
# So many chats that had not earned it, refused within so many seconds: all are meant.
MANY_REFUSED: Final = 3
REFUSED_SECONDS: Final = 2.0
# So many calls that failed in a row: it is Telegram or the network, and no chat's own trouble.
MANY_FAILED: Final = 3
MOST_REMEMBERED: Final = 2_048
NEVER: Final = float("inf")


class Governor:
    """Lanes, slots, paces and pauses."""

    def __init__(self, *, slots: int) -> None:
        self._slots = slots
        self._kept_for_payments = slots // 16
        self._most_bulk = max(1, slots // 4)
        self._calls = self._bulk_calls = 0
        self._ready: tuple[deque[Line], ...] = tuple(deque() for _ in Lane)
        self._asleep: list[tuple[float, int, Line]] = []
        self._order = count()
        self._paused: dict[int, float] = {}
        self._all_until = 0.0
        self._last: dict[int, float] = {}
        self._most_last = self._most_paused = MOST_REMEMBERED
        self._groups: dict[int, deque[float]] = {}
        self._refused: deque[tuple[float, int, float]] = deque()
        self._next_bulk = self._urgent = self._urgent_at = 0.0
        self._failed = 0

    def put(self, line: Line, now: float) -> None:
        """Let a line with waiting words take its turn, or sleep until it may."""
        if line.place in ("calling", "dropped"):
            return
        due = self._due(line)
        if due > now:
            if line.place == "asleep":
                return
            line.place = "asleep"
            heapq.heappush(self._asleep, (due, next(self._order), line))
        elif line.place != "ready" or line.waiting[0][0] < line.lane:
            line.place, line.lane = "ready", line.waiting[0][0]
            self._ready[line.lane].append(line)

    def next(self, now: float) -> Line | None:
        """Give the line whose words are to be said now, in its hand; ``done`` gives the slot back."""
        self.wake(now)
        if self._calls >= self._slots or now < self._all_until:
            return None
        if self._failed >= MANY_FAILED and self._calls:
            return None  # Telegram is in trouble: one call at a time tries whether it still is
        for lane, ready in enumerate(self._ready):
            if not ready or not self._has_room(lane, now):
                continue
            while ready:
                line = ready.popleft()
                if line.place != "ready" or line.lane != lane:
                    continue  # it has moved to a more urgent place, or its words are gone
                line.place = "idle"
                if not line.waiting:
                    continue
                if line.waiting[0][0] != lane or self._due(line) > now:
                    self.put(line, now)
                    continue
                self._begin(line, now)
                return line
        return None

    def done(self, line: Line) -> None:
        """Give the slot of a call back."""
        self._calls -= 1
        self._bulk_calls -= line.track == "bulk"
        if line.place == "calling":
            line.place = "idle"

    def wake(self, now: float) -> int:
        """Let lines whose time has come take their turn; give how many."""
        woken = 0
        while self._asleep and self._asleep[0][0] <= now:
            line = heapq.heappop(self._asleep)[2]
            if line.place == "asleep":
                line.place = "idle"
                if line.waiting:
                    self.put(line, now)
                    woken += 1
        return woken

    def has_ready(self) -> bool:
        """Tell whether any line may be waiting for nothing but a slot or its pace."""
        return any(self._ready)

    def due(self, now: float) -> float:
        """The time at which ``next`` may give something that it does not give now."""
        due = self._asleep[0][0] if self._asleep else NEVER
        if now < self._all_until:
            return max(self._all_until, 0.0 if any(self._ready) else due)
        if now < self._next_bulk and any(self._ready[Lane.REMINDER :]):
            due = min(due, self._next_bulk)
        return due

    # What Telegram answers.

    def pause(self, line: Line, seconds: float, now: float) -> None:
        """Let a line wait, and with it all that is said in its chat; a longer wait stands."""
        if line.track == "aside":
            line.until = max(line.until, now + seconds)
        else:
            self.pause_chat(line.chat, seconds, now)

    def pause_chat(self, chat: int, seconds: float, now: float) -> None:
        """Let a chat wait; a longer wait that it was told before stands."""
        if len(self._paused) > self._most_paused:
            self._paused = _since(self._paused, now)
            self._most_paused = max(MOST_REMEMBERED, 2 * len(self._paused))
        self._paused[chat] = max(now + seconds, self._paused.get(chat, 0.0))

    def pause_all(self, seconds: float, now: float) -> None:
        """Let everybody wait."""
        self._all_until = max(self._all_until, now + seconds)

    def refused(self, line: Line, seconds: float, now: float) -> bool:
        """Telegram told a line to wait. True when it must be meant for all, who wait then.

        Telegram does not say whom it means. A chat that was sent to within the last second
        has earned its own wait; but when several are refused at once that have not, the
        limit they ran into is the bot's.
        """
        self.pause(line, seconds, now)
        if now - line.sent_before <= CHAT_SECONDS:
            return False
        refused = self._refused
        while refused and refused[0][0] < now - REFUSED_SECONDS:
            refused.popleft()
        refused.append((now, line.chat, now + seconds))
        if len({chat for _, chat, _ in refused}) < MANY_REFUSED:
            return False
        self._all_until = max(self._all_until, *(until for _, _, until in refused))
        refused.clear()
        return True

    def failed(self, line: Line, now: float) -> None:
        """A call came to nothing: let its line wait, longer each time; after many, everybody."""
        self._failed += 1
        line.until = now + backoff(line.tries)
        if self._failed >= MANY_FAILED:
            self.pause_all(backoff(min(self._failed - MANY_FAILED, 4)), now)

    def well(self, now: float) -> None:
        """Telegram answers. After a time in which it did not, nobody waits for that any more."""
        was_away, self._failed = self._failed >= MANY_FAILED, 0
        if was_away:
            asleep, self._asleep = self._asleep, []
            for _, _, line in asleep:
                if line.place == "asleep":
                    line.place, line.until = "idle", 0.0
                    self.put(line, now)

    def clear(self) -> None:
        """Forget who waits; what was told of pauses, and the calls under way, stay."""
        for lane in self._ready:
            lane.clear()
        self._asleep.clear()

    def remembered(self) -> int:
        """Count the chats of which something is remembered."""
        return len(self._paused) + len(self._last)

    # When a line may go.

    def _due(self, line: Line) -> float:
        due = line.until
        if line.track == "aside":
            return due
        chat = line.chat
        due = max(due, self._paused.get(chat, 0.0))
        if chat < 0 and (sent := self._groups.get(chat)) and len(sent) == GROUP_WORDS:
            due = max(due, sent[0] + GROUP_SECONDS)
        if line.track == "bulk":
            due = max(due, self._last.get(chat, float("-inf")) + CHAT_SECONDS)
        return due

    def _has_room(self, lane: int, now: float) -> bool:
        if lane >= Lane.REMINDER and (now < self._next_bulk or self._bulk_calls >= self._most_bulk):
            return False
        return lane == Lane.PAYMENT or self._calls < self._slots - self._kept_for_payments

    def _begin(self, line: Line, now: float) -> None:
        line.hand = heapq.heappop(line.waiting)[2]
        line.place = "calling"
        self._calls += 1
        if line.track == "aside":
            return
        line.sent_before = self._last.get(line.chat, float("-inf"))
        self._note(line.chat, now)
        # How many words went out lately: each counts less from second to second.
        self._urgent *= max(0.0, 1.0 - (now - self._urgent_at))
        self._urgent_at = now
        if line.track == "bulk":
            self._bulk_calls += 1
            pace = max(LEAST_BULK_A_SECOND, BULK_A_SECOND - self._urgent)
            self._next_bulk = max(self._next_bulk, now - 1 / pace) + 1 / pace
        else:
            self._urgent += 1

    def _note(self, chat: int, now: float) -> None:
        if len(self._last) > self._most_last:
            self._last = _since(self._last, now - CHAT_SECONDS)
            self._most_last = max(MOST_REMEMBERED, 2 * len(self._last))
            busy = self._groups.items()
            self._groups = {chat: sent for chat, sent in busy if sent[-1] > now - GROUP_SECONDS}
        self._last[chat] = now
        if chat < 0:
            sent = self._groups.get(chat)
            if sent is None:
                sent = self._groups[chat] = deque(maxlen=GROUP_WORDS)
            sent.append(now)


def backoff(tries: int) -> float:
    """Seconds to wait after so many failures, with jitter."""
    longest = min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** min(tries, 10))
    return random.uniform(longest / 2, longest)  # noqa: S311  # jitter, no secret


def _since(times: dict[int, float], since: float) -> dict[int, float]:
    return {chat: at for chat, at in times.items() if at > since}
