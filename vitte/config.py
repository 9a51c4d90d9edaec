"""The configuration: one frozen Struct a section, read once, handed down.

``config/vitte.toml`` explains every key; ``config_reader`` fills these from the
environment and a file. Nothing here is a global: who needs a value is given it.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Of numbers, all must be more than nothing but these.
MAY_BE_NOTHING = ("pause_seconds", "retries", "jitter_seconds", "remind_from_hour")
MOST_DAYS_BEFORE, HOURS, LEAST_EXPIRED_DAYS, LEAST_UPDATES_DAYS = 90, 24, 3, 2


class Secret:
    """A text that never shows itself: printing it, logging it or a traceback gives stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one who must hand it on."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret('***')" if self._text else "Secret('')"


class Listen(NamedTuple):
    """Where a server listens: a host and port, or the path of a unix socket."""

    host: str | None
    port: int | None
    path: str | None

    @property
    def loopback(self) -> bool:
        """Whether nobody beyond this machine can reach it."""
        return self.path is not None or self.host in LOOPBACK


def parse_listen(text: str) -> Listen:
    """Read ``127.0.0.1:8080``, ``[::1]:8080`` or ``unix:/run/vitte/http.sock``.

    Raises:
        ValueError: It is neither.
    """
    if text.startswith("unix:/"):
        return Listen(None, None, text.removeprefix("unix:"))
    found = re.fullmatch(r"(?:\[([0-9a-fA-F:]+)\]|([^\[\]:/\s]+)):(\d{1,5})", text)
    if found is None or int(found[3]) > 65535:  # noqa: PLR2004  # the highest port there is
        raise ValueError("is neither host:port nor unix:/path")
    return Listen(found[1] or found[2], int(found[3]), None)


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every section has in common."""


class Telegram(Section, frozen=True):
    """How Telegram is reached, and how its updates arrive."""

    token: Secret = Secret()
    api: str = "https://api.telegram.org"
    updates: Literal["polling", "webhook"] = "polling"
    webhook_url: str = ""
    webhook_secret: Secret = Secret()
    poll_seconds: int = 30
    parallel_chats: int = 64
    parallel_calls: int = 64

    def webhook_path(self) -> str:
        """The path of ``webhook_url``, where our own server listens for updates."""
        return urlsplit(self.webhook_url).path or "/"

    def secret_token(self) -> str:
        """What Telegram must send back with each update.

        Where none is configured it is derived from the token: as secret as the
        token, the same in every process, and nothing to set up.
        """
        if self.webhook_secret:
            return self.webhook_secret.reveal()
        return hashlib.sha256(b"vitte webhook " + self.token.reveal().encode()).hexdigest()


class Database(Section, frozen=True):
    """PostgreSQL 15 or newer."""

    url: Secret = Secret()
    pool_min: int = 20
    pool_max: int = 50
    wait_seconds: float = 5.0
    statement_seconds: float = 10.0


class Redis(Section, frozen=True):
    """Redis 7 or newer, or Valkey."""

    url: Secret = Secret()
    wait_seconds: float = 0.1


class Http(Section, frozen=True):
    """Our own server: the REST API and Telegram's webhook."""

    listen: str = "127.0.0.1:8080"
    body_bytes: int = 65_536
    requests_per_minute: int = 6_000
    access_log: bool = False


class Admin(Section, frozen=True):
    """The admin panel: pages for operators."""

    listen: str = "127.0.0.1:8082"
    address: str = ""


class Metrics(Section, frozen=True):
    """Where Prometheus reads."""

    listen: str = "127.0.0.1:9108"


class Log(Section, frozen=True):
    """What is written to standard output."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Sentry(Section, frozen=True):
    """Where errors are reported besides the log."""

    dsn: Secret = Secret()
    share: float = 1.0


class Cache(Section, frozen=True):
    """How long what was read stays good, and how much of it is kept in memory."""

    user_seconds: int = 300
    subscription_seconds: int = 3600
    dialog_seconds: int = 21_600
    memory_entries: int = 200_000
    memory_bytes: int = 67_108_864


class Voice(Section, frozen=True):
    """How the characters answer."""

    pause_seconds: float = 0.0


class Limiter(Section, frozen=True):
    """How much a person may say."""

    messages_per_minute: int = 10
    premium_per_minute: int = 10
    free_per_day: int = 200
    premium_per_day: int = 2000

    def per_minute(self, plan: Literal["free", "premium"]) -> int:
        """How many messages a plan allows in any 60 seconds."""
        return self.premium_per_minute if plan == "premium" else self.messages_per_minute

    def per_day(self, plan: Literal["free", "premium"]) -> int:
        """How many messages a plan allows on a person's day."""
        return self.premium_per_day if plan == "premium" else self.free_per_day


class Backup(Section, frozen=True):
    """Where ``vitte backup`` writes, and for how long."""

    folder: str = "/var/backups/vitte"
    keep_days: int = 14


class Job(Section, frozen=True):
    """When one job runs, and what becomes of a run that was missed, is long, or fails."""

    schedule: str
    timezone: str = ""
    catch_up: Literal["none", "once", "all"] = "once"
    late_seconds: int = 86_400
    overlap: Literal["skip", "queue"] = "skip"
    limit_seconds: int = 3_600
    retries: int = 5
    retry_seconds: int = 60
    jitter_seconds: int = 0
    rows: int = 100_000


class Cron(Section, frozen=True):
    """What runs by the clock; each job has a section of its own below this one."""

    timezone: str = "UTC"
    free_retention_days: int = 90
    premium_retention_days: int = 365
    archive_after_days: int = 30
    remind_days_before: tuple[int, ...] = (7, 3, 1)
    remind_from_hour: int = 9
    remind_to_hour: int = 21
    expired_days: int = 3
    updates_days: int = 30
    letters_days: int = 90
    words_days: int = 30
    runs_days: int = 400
    clean_messages: Job = Job(schedule="0 3 * * *", limit_seconds=7_200, rows=1_000_000)
    archive_dialogs: Job = Job(schedule="0 4 * * 0", late_seconds=259_200)
    user_stats: Job = Job(
        schedule="30 0 * * *",
        catch_up="all",
        late_seconds=2_592_000,
        overlap="queue",
        rows=10_000_000,
    )
    remind_expiring: Job = Job(
        schedule="10 * * * *", catch_up="none", late_seconds=3_000, limit_seconds=1_800, retries=3
    )
    expire_subscriptions: Job = Job(schedule="40 * * * *", late_seconds=3_600)
    make_partitions: Job = Job(schedule="15 2 * * *", limit_seconds=600)
    trim_records: Job = Job(schedule="45 3 * * *", limit_seconds=7_200, rows=1_000_000)


class Config(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of it."""

    data: str = "/var/lib/vitte"
    telegram: Telegram = Telegram()
    database: Database = Database()
    redis: Redis = Redis()
    http: Http = Http()
    admin: Admin = Admin()
    metrics: Metrics = Metrics()
    log: Log = Log()
    sentry: Sentry = Sentry()
    cache: Cache = Cache()
    voice: Voice = Voice()
    limiter: Limiter = Limiter()
    cron: Cron = Cron()
    backup: Backup = Backup()


class Key(NamedTuple):
    """One key: its section ("" for the top, "cron.user_stats" below one), its name, type and default."""

    section: str
    name: str
    type: Any
    default: Any

    @property
    def path(self) -> str:
        """The name that a person reads: ``telegram.token``."""
        return f"{self.section}.{self.name}".lstrip(".")

    def of(self, config: Config) -> Any:
        """The value of this key in a configuration."""
        for name in filter(None, self.section.split(".")):
            config = getattr(config, name)
        return getattr(config, self.name)

    @property
    def variable(self) -> str:
        """The environment variable that overrides it: ``VITTE_TELEGRAM_TOKEN``."""
        return f"VITTE_{self.path}".replace(".", "_").upper()


def jobs(cron: Cron) -> Iterator[tuple[str, Job]]:
    """Every job's section, by its name with underscores."""
    for name in cron.__struct_fields__:
        value = getattr(cron, name)
        if isinstance(value, Job):
            yield name, value


def every_key() -> Iterator[Key]:
    """Every key there is."""
    return _keys("", Config())


def _keys(section: str, values: Struct) -> Iterator[Key]:
    for field in msgspec.structs.fields(values):
        default = getattr(values, field.name)
        if isinstance(default, Section):
            yield from _keys(f"{section}.{field.name}".lstrip("."), default)
        else:
            yield Key(section, field.name, field.type, default)


def every_secret(config: Config) -> Iterator[tuple[Key, Secret]]:
    """Every secret that is set."""
    for key in every_key():
        value = key.of(config)
        if isinstance(value, Secret) and value:
            yield key, value


def shown(config: Config) -> dict[str, Any]:
    """The configuration as it is in force, every secret as stars or empty."""
    return {name: plain(getattr(config, name)) for name in config.__struct_fields__}


def plain(value: object) -> Any:
    """A value, or a section with all its values, as it may be shown."""
    if isinstance(value, Secret):
        return "***" if value else ""
    if isinstance(value, Section):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    return value


def unfit(config: Config) -> Iterator[tuple[str, str]]:
    """Keys whose values have the right type and cannot work, each with the reason."""
    yield from _telegram(config.telegram)
    yield from _stores(config)
    yield from _rest(config)
    yield from _cron(config.cron)


def _telegram(telegram: Telegram) -> Iterator[tuple[str, str]]:
    if not telegram.token:
        yield "telegram.token", "is missing: @BotFather gives one; set VITTE_TELEGRAM_TOKEN"
    elif not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", telegram.token.reveal()):
        yield "telegram.token", "does not look like digits, a colon, letters (123456:ABC...)"
    if urlsplit(telegram.api).scheme not in {"http", "https"}:
        yield "telegram.api", "must be an address that begins with https:// or http://"
    secret = telegram.secret_token()
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        yield "telegram.webhook_secret", "must be 1 to 256 of A-Z a-z 0-9 _ -"
    if telegram.updates == "webhook":
        hook = urlsplit(telegram.webhook_url)
        if hook.scheme != "https" and not (hook.scheme == "http" and hook.hostname in LOOPBACK):
            yield "telegram.webhook_url", "must be an https:// address that Telegram can reach"


def _stores(config: Config) -> Iterator[tuple[str, str]]:
    database, redis = config.database, config.redis
    if not database.url:
        yield "database.url", "is missing, as postgresql://user:password@host/name"
    elif not database.url.reveal().startswith(("postgresql://", "postgres://")):
        yield "database.url", "must begin with postgresql://"
    if not redis.url:
        yield "redis.url", "is missing, as redis://:password@host:6379/0"
    elif not redis.url.reveal().startswith(("redis://", "rediss://", "unix://")):
        yield "redis.url", "must begin with redis://, rediss:// or unix://"
    if not 0 < database.pool_min <= database.pool_max:
        yield "database.pool_min", "must lie between 1 and database.pool_max"


def _rest(config: Config) -> Iterator[tuple[str, str]]:
    for name, text in (
        ("http.listen", config.http.listen),
        ("metrics.listen", config.metrics.listen),
        ("admin.listen", config.admin.listen),
    ):
        try:
            parse_listen(text)
        except ValueError as problem:
            yield name, str(problem)
    if config.sentry.share > 1:
        yield "sentry.share", "must be a share, from a little more than 0 up to 1"
    yield from _admin(config.admin)
    for key in every_key():
        value = key.of(config)
        counted = isinstance(value, int | float) and not isinstance(value, bool)
        if counted and value <= 0 and key.name not in MAY_BE_NOTHING:
            yield key.path, "must be more than nothing"


def _admin(admin: Admin) -> Iterator[tuple[str, str]]:
    """A browser must be sure of whom it shows a password to, and keeps our cookie only then."""
    address = urlsplit(admin.address)
    local = address.scheme == "http" and address.hostname in LOOPBACK
    if admin.address and not (address.hostname and (address.scheme == "https" or local)):
        yield "admin.address", "must be https:// and a name, or http:// on this machine"
    elif admin.address and (address.path or address.query or address.fragment):
        yield "admin.address", "must end after the name: the panel has no other path than /"
    try:
        loopback = parse_listen(admin.listen).loopback
    except ValueError:
        return  # that is said already
    if not loopback and not admin.address:
        yield "admin.listen", "can be reached from elsewhere: say admin.address, as https://..."


def _cron(cron: Cron) -> Iterator[tuple[str, str]]:
    if not all(0 < days <= MOST_DAYS_BEFORE for days in cron.remind_days_before):
        yield "cron.remind_days_before", f"must be days between 1 and {MOST_DAYS_BEFORE}"
    if not 0 <= cron.remind_from_hour < cron.remind_to_hour <= HOURS:
        yield "cron.remind_from_hour", "must be an hour before cron.remind_to_hour, of 0 to 24"
    if cron.expired_days < LEAST_EXPIRED_DAYS:
        yield "cron.expired_days", "must be 3 or more: people are told on the day after the end"
    if cron.updates_days < LEAST_UPDATES_DAYS:
        yield (
            "cron.updates_days",
            "must be 2 or more: Telegram hands an update over again for a day",
        )
    for name, job in jobs(cron):
        if job.retries < 0:
            yield f"cron.{name}.retries", "must be nought or more"
        if job.jitter_seconds < 0:
            yield f"cron.{name}.jitter_seconds", "must be nought or more"
