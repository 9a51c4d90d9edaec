"""What an edge may ask: one frozen Struct, handed to whoever builds an edge.

The tree makes it once; an edge that wants something new gets it here, by name,
and nowhere reaches for a global.
"""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from vitte.actors import bot, cache, clerk, inbox, limiter, outbox, scenes
from vitte.actors.jobs import Job
from vitte.config import Config
from vitte.i18n import Words
from vitte.runtime import Ref
from vitte.store import keyspace
from vitte.store.pool import Database
from vitte.voice import Voice


class Services(Struct, frozen=True, kw_only=True):
    """The database, the actors' addresses, the jobs, the desk, the words, the voice and the clock."""

    config: Config
    database: Database
    redis: keyspace.Client
    cache: cache.Front
    clerk: Ref[clerk.Message]
    limiter: Ref[limiter.Message]
    scenes: Ref[scenes.Message]
    inbox: Ref[inbox.Message]
    desk: bot.Desk
    outbox: Ref[outbox.Message]
    jobs: tuple[Job, ...]
    words: Words
    voice: Voice
    clock: Callable[[], datetime]
