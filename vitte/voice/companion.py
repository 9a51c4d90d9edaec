"""The voice that is built in: it listens, remembers a little and asks back.

It needs no network and no model, and says so when asked. A reply is made of one
or two lines of ``locales/*/voice.ftl``. Which ones is decided by what was heard,
by what was said before in the dialog, and by dice that the words themselves
throw: the same dialog always goes the same way.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

import anyio

from vitte.i18n import Words
from vitte.voice import memory
from vitte.voice.choice import Dice
from vitte.voice.dialog import DialogView, Line, Temperament
from vitte.voice.hearing import EARS, QUOTED, SHORT_WORDS, Heard, excerpt
from vitte.voice.memory import Past, recollect, tells
from vitte.voice.repertoire import Manner, Repertoire

CARE_LINES: Final = 4
"""For so many lines after harm was spoken of, the reply is about nothing else."""
GENTLE_LINES: Final = 6
"""For so many, nothing playful is said."""

MOOD_LINES: Final = 2
"""For so many lines after a dark feeling nothing playful is said, either."""
DARK: Final = frozenset(("sad", "lonely", "anxious", "guilty", "harsh"))
OPEN: Final = frozenset(("statement", "short", "yes", "no", "unsure", "fine", "want", "question"))
"""What may be about a feeling or a subject."""
BRIEF: Final = frozenset(("yes", "no", "unsure", "fine", "short"))
"""What may be said twice without being a repetition."""
WITHIN: Final = {
    "ill-pets": {"pets", "health", "money", "food", "sleep"},
    "films": {"anxious", "happy", "sad", "bored", "love"},
    "books": {"anxious", "happy", "sad", "bored", "love"},
    "games": {"anxious", "happy", "angry", "friends"},
    "travel": {"weather", "food", "plans", "sport"},
    "holiday": {"food", "friends", "family", "plans"},
    "harsh": {"study", "work"},
}
"""Themes that contain others: what is said of these does not change the theme."""
ASKS_HOW: Final = ("hello", "self-day", "hello-again")


class Companion:
    """Answers by patterns and by what was said before in the same dialog."""

    def __init__(self, words: Words, *, pause: float = 0.0) -> None:
        self._repertoire = Repertoire(words)
        self._pause = pause

    async def reply(self, dialog: DialogView, recent: Sequence[Line]) -> AsyncIterator[str]:
        """Answer the last line, after a pause as if in thought."""
        if self._pause:
            await anyio.sleep(self._pause)
        between = ""
        for piece in self.answer(dialog, recent):
            yield between + piece
            between = " "

    def answer(self, dialog: DialogView, recent: Sequence[Line]) -> list[str]:
        """Give the reply's sentences, at once."""
        said = recent[-1].text if recent else ""
        past = recollect(recent[:-1], dialog.language, dialog.name)
        heard = memory.heard(said, dialog.language, dialog.name)
        repeated = any(line.role == "user" and line.text == said for line in recent[-3:-1])
        turn = _Turn(self._repertoire, dialog, past, heard, repeated=repeated)
        return list(turn.pieces())


class _Turn:
    """One reply in the making."""

    def __init__(
        self,
        repertoire: Repertoire,
        dialog: DialogView,
        past: Past,
        heard: Heard,
        *,
        repeated: bool,
    ) -> None:
        self._repertoire = repertoire
        self._dialog = dialog
        self._past = past
        self._heard = heard
        self._repeated = repeated
        self._dice = Dice(dialog.dialog, len(past.heard), *past.lately[-1:], heard.text)
        last = past.lately[-1] if past.lately else ""
        self._answered = list(repertoire.used(dialog.language, last))

    def pieces(self) -> Iterator[str]:
        """Give the lines of the reply in their order."""
        heard, harm_ago = self._heard, self._past.harm_ago()
        if heard.kind == "harm":
            yield self._say("harm")
        elif harm_ago and harm_ago <= GENTLE_LINES and heard.kind == "bye":
            yield self._say("harm-bye")
        elif harm_ago and harm_ago <= CARE_LINES:
            yield self._say("harm-stay" if harm_ago <= CARE_LINES // 2 else "harm-after")
        elif heard.kind == "hello":
            yield self._say("hello-again" if self._past.heard else "hello")
        else:
            if heard.greets:
                yield self._say("hello-short")
            yield from self._to_what_was_said()

    def _to_what_was_said(self) -> Iterator[str]:
        heard = self._heard
        if self._repeated and heard.kind in OPEN - BRIEF:
            yield self._say("repeat")
        elif heard.kind == "again":
            yield self._say("joke" if self._joked() else "ask")
        elif heard.kind == "yes" and "joke-liked" in self._answered:
            yield self._say("joke")
        elif heard.kind == "laugh" and "joke" in self._answered:
            yield self._say("joke-liked")
        elif heard.kind == "name-known":
            yield self._say("name-known", name=self._name())
        elif heard.kind == "remember":
            yield from self._remembered()
        elif heard.kind == "name" and heard.name:
            yield self._say("name", name=heard.name)
        elif heard.kind == "and-you" and self._was_asked_how():
            yield self._say("self-well")
            yield self._say(f"about-{heard.feeling or 'fine'}")
        elif heard.kind in OPEN:
            yield from self._to_open_words()
        else:
            yield self._say(heard.kind)

    def _remembered(self) -> Iterator[str]:
        quotes = self._past.told(self._heard.subject)
        if quotes:
            yield self._say("remember", quote=self._dice.choose(quotes))
        else:
            yield self._say("remember-nothing")

    def _to_open_words(self) -> Iterator[str]:
        """Answer what may be about anything: a feeling, a subject, the last question."""
        heard = self._heard
        theme = heard.feeling or heard.subject
        current = self._current_theme()
        if heard.kind == "fine" or (heard.kind == "yes" and self._was_asked_how() and not theme):
            theme = theme or "fine"
        if heard.kind == "want" and not heard.feeling:
            yield self._say("want", quote=excerpt(heard.text))
        elif theme and theme != current and theme not in WITHIN.get(current or "", ()):
            yield self._say(f"about-{theme}")
        elif heard.kind == "question":
            yield self._say("question")
        elif self._recalls():
            yield from self._recall()
        elif current and self._stays_with(current):
            yield from self._more(current)
        else:
            yield from self._to_a_statement()

    def _to_a_statement(self) -> Iterator[str]:
        """Answer words about which nothing is known: give them back and ask on."""
        heard, dice = self._heard, self._dice
        if heard.kind in {"yes", "no", "unsure"}:
            yield self._say(heard.kind)
            return
        if heard.kind == "short":
            yield self._say("short", quote=excerpt(heard.text))
            return
        turned = self._turned()
        if turned and dice.happens(65):
            yield self._say("reflect", said=turned)
        elif heard.words > SHORT_WORDS and dice.happens(30):
            yield self._say("quote", quote=excerpt(heard.text))
        else:
            yield self._say("react")
        yield self._say("ask")

    def _more(self, theme: str) -> Iterator[str]:
        """Stay with a theme and ask on about it."""
        heard, dice = self._heard, self._dice
        turned = self._turned()
        if heard.kind == "short" and heard.words == 1:
            quote = excerpt(heard.text)
            yield self._say("echo", quote=quote[:1].upper() + quote[1:])
        elif heard.kind == "unsure":
            yield self._say("unsure")
            return
        elif turned and dice.happens(40):
            yield self._say("reflect", said=turned)
        elif heard.kind == "statement" and dice.happens(60):
            yield self._say("react")
        yield self._say(f"more-{theme}")

    def _recall(self) -> Iterator[str]:
        if self._heard.kind == "statement":
            yield self._say("react")
        yield self._say("recall", quote=self._dice.choose(self._past.worth_recalling()))

    def _recalls(self) -> bool:
        """Whether it is time to come back to something: little was said now, much before."""
        repertoire, language = self._repertoire, self._dialog.language
        just_did = any(
            "recall" in repertoire.used(language, said) for said in self._past.lately[-3:]
        )
        if just_did or tells(self._heard) or not self._past.worth_recalling():
            return False
        if self._heard.kind in {"unsure", "no", "yes"}:
            return self._dice.happens(45)
        return self._current_theme() is None and self._dice.happens(35)

    def _current_theme(self) -> str | None:
        """The feeling or subject that the character's last line was about."""
        themes = [name for name in self._answered if name.startswith(("about-", "more-"))]
        return themes[0].partition("-")[2] if themes else None

    def _stays_with(self, theme: str) -> bool:
        if theme == "fine" and self._heard.kind == "statement":
            return False
        return self._repertoire.left(f"more-{theme}", self._dialog.language, self._past.lately)

    def _was_asked_how(self) -> bool:
        return any(name in ASKS_HOW for name in self._answered)

    def _joked(self) -> bool:
        return any(name.startswith("joke") for name in self._answered)

    def _turned(self) -> str | None:
        """The person's sentence turned round, where it is one sentence of the dialog's language."""
        if self._heard.language != self._dialog.language or self._heard.feeling:
            return None
        sentence = self._heard.text.rstrip(" .!)(…")
        if len(sentence) > QUOTED or any(sign in sentence for sign in ".!?;"):
            return None
        return EARS[self._dialog.language].turn(sentence)

    def _name(self) -> str:
        return self._past.name or excerpt(self._dialog.person, 32)

    def _temperament(self) -> Temperament:
        """The character's own; but nobody jokes about harm or with the sad."""
        harm_ago = self._past.harm_ago()
        if harm_ago and harm_ago <= GENTLE_LINES:
            return "warm"
        moods = {heard.feeling for heard in [*self._past.heard[-MOOD_LINES:], self._heard]}
        if self._dialog.temperament == "playful" and not DARK.isdisjoint(moods):
            return "warm"
        return self._dialog.temperament

    def _say(self, message: str, **variables: str) -> str:
        name = self._name()
        known = {"character": self._dialog.name, **({"person": name} if name else {}), **variables}
        manner = Manner(
            language=self._dialog.language,
            temperament=self._temperament(),
            lately=self._past.lately,
        )
        return self._repertoire.say(message, manner, self._dice, known)
