"""The HTTP edge: the REST API and Telegram's webhook, one table of routes.

``build(services)`` gives the application; ``exposition()`` the little one that
Prometheus reads on a port of its own. ``table(services)`` is every route of the
API: the application, the OpenAPI document and the tests are made from it. ``refuse``
is how whoever listens says no in the words of the API.
"""

from aiohttp import web

from vitte.http import endpoint, health, middleware, openapi, webhook
from vitte.http.access import Access
from vitte.http.characters import Character, Characters
from vitte.http.dialogs import DialogPatch, Dialogs, DialogsQuery, MessagesQuery, NewDialog
from vitte.http.exposition import exposition
from vitte.http.middleware import Served
from vitte.http.pages import Page
from vitte.http.payload import Dialog, Message, Settings
from vitte.http.problems import answer as refuse
from vitte.http.route import OPEN, Route
from vitte.http.statistics import DailyQuery, DailyStatistics, Statistics
from vitte.http.subscriptions import Subscription, SubscriptionPatch, Subscriptions
from vitte.http.users import SettingsPatch, User, UserPatch, Users
from vitte.services import Services

__all__ = ["build", "exposition", "refuse", "table"]


def build(services: Services) -> web.Application:
    """The application with every route; nothing has been opened yet."""
    access = Access(
        services.database,
        clock=services.clock,
        requests_per_minute=services.config.http.requests_per_minute,
    )
    served = [
        Served(route.method, route.path, endpoint.make(route, access)) for route in table(services)
    ]
    telegram = services.config.telegram
    if telegram.updates == "webhook":
        receive = webhook.Webhook(services).receive
        served.append(Served("POST", telegram.webhook_path(), receive))
    settings = services.config.http
    return middleware.application(
        served, body_bytes=settings.body_bytes, log_all=settings.access_log
    )


# fmt: off
def table(services: Services) -> tuple[Route, ...]:
    """Every route of the API."""
    subscriptions, dialogs, users = Subscriptions(services), Dialogs(services), Users(services)
    characters, statistics, checks = Characters(services), Statistics(services), health.Health(services)
    routes = (
        Route(method="GET", path="/api/v1/subscriptions/{user_id}", scope="subscriptions:read", answer=subscriptions.get, gives=Subscription, refuses=(404,), summary="What a person has paid for"),
        Route(method="PATCH", path="/api/v1/subscriptions/{user_id}", scope="subscriptions:write", answer=subscriptions.patch, takes=SubscriptionPatch, gives=Subscription, refuses=(404, 409), summary="Change a subscription"),
        Route(method="GET", path="/api/v1/dialogs/", scope="dialogs:read", answer=dialogs.list, query=DialogsQuery, gives=Page[Dialog], refuses=(404,), summary="Dialogs, the newest first"),
        Route(method="POST", path="/api/v1/dialogs/", scope="dialogs:write", answer=dialogs.post, takes=NewDialog, gives=Dialog, status=201, refuses=(404, 409), repeatable=True, summary="Start a dialog"),
        Route(method="GET", path="/api/v1/dialogs/{dialog_id}", scope="dialogs:read", answer=dialogs.get, gives=Dialog, refuses=(404,), summary="One dialog"),
        Route(method="PATCH", path="/api/v1/dialogs/{dialog_id}", scope="dialogs:write", answer=dialogs.patch, takes=DialogPatch, gives=Dialog, refuses=(404, 409), summary="Change a dialog's title or state"),
        Route(method="GET", path="/api/v1/dialogs/{dialog_id}/messages", scope="messages:read", answer=dialogs.messages, query=MessagesQuery, gives=Page[Message], refuses=(404,), summary="What was said, the latest first"),
        Route(method="GET", path="/api/v1/users/{user_id}", scope="users:read", answer=users.get, gives=User, refuses=(404,), summary="A person"),
        Route(method="PATCH", path="/api/v1/users/{user_id}", scope="users:write", answer=users.patch, takes=UserPatch, gives=User, refuses=(404,), summary="Change how a person is described"),
        Route(method="GET", path="/api/v1/users/{user_id}/settings", scope="users:read", answer=users.settings, gives=Settings, refuses=(404,), summary="What a person chose"),
        Route(method="PATCH", path="/api/v1/users/{user_id}/settings", scope="users:write", answer=users.patch_settings, takes=SettingsPatch, gives=Settings, refuses=(404, 409), summary="Choose for a person"),
        Route(method="GET", path="/api/v1/characters/", scope="characters:read", answer=characters.list, gives=Page[Character], summary="Who can be talked to"),
        Route(method="GET", path="/api/v1/stats/daily", scope="statistics:read", answer=statistics.daily, query=DailyQuery, gives=Page[DailyStatistics], summary="Each day in numbers, the latest first"),
        Route(method="GET", path="/api/v1/health", scope=OPEN, answer=checks.all, gives=health.Report, refuses=(503,), summary="Is it well?"),
        Route(method="GET", path="/api/v1/health/db", scope=OPEN, answer=checks.database, gives=health.Part, refuses=(503,), summary="Is PostgreSQL well?"),
        Route(method="GET", path="/api/v1/health/redis", scope=OPEN, answer=checks.redis, gives=health.Part, refuses=(503,), summary="Is Redis well?"),
    )
    return (*routes, *openapi.routes(routes))
# fmt: on
