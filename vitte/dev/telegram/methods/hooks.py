"""Where updates go: setting, deleting and describing a webhook."""

import re
import string

from vitte.dev.telegram import refusals
from vitte.dev.telegram.delivery import Webhook, kinds
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.world import Bot, Json

LONGEST_SECRET = 256
SECRET_CHARACTERS = frozenset(string.ascii_letters + string.digits + "_-")
MOST_CONNECTIONS = 100


def set_webhook(bot: Bot, arguments: Json) -> bool:
    """Let updates be sent to an address; plain http is fine here, unlike at Telegram."""
    url = arguments.get("url", "")
    secret = arguments.get("secret_token", "")
    if url and not re.match(r"https?://[^\s/]+", url):
        raise bad_request(refusals.WRONG_WEBHOOK)
    if len(secret) > LONGEST_SECRET:
        raise bad_request(refusals.WEBHOOK_TOO_LONG)
    if not SECRET_CHARACTERS.issuperset(secret):
        raise bad_request(refusals.WEBHOOK_CHARACTERS)
    updates = bot.updates
    updates.allowed = kinds(arguments.get("allowed_updates"), updates.allowed)
    if arguments.get("drop_pending_updates"):
        updates.drop()
    webhook = Webhook(
        url=url,
        secret=secret,
        max_connections=max(1, min(MOST_CONNECTIONS, arguments.get("max_connections", 40))),
        ip_address=arguments.get("ip_address"),
        certificate="certificate" in arguments,
    )
    updates.set_webhook(webhook if url else None)
    bot.world.changed()
    return True


def delete_webhook(bot: Bot, arguments: Json) -> bool:
    """Go back to polling."""
    if arguments.get("drop_pending_updates"):
        bot.updates.drop()
    bot.updates.set_webhook(None)
    bot.world.changed()
    return True


def get_webhook_info(bot: Bot, _: Json) -> Json:
    """Tell where updates are sent and how the last calls went."""
    webhook, updates = bot.updates.webhook, bot.updates
    found: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": bool(webhook and webhook.certificate),
        "pending_update_count": len(updates.pending),
    }
    if webhook is not None:
        found["max_connections"] = webhook.max_connections
        if webhook.ip_address:
            found["ip_address"] = webhook.ip_address
        if webhook.last_error is not None:
            found["last_error_date"] = webhook.last_error_at
            found["last_error_message"] = webhook.last_error
    if updates.allowed:
        found["allowed_updates"] = list(updates.allowed)
    return found
