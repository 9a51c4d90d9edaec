"""The tree: every actor, and who supervises it. Read it and you have seen the program.

The order is the order of the start; a stop goes the other way. Intensities
multiply: three falls a minute of the root above five of the edges are fifteen
before the process ends, and systemd starts it anew.
"""

from vitte.actors import watch
from vitte.house import House
from vitte.runtime import (
    ONE_FOR_ONE,
    REST_FOR_ONE,
    Backoff,
    Child,
    Dynamic,
    Spec,
    Supervisor,
    within,
)

PATIENT = Backoff(minimum=0.1, maximum=10.0)


# fmt: off
def plant(house: House) -> Supervisor:
    """The whole tree, as ``vitte run`` starts it."""
    return Supervisor("vitte", REST_FOR_ONE, within(3, minutes=1), note="gives up: the process ends, systemd starts it anew", children=[
        Supervisor("stores", REST_FOR_ONE, within(5, minutes=1), note="where things are kept", children=[
            Child("database", house.database, shutdown=8.0, note="the pool: without it nobody below makes sense"),
            Supervisor("services", ONE_FOR_ONE, within(10, minutes=1), note="asked by many, they ask the stores once", children=[
                Child("redis", house.probe, note="looks whether it is back; while it is away nobody asks it"),
                Child("cache", house.cache, mailbox=house.cache_box, note="what is read again and again"),
                Child("clerk", house.clerk, mailbox=house.clerk_box, note="writes what programs ask for, for many at once"),
                Child("limiter", house.limiter, mailbox=house.limiter_box, note="how often a person may speak"),
                Child("scenes", house.scenes, mailbox=house.scenes_box, note="what is needed to answer")])]),
        Supervisor("updates", ONE_FOR_ONE, within(10, minutes=1), note="the way of an update, from its end to its beginning", children=[
            Child("outbox", house.outbox, mailbox=house.outbox_box, shutdown=20.0, backoff=PATIENT, note="says every word to Telegram, once"),
            Child("broadcasts", house.broadcaster, backoff=PATIENT, note="brings what is said to many, a little at a time"),
            Child("scribe", house.scribe, mailbox=house.scribe_box, note="writes what came of an update, in one transaction"),
            Child("bot", house.bot, backoff=PATIENT, note="knows what to answer"),
            Supervisor("chats", REST_FOR_ONE, within(5, minutes=1), note="whose words are in hand, the inbox knows", children=[
                Dynamic("conversations", house.conversations, house.conversation, within(100, minutes=1), idle=60.0, shutdown=15.0, note="one a chat: its order"),
                Child("inbox", house.inbox, mailbox=house.inbox_box, backoff=PATIENT, note="writes updates down before they are acknowledged")])]),
        Supervisor("crons", ONE_FOR_ONE, within(5, minutes=10), note="what runs by the clock", children=[
            *(Child(f"worker-{number}", house.worker(number), mailbox=box, backoff=PATIENT, note="takes what is due in hand, one run at a time") for number, box in enumerate(house.worker_boxes, 1)),
            Child("cron", house.cron, mailbox=house.cron_box, backoff=PATIENT, note="sees to it that what falls due is in the ledger")]),
        Supervisor("edges", ONE_FOR_ONE, within(5, minutes=1), note="last up, first down", children=[
            Child("api", house.api, note="programs, and Telegram's webhook, come in here"),
            Child("admin", house.admin, note="operators look on and help here"),
            Child("metrics", house.metrics, note="Prometheus reads here"),
            *polling(house)]),
        Supervisor("watch", ONE_FOR_ONE, within(10, minutes=1), note="looks on, and is in nobody's way", children=[
            Child("loop", watch.loop, note="how late the event loop is, and who holds it up"),
            Child("gauges", watch.Gauges, note="what Prometheus reads of the tree"),
            Child("census", house.census, note="counts what only PostgreSQL knows"),
            Child("minutes", house.minutes, note="keeps each minute in numbers, for the panel's plots"),
            Child("control", house.control, note="shows the tree to its owner: vitte tree --live"),
            Child("herald", house.herald, note="tells systemd that all of it lives, for as long as it does")]),
    ])


def polling(house: House) -> list[Spec]:
    """Nothing where a webhook is configured: updates come in by the API then."""
    if house.config.telegram.updates == "webhook":
        return []
    return [Child("poller", house.poller, backoff=PATIENT, note="asks Telegram for updates")]
