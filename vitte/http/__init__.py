"""The HTTP edge: the REST API and Telegram's webhook, one table of routes.

``build(services)`` gives the application; ``exposition()`` the little one that
Prometheus reads on a port of its own.
"""

from aiohttp import web

from vitte.http import health, middleware, webhook
from vitte.http.exposition import exposition
from vitte.services import Services

__all__ = ["build", "exposition"]


def build(services: Services) -> web.Application:
    """The application with every route; nothing has been opened yet."""
    app = web.Application(
        middlewares=[middleware.observe, middleware.problems_as_answers],
        client_max_size=services.config.http.body_bytes,
    )
    app.add_routes(routes(services))
    return app


def routes(services: Services) -> list[web.RouteDef]:
    """Every route: method, path, who answers."""
    checks = health.Health(services)
    table = [
        web.get("/api/v1/health", checks.all),
        web.get("/api/v1/health/db", checks.database),
        web.get("/api/v1/health/redis", checks.redis),
    ]
    telegram = services.config.telegram
    if telegram.updates == "webhook":
        table.append(web.post(telegram.webhook_path(), webhook.Webhook(services).receive))
    return table
