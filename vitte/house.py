"""The house: what is shared, made once, and how each actor is built from it.

The composition root. ``vitte.tree`` says where each actor stands; here stands
what it is handed. Nothing is opened and nothing runs until the tree is started.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from os import getpid
from socket import gethostname
from zoneinfo import ZoneInfo

from aiohttp import web

from vitte import admin, http, i18n, telegram
from vitte.actors import (
    bot,
    breaker,
    broadcaster,
    cache,
    census,
    chores,
    clerk,
    conversation,
    counting,
    cron,
    fetching,
    herald,
    inbox,
    jobs,
    keeper,
    lease,
    limiter,
    link,
    marks,
    minutes,
    outbox,
    poller,
    post,
    redis_shelf,
    reminding,
    scenes,
    scribe,
    server,
    watch,
    worker,
)
from vitte.config import Config, Cron
from vitte.runtime import Full, Mailbox, Registry
from vitte.services import Services
from vitte.store import keyspace
from vitte.store.pool import Database, PoolLimits
from vitte.voice import Companion

WORKERS = 4


def utc_now() -> datetime:
    """The time that everything is handed, unless a test hands another."""
    return datetime.now(UTC)


class House:
    """Every mailbox, the services, the jobs; a method for each actor, named as its place."""

    def __init__(
        self,
        config: Config,
        clock: Callable[[], datetime] = utc_now,
        systemd: herald.Systemd | None = None,
        migrate: keeper.Migrate | None = None,
    ) -> None:
        self.config = config
        self.systemd = systemd or herald.Systemd()
        self._migrate = migrate
        self.cache_box: Mailbox[cache.Message] = Mailbox("cache")
        self.clerk_box: Mailbox[clerk.Message] = Mailbox("clerk")
        self.limiter_box: Mailbox[limiter.Message] = Mailbox("limiter")
        self.scenes_box: Mailbox[scenes.Message] = Mailbox("scenes")
        self.scribe_box: Mailbox[scribe.Message] = Mailbox("scribe", capacity=4096)
        self.outbox_box: Mailbox[outbox.Message] = Mailbox("outbox", capacity=4096)
        self.desk = bot.Desk(parallel=config.telegram.parallel_chats)
        self.marks = marks.Marks()
        # This process, among all on the same database, and for who reads it there.
        self.node = f"{gethostname()}:{getpid()}:{secrets.token_hex(4)}"
        self.inbox_box: Mailbox[inbox.Message] = Mailbox("inbox", capacity=4096)
        self.cron_box: Mailbox[cron.Message] = Mailbox("cron")
        self.worker_boxes = [
            Mailbox[worker.Message](f"worker-{number}", capacity=4, full=Full.DROP_OLDEST)
            for number in range(1, WORKERS + 1)
        ]
        self.conversations: conversation.Conversations = Registry("conversations")
        self.breaker = breaker.Breaker(config.redis.wait_seconds)
        words = i18n.load()
        self.jobs = _jobs(config.cron, words)
        self.services = Services(
            config=config,
            database=_database(config),
            redis=keyspace.connect(config.redis),
            cache=cache.Front(self.cache_box.ref, config.cache),
            clerk=self.clerk_box.ref,
            limiter=self.limiter_box.ref,
            scenes=self.scenes_box.ref,
            inbox=self.inbox_box.ref,
            desk=self.desk,
            outbox=self.outbox_box.ref,
            jobs=self.jobs,
            words=words,
            voice=Companion(words, pause=config.voice.pause_seconds),
            clock=clock,
        )
        # Their files are read here, and not while people wait.
        self.zones = [
            ZoneInfo(name) for name in (config.cron.timezone, *(job.timezone for job in self.jobs))
        ]

    def database(self) -> keeper.Keeper:
        """Keeps the pool of connections."""
        return keeper.Keeper(self.services.database, self._migrate)

    def probe(self) -> breaker.Probe:
        """Looks whether Redis is back."""
        return breaker.Probe(breaker=self.breaker, redis=self.services.redis)

    def cache(self) -> cache.Cache:
        """Reads for all who ask."""
        front, clock, settings = self.services.cache, self.services.clock, self.config.cache
        redis, breaker, circle = self.services.redis, self.breaker, front.circle
        return cache.Cache(
            front=front,
            redis=redis_shelf.RedisShelf(
                redis=redis, breaker=breaker, circle=circle, settings=settings, clock=clock
            ),
            fetcher=fetching.Fetcher(
                database=self.services.database, shelf=front.shelf, settings=settings, clock=clock
            ),
            link=link.Link(redis=redis, breaker=breaker, circle=circle, shelf=front.shelf),
        )

    def clerk(self) -> clerk.Clerk:
        """Writes what programs ask for."""
        return clerk.Clerk(
            database=self.services.database,
            cache=self.services.cache,
            clock=self.services.clock,
        )

    def limiter(self) -> limiter.Limiter:
        """Judges for all who ask."""
        return limiter.Limiter(redis=self.services.redis, breaker=self.breaker)

    def scenes(self) -> scenes.Scenes:
        """Reads what is needed to answer."""
        return scenes.Scenes(database=self.services.database)

    def cron(self) -> cron.Cron:
        """Sees to it that what falls due is in the ledger."""
        return cron.Cron(
            jobs=self.jobs,
            database=self.services.database,
            lease=lease.Lease(cron.LEASE, database=self.services.database, node=self.node),
            node=self.node,
            workers=[box.ref for box in self.worker_boxes],
            clock=self.services.clock,
        )

    def worker(self, number: int) -> Callable[[], worker.Worker]:
        """Works on what is due."""
        return partial(
            worker.Worker,
            jobs=self.jobs,
            database=self.services.database,
            node=f"{self.node}/{number}",
            clock=self.services.clock,
            forget=partial(cache.forget_everything, self.services.cache),
        )

    def census(self) -> census.Census:
        """Counts what only PostgreSQL knows, for Prometheus."""
        return census.Census(database=self.services.database, clock=self.services.clock)

    def control(self) -> watch.Control:
        """Shows the tree to its owner."""
        return watch.Control(self.config.data)

    def minutes(self) -> minutes.Minutes:
        """Keeps each minute in numbers."""
        return minutes.Minutes(
            database=self.services.database, clock=self.services.clock, process=self.node
        )

    def herald(self) -> herald.Herald:
        """Tells systemd that the tree lives."""
        return herald.Herald(self.systemd, heard=(self.desk, self.inbox_box, self.scribe_box))

    def api(self) -> server.Server:
        """Serves the REST API and Telegram's webhook."""
        return server.Server(
            build=self._api,
            refuse=http.refuse,
            listen=self.config.http.listen,
            key="VITTE_HTTP_LISTEN",
        )

    def admin(self) -> admin.Panel:
        """Serves the pages of operators."""
        return admin.Panel(self.services)

    def metrics(self) -> server.Server:
        """Serves what Prometheus reads."""
        return server.Server(
            build=self._metrics,
            refuse=http.refuse,
            listen=self.config.metrics.listen,
            key="VITTE_METRICS_LISTEN",
        )

    def bot(self) -> bot.Bot:
        """Answers updates."""
        return bot.Bot(
            desk=self.desk,
            open_edge=partial(telegram.opened, self.services),
        )

    def broadcaster(self) -> broadcaster.Broadcaster:
        """Brings what is said to many into the outbox."""
        return broadcaster.Broadcaster(database=self.services.database, clock=self.services.clock)

    def scribe(self) -> scribe.Scribe:
        """Writes what came of an update."""
        return scribe.Scribe(
            database=self.services.database,
            outbox=self.outbox_box.ref,
            cache=self.services.cache,
            marks=self.marks,
            clock=self.services.clock,
        )

    def outbox(self) -> outbox.Outbox:
        """Sends every word."""
        settings = self.config.telegram
        return outbox.Outbox(
            database=self.services.database,
            cache=self.services.cache,
            lease=lease.Lease("outbox", database=self.services.database, node=self.node),
            marks=self.marks,
            post=partial(post.Post, settings),
            slots=settings.parallel_calls,
            clock=self.services.clock,
        )

    def conversation(self, key: conversation.Key) -> conversation.Conversation:
        """Answers one chat, in its order."""
        return conversation.Conversation(
            database=self.services.database,
            desk=self.desk,
            urgent=key.which == "urgent",
            scribe=self.scribe_box.ref,
            done=partial(inbox.done, self.inbox_box.ref),
        )

    def inbox(self) -> inbox.Inbox:
        """Writes updates down before they are acknowledged."""
        return inbox.Inbox(
            database=self.services.database,
            scribe=self.scribe_box.ref,
            conversations=self.conversations,
            clock=self.services.clock,
        )

    def poller(self) -> poller.Poller:
        """Asks Telegram for updates."""
        return poller.Poller(inbox=self.inbox_box.ref, settings=self.config.telegram)

    def _api(self) -> web.Application:
        return http.build(self.services)

    def _metrics(self) -> web.Application:
        return http.exposition(self.services.database)


def _jobs(settings: Cron, words: i18n.Words) -> tuple[jobs.Job, ...]:
    """What runs by the clock: a name, what it does, and why; the rest is configuration."""
    of = partial(jobs.declared, settings)
    return (
        of("clean-messages", chores.clean_messages, "what a plan keeps no longer", is_seen=True),
        of("archive-dialogs", chores.archive_dialogs, "dialogs long silent", is_seen=True),
        of("user-stats", counting.user_stats, "the day before, in numbers"),
        of("remind-expiring", partial(reminding.remind_expiring, words=words), "people whose subscription ends"),
        of("expire-subscriptions", chores.expire_subscriptions, "subscriptions that ended"),
        of("make-partitions", chores.make_partitions, "the months of messages ahead"),
        of("trim-records", chores.trim_records, "old updates, words and runs"),
    )  # fmt: skip


def _database(config: Config) -> Database:
    settings = config.database
    limits = PoolLimits(
        kept=settings.pool_min,
        most=settings.pool_max,
        wait_seconds=settings.wait_seconds,
        statement_seconds=settings.statement_seconds,
    )
    return Database(settings.url.reveal(), limits)
