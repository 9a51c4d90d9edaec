"""The admin panel: pages for operators, served beside the API on an address of its own.

``Panel`` is the actor; ``build`` gives its application, made from one table of routes.
A route says who may; one that did not could not be written down, and what is not in
the table is not there.
"""

from functools import partial
from typing import Never
from zoneinfo import ZoneInfo

from aiohttp import web

from vitte.actors import server
from vitte.admin import files, gate, live, page
from vitte.admin.desk import Desk, Route, Visit
from vitte.admin.passwords import Judge
from vitte.admin.rooms import (
    audit,
    bans,
    broadcasts,
    characters,
    configuration,
    dialogs,
    drafting,
    jobs,
    letters,
    limits,
    login,
    newcomer,
    overview,
    people,
    personal,
    place,
    plans,
    receipts,
    runbook,
    sessions,
    tree,
)
from vitte.errors import CannotListen
from vitte.runtime import Life
from vitte.services import Services

__all__ = ["Panel", "build", "table"]


class Panel:
    """One life, from a start to the next fall. It is not worth the process: see ``run``."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self, life: Life[Never]) -> None:
        """Serve the panel; where its address cannot be had, say so and do without."""
        config = self._services.config
        desk = Desk(
            services=self._services,
            tree=life.tree,
            place=life.path,
            judge=Judge(),
            zone=ZoneInfo(config.cron.timezone),
            streams=set(),
        )
        served = server.Server(
            build=partial(build, desk),
            refuse=refuse,
            listen=config.admin.listen,
            key="VITTE_ADMIN_LISTEN",
        )
        try:
            await served.run(life)
        except CannotListen as problem:
            server.log.error("There is no admin panel: %s", problem)
            life.ignore()


def build(desk: Desk) -> web.Application:
    """The application with every route; nothing has been opened yet."""
    app = web.Application(client_max_size=gate.LARGEST_FORM)
    guarded = gate.Gate(desk)
    for route in table():
        app.router.add_route(route.method, route.path, guarded.handler(route))
    app.router.add_route("*", server.NOWHERE, gate.nothing)

    async def close(_: web.Application) -> None:
        desk.close()

    app.on_shutdown.append(close)
    return app


def refuse(status: int, text: str) -> web.Response:
    """How the listening server says no to what is no request."""
    return web.Response(status=status, text=text, headers=gate.HEADERS)


# fmt: off
def table() -> tuple[Route, ...]:
    """Every route of the panel, and who may."""
    return (
        Route(method="GET", path="/static/{mark}/{name}", access="open", answer=files.serve),
        Route(method="GET", path="/login", access="open", answer=login.ask),
        Route(method="POST", path="/login", access="open", answer=login.give),
        Route(method="GET", path="/login/code", access="code", answer=login.ask_code),
        Route(method="POST", path="/login/code", access="code", answer=login.give_code),
        Route(method="POST", path="/logout", access="read", answer=sessions.leave),
        Route(method="POST", path="/language", access="read", answer=sessions.choose_language),
        Route(method="GET", path="/", access="read", answer=_home),
        Route(method="GET", path="/tree", access="read", answer=tree.show),
        Route(method="GET", path="/tree/events", access="read", answer=live.tree_events),
        Route(method="GET", path="/tree/place", access="read", answer=place.show),
        Route(method="POST", path="/tree/act", access="owner", answer=place.act),
        Route(method="GET", path="/overview", access="read", answer=overview.show),
        Route(method="GET", path="/runbook", access="read", answer=runbook.show),
        Route(method="GET", path="/people", access="read", answer=people.show_all),
        Route(method="GET", path="/people/{user:[0-9]{1,18}}", access="read", answer=people.show),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/plan", access="support", answer=plans.change),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/ban", access="support", answer=bans.impose),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/unban", access="support", answer=bans.lift),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/free", access="support", answer=limits.free),
        Route(method="GET", path="/people/{user:[0-9]{1,18}}/dialogs", access="read", answer=dialogs.show_all),
        Route(method="GET", path="/people/{user:[0-9]{1,18}}/dialogs/{dialog:[0-9]{1,18}}", access="read", answer=dialogs.show),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/dialogs/{dialog:[0-9]{1,18}}/reveal", access="support", answer=dialogs.reveal),
        Route(method="GET", path="/people/{user:[0-9]{1,18}}/export", access="support", answer=personal.ask_export),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/export", access="support", answer=personal.export),
        Route(method="GET", path="/people/{user:[0-9]{1,18}}/delete", access="owner", answer=personal.ask_delete),
        Route(method="POST", path="/people/{user:[0-9]{1,18}}/delete", access="owner", answer=personal.delete),
        Route(method="GET", path="/receipts", access="support", answer=receipts.show_all),
        Route(method="GET", path="/receipts/{receipt:[0-9]{1,18}}", access="support", answer=receipts.show),
        Route(method="GET", path="/letters", access="read", answer=letters.show_all),
        Route(method="GET", path="/letters/{letter:[0-9]{1,18}}", access="read", answer=letters.show),
        Route(method="POST", path="/letters/{letter:[0-9]{1,18}}/requeue", access="support", answer=letters.requeue),
        Route(method="POST", path="/letters/{letter:[0-9]{1,18}}/drop", access="support", answer=letters.drop),
        Route(method="POST", path="/letters/{letter:[0-9]{1,18}}/reveal", access="support", answer=letters.reveal),
        Route(method="GET", path="/broadcasts", access="read", answer=broadcasts.show_all),
        Route(method="GET", path="/broadcasts/events", access="read", answer=live.broadcast_events),
        Route(method="GET", path="/broadcasts/draft", access="owner", answer=drafting.ask),
        Route(method="POST", path="/broadcasts/draft", access="owner", answer=drafting.give),
        Route(method="GET", path="/broadcast/{name:[A-Za-z0-9][A-Za-z0-9._-]{0,63}}", access="read", answer=broadcasts.show),
        Route(method="POST", path="/broadcast/{name:[A-Za-z0-9][A-Za-z0-9._-]{0,63}}/act", access="owner", answer=broadcasts.act),
        Route(method="POST", path="/broadcast/{name:[A-Za-z0-9][A-Za-z0-9._-]{0,63}}/try", access="owner", answer=broadcasts.try_it),
        Route(method="GET", path="/characters", access="read", answer=characters.show_all),
        Route(method="GET", path="/characters/new", access="owner", answer=newcomer.ask),
        Route(method="POST", path="/characters/new", access="owner", answer=newcomer.give),
        Route(method="GET", path="/characters/{character:[0-9]{1,18}}", access="read", answer=characters.show),
        Route(method="POST", path="/characters/{character:[0-9]{1,18}}", access="owner", answer=characters.save),
        Route(method="POST", path="/characters/{character:[0-9]{1,18}}/rollback", access="owner", answer=characters.roll_back),
        Route(method="POST", path="/characters/{character:[0-9]{1,18}}/act", access="owner", answer=characters.act),
        Route(method="GET", path="/jobs", access="read", answer=jobs.show_all),
        Route(method="GET", path="/jobs/events", access="read", answer=live.job_events),
        Route(method="GET", path="/jobs/{job:[a-z][a-z-]{0,39}}", access="read", answer=jobs.show),
        Route(method="POST", path="/jobs/{job:[a-z][a-z-]{0,39}}/act", access="owner", answer=jobs.act),
        Route(method="GET", path="/configuration", access="owner", answer=configuration.show),
        Route(method="GET", path="/audit", access="support", answer=audit.show),
        Route(method="GET", path="/sessions", access="read", answer=sessions.show_sessions),
        Route(method="POST", path="/sessions/{session:[0-9]{1,18}}/end", access="read", answer=sessions.end_session),
    )
# fmt: on


async def _home(_: Visit) -> web.StreamResponse:
    return page.see("/tree")
