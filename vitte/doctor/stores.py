"""The stores: PostgreSQL and Redis, as they answer now."""

import time
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any, Final

import msgspec
from anyio import to_thread
from redis.exceptions import AuthenticationError, RedisError

from vitte import config
from vitte.doctor.finding import Check, Finding, fail, ok, warn
from vitte.errors import DatabaseAway, DatabaseBusy
from vitte.store import keyspace, migrations, server

LET_IN_SECONDS: Final = 3
OLDEST_POSTGRES: Final = 150_000
OLDEST_REDIS: Final = 7
SLOW_SECONDS: Final = 0.02
SPARE_CONNECTIONS: Final = 5
TIMES: Final = 3


def database(settings: config.Database) -> Check:
    """Whether PostgreSQL lets us in and is new, quick and roomy enough, and its schema the present one."""

    async def check() -> Sequence[Finding]:
        try:
            seen = await server.look(settings.url.reveal(), LET_IN_SECONDS)
        except (DatabaseAway, DatabaseBusy) as problem:
            advice = "see whether it runs (systemctl status postgresql) and what database.url says"
            return [fail("database", f"PostgreSQL is away: {problem}", advice)]
        names = await to_thread.run_sync(migrations.names)
        return [
            _version(seen.server),
            _latency("database", "PostgreSQL", seen.latency, SLOW_SECONDS),
            _pool(seen.server, settings),
            *_migrations(names, seen),
            _sizes(seen),
        ]

    return check


def _version(seen: server.Server) -> Finding:
    if seen.version < OLDEST_POSTGRES:
        return fail("database", f"PostgreSQL {seen.name} is too old", "install 15 or newer")
    if seen.encoding != "UTF8":
        advice = "make it anew: createdb --encoding UTF8 --template template0"
        return fail("database", f"the database's encoding is {seen.encoding}", advice)
    return ok("database", f"PostgreSQL {seen.name}")


def _latency(check: str, store: str, seconds: float, slow: float) -> Finding:
    said = f"{store} answers within {seconds * 1000:.1f} ms"
    if seconds > slow:
        return warn(check, said, "see what else keeps it, or the network to it, busy")
    return ok(check, said)


def _pool(seen: server.Server, settings: config.Database) -> Finding:
    said = f"vitte takes up to {settings.pool_max} of {seen.room} connections"
    if settings.pool_max > seen.room:
        return fail("pool", said, "raise max_connections in PostgreSQL or lower database.pool_max")
    if settings.pool_max > seen.room - SPARE_CONNECTIONS:
        return warn(
            "pool", f"{said}: little is left for a backup or psql", "lower database.pool_max"
        )
    return ok("pool", said)


def _migrations(names: Sequence[str], seen: server.Seen) -> Iterator[Finding]:
    pending = [name for name in names if name not in seen.applied]
    strange = sorted(seen.applied.keys() - set(names))
    if pending:
        said = f"{len(pending)} of {len(names)} are pending, the next is {pending[0]}"
        yield warn("migrations", said, "vitte migrate; or start vitte run, which applies them")
    if strange:
        said = f"the schema is newer than this program: it knows nothing of {strange[-1]}"
        yield fail("migrations", said, "install the newer program, or restore the backup before it")
    if not pending and not strange:
        yield ok("migrations", f"all {len(names)} are applied")


def _sizes(seen: server.Seen) -> Finding:
    tables = ", ".join(f"{table.name} {_megabytes(table.bytes)}" for table in seen.tables)
    whole = f"the database takes {_megabytes(seen.server.bytes)}"
    return ok("sizes", f"{whole}: {tables}" if tables else whole)


def _megabytes(number: int) -> str:
    return f"{number / 2**20:,.0f} MiB"


def redis(settings: config.Redis) -> Check:
    """Whether Redis lets us in and is new, quick and roomy enough."""

    async def check() -> Sequence[Finding]:
        patient = msgspec.structs.replace(settings, wait_seconds=float(LET_IN_SECONDS))
        client = keyspace.connect(patient)
        try:
            info = await client.info()  # pyright: ignore[reportUnknownMemberType]  # untyped in redis-py
            latency = median([await _round_trip(client) for _ in range(TIMES)])
        except AuthenticationError as problem:
            advice = "see what redis.url says and what requirepass is in redis.conf"
            return [fail("redis", f"Redis does not let us in: {problem}", advice)]
        except (RedisError, OSError, TimeoutError) as problem:
            said = f"Redis is away, so the limiter and the cache do without: {problem}"
            return [fail("redis", said, "see whether it runs: systemctl status redis-server")]
        finally:
            await client.aclose()
        return [_redis_version(info), _redis_latency(latency, settings), *_redis_room(info)]

    return check


async def _round_trip(client: keyspace.Client) -> float:
    began = time.perf_counter()
    await keyspace.ping(client)
    return time.perf_counter() - began


def _redis_version(info: dict[str, Any]) -> Finding:
    name = (
        f"Valkey {info['valkey_version']}"
        if "valkey_version" in info
        else f"Redis {info.get('redis_version')}"
    )
    if int(str(info.get("redis_version", "0")).partition(".")[0]) < OLDEST_REDIS:
        return fail("redis", f"{name} is too old", f"install {OLDEST_REDIS} or newer, or Valkey")
    return ok("redis", name)


def _redis_latency(seconds: float, settings: config.Redis) -> Finding:
    found = _latency("redis", "Redis", seconds, settings.wait_seconds / 2)
    if found.state == "warn":
        said = f"{found.said}, and vitte waits {settings.wait_seconds:g} s at the most"
        return msgspec.structs.replace(found, said=said)
    return found


def _redis_room(info: dict[str, Any]) -> Iterator[Finding]:
    most, policy = int(info.get("maxmemory", 0)), info.get("maxmemory_policy")
    if most and policy == "noeviction":
        said = f"refuses to write once it holds {_megabytes(most)} (maxmemory-policy noeviction)"
        yield warn(
            "redis", said, "set maxmemory-policy allkeys-lru: all that vitte keeps there may go"
        )
