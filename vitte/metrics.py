"""Every metric, one a line, with what it counts.

Labels have few values, known beforehand: never a user, a chat, an address or a
text. README, dashboards and alerts are checked against this file.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SLOW: Final = (0.1, 1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400)
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


def _counter(name: str, what: str, *labels: str) -> Counter:
    return Counter(f"vitte_{name}", what, labels, registry=REGISTRY)


def _gauge(name: str, what: str, *labels: str) -> Gauge:
    return Gauge(f"vitte_{name}", what, labels, registry=REGISTRY)


def _histogram(name: str, what: str, *labels: str) -> Histogram:
    return Histogram(f"vitte_{name}", what, labels, registry=REGISTRY, buckets=_QUICK)


def _long(name: str, what: str, *labels: str) -> Histogram:
    return Histogram(f"vitte_{name}", what, labels, registry=REGISTRY, buckets=_SLOW)


# fmt: off
updates_received = _counter("updates_received", "Updates that Telegram handed over", "kind")
updates_pending = _gauge("updates_pending", "Updates that are written down and not finished, as PostgreSQL knows them")
updates_oldest = _gauge("updates_oldest_seconds", "How long the oldest pending update has waited")
updates_in_hand = _gauge("updates_in_hand", "Updates that are being answered or wait for it in memory")
letters = _gauge("letters", "Dead letters: updates that failed and that nobody has seen to")
words_done = _counter("words_done", "Words to Telegram that were sent or failed", "state")
broadcast_words = _counter("broadcast_words", "Words of broadcasts that were put into the outbox")
words_waiting = _gauge("words_waiting", "Words to Telegram that wait to be sent", "lane")
words_oldest = _gauge("words_oldest_seconds", "How long the oldest words that wait have waited", "lane")
updates_done = _counter("updates_done", "Updates that were answered, refused or failed", "outcome")
update_seconds = _histogram("update_seconds", "From an update taken in hand to its answer written down")
users_registered = _counter("users_registered", "People met for the first time", "language")
users = _gauge("users", "People who can be reached, by what is in force for them and what they read", "plan", "language")
users_active = _gauge("users_active", "Those of them who said something within a day", "plan", "language")
messages_stored = _counter("messages_stored", "Messages written to dialogs", "role")
telegram_calls = _counter("telegram_calls", "Calls to the Bot API", "method", "outcome")
telegram_seconds = _histogram("telegram_seconds", "From a call to the Bot API to its answer", "method")
cache_reads = _counter("cache_reads", "Reads of the cache, by where it was found", "noun", "outcome")
cache_refused = _counter("cache_refused", "Things read that were not kept, since they changed meanwhile", "where")
cache_forgotten = _counter("cache_forgotten", "People of whom something was dropped, by who changed it", "by")
cache_memory = _gauge("cache_memory", "What the cache keeps in the process's memory", "of")
cache_linked = _gauge("cache_linked", "Whether the cache hears what other processes change")
redis_faults = _counter("redis_faults", "Times that Redis failed or kept us waiting", "actor")
redis_breaker_open = _gauge("redis_breaker_open", "Whether Redis is not asked, since it did not answer")
limiter_verdicts = _counter("limiter_verdicts", "What the limiter said of messages", "verdict")
http_requests = _counter("http_requests", "Requests to the REST API and the webhook", "route", "method", "status")
http_seconds = _histogram("http_seconds", "From a request to its answer", "route")
admin_requests = _counter("admin_requests", "Requests to the admin panel", "route", "method", "status")
admin_seconds = _histogram("admin_seconds", "From a request to the admin panel to its page", "route")
admin_logins = _counter("admin_logins", "Steps of logins to the admin panel", "outcome")
cron_runs = _counter("cron_runs", "Runs of the jobs", "name", "state")
cron_seconds = _long("cron_seconds", "From the beginning of a run of a job to its end", "name")
cron_lateness = _long("cron_lateness_seconds", "From the time for which a run was due to its beginning", "name")
cron_last_success = _gauge("cron_last_success_timestamp_seconds", "When a job last went well", "name")
database_connections = _gauge("database_connections", "Connections to PostgreSQL", "state")
database_waits = _gauge("database_waits", "Who waits for a connection to PostgreSQL")
database_up = _gauge("database_up", "Whether PostgreSQL answered when it was last asked, within a minute")
database_answer = _gauge("database_answer_seconds", "How long PostgreSQL took for a sign of life, with the wait for a connection")
database_bytes = _gauge("database_bytes", "How much room the database takes on its disk")
loop_lag_seconds = _histogram("loop_lag_seconds", "How late the event loop is")
actor_falls = _counter("actor_falls", "Falls of actors", "actor")
actor_restarts = _counter("actor_restarts", "Restarts of actors", "actor")
actor_mailbox = _gauge("actor_mailbox_messages", "Messages that wait in a mailbox", "actor")
rounds = _counter("rounds", "Rounds through the whole tree, by which systemd knows that it lives", "outcome")
# fmt: on

# Series whose labels are known beforehand begin at nought: an increase from nothing is none.
for _outcome in ("answered", "refused", "failed"):
    updates_done.labels(_outcome)
for _kind in ("message", "edited_message", "callback_query", "my_chat_member"):
    updates_received.labels(_kind)
for _state in ("sent", "failed"):
    words_done.labels(_state)
for _language in ("ru", "en"):
    users_registered.labels(_language)
    for _plan in ("free", "premium"):
        users.labels(_plan, _language)
        users_active.labels(_plan, _language)
for _verdict in ("allowed", "refused"):
    limiter_verdicts.labels(_verdict)
for _role in ("user", "character"):
    messages_stored.labels(_role)
for _where in ("memory", "redis"):
    cache_refused.labels(_where)
for _by in ("us", "others"):
    cache_forgotten.labels(_by)
for _actor in ("cache", "limiter"):
    redis_faults.labels(_actor)
for _outcome in ("well", "ill"):
    rounds.labels(_outcome)
for _outcome in ("password", "entered", "refused", "delayed"):
    admin_logins.labels(_outcome)
