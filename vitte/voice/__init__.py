"""The voice behind a character: from what was said to what is answered.

Whoever speaks for a character follows `Voice`. `Companion` is the one that is
built in: patterns and a little memory, no network, and honest about it. If it is
lost, the dialogs stay as they are; only nobody answers in them.
"""

from vitte.voice.companion import Companion
from vitte.voice.dialog import DialogView, Line, Temperament, Voice

__all__ = ["Companion", "DialogView", "Line", "Temperament", "Voice"]
