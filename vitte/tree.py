"""The tree: every actor, and who supervises it. Read it and you have seen the program.

The order is the order of the start; a stop goes the other way. Intensities
multiply: three falls a minute of the root above five of the edges are fifteen
before the process ends, and systemd starts it anew.
"""

from vitte.house import House
from vitte.runtime import ONE_FOR_ONE, REST_FOR_ONE, Backoff, Child, Mailbox, Spec, Supervisor, within

PATIENT = Backoff(minimum=0.1, maximum=10.0)


# fmt: off
def plant(house: House) -> Supervisor:
    """The whole tree, as ``vitte run`` starts it."""
    return Supervisor("vitte", REST_FOR_ONE, within(3, minutes=1), note="gives up: the process ends, systemd starts it anew", children=[
        stores(house),
        Supervisor("crons", ONE_FOR_ONE, within(5, minutes=10), note="what runs by the clock", children=[
            Child(job.name, house.cron(job), mailbox=Mailbox(job.name), note=job.note) for job in house.jobs]),
        Supervisor("edges", ONE_FOR_ONE, within(5, minutes=1), note="last up, first down", children=[
            Child("api", house.api, note="programs, and Telegram's webhook, come in here"),
            Child("metrics", house.metrics, note="Prometheus reads here"),
            Supervisor("telegram", REST_FOR_ONE, within(5, minutes=1), note="people come in here", children=[
                Child("bot", house.bot, mailbox=house.bot_box, shutdown=15.0, backoff=PATIENT, note="answers, each chat in its own order"),
                *polling(house)])]),
    ])


def stores(house: House) -> Supervisor:
    """Where things are kept, and who is asked for them."""
    return Supervisor("stores", REST_FOR_ONE, within(5, minutes=1), note="where things are kept", children=[
        Child("database", house.database, shutdown=8.0, note="the pool: without it nobody below makes sense"),
        Supervisor("services", ONE_FOR_ONE, within(10, minutes=1), note="asked by many, they ask the stores once", children=[
            Child("cache", house.cache, mailbox=house.cache_box, note="what is read again and again"),
            Child("limiter", house.limiter, mailbox=house.limiter_box, note="how often a person may speak")]),
    ])


def polling(house: House) -> list[Spec]:
    """Nothing where a webhook is configured: updates come in by the API then."""
    if house.config.telegram.updates == "webhook":
        return []
    return [Child("poller", house.poller, shutdown=20.0, backoff=PATIENT, note="asks for updates, confirms what was answered")]


def workshop(house: House) -> Supervisor:
    """What a job needs that is run by hand: the stores, and the bot to speak with."""
    return Supervisor("workshop", REST_FOR_ONE, within(0, minutes=1), note="a job run by hand", children=[
        stores(house),
        Child("bot", house.bot, mailbox=house.bot_box, shutdown=15.0, note="says what the job wants said"),
    ])
