"""The one map from what we refuse to what a person reads of it.

Only refusals are told: a part that is away is waited for, since the update stays
in the inbox, and a breakage ends with an apology when it was tried often enough.
"""

from vitte.errors import Banned, QuotaSpent, TooFast
from vitte.i18n import Language, Words

Refusal = TooFast | QuotaSpent | Banned


def line(refusal: Refusal, words: Words, language: Language) -> str | None:
    """The sentence for a refusal, or None where it was said already."""
    match refusal:
        case TooFast(tell=False) | Banned(tell=False):
            return None
        case TooFast(wait_seconds=seconds):
            return words.say(language, "limit-minute", seconds=seconds)
        case QuotaSpent(limit=limit, hours=hours):
            return words.say(language, "limit-day", limit=limit, hours=hours)
        case Banned(until=until):
            if until is None:
                return words.say(language, "ban-good")
            return words.say(language, "ban-until", until=until)


def reason(refusal: Refusal) -> str:
    """The word for the books: of few values, for it is a metric's label too."""
    match refusal:
        case TooFast():
            return "too fast"
        case QuotaSpent():
            return "quota spent"
        case Banned():
            return "banned"
