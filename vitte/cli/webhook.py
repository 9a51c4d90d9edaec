"""``vitte webhook``: what Telegram has on record, and how to remove it."""

import argparse
from typing import Any

import anyio
import msgspec

from vitte.cli import command
from vitte.config import Telegram
from vitte.errors import TelegramRefused

EXPLAINED = """\
Shows or removes the webhook that Telegram has on record for this bot. vitte run sets
it by itself where telegram.updates is "webhook", and never removes it: during a
deploy another process may live by it. While one is set, polling gets nothing.

  vitte webhook status
  vitte webhook delete      waiting updates are kept"""


def add_to(commands: command.Commands) -> None:
    """Declare the command."""
    parser = command.add(commands, "webhook", run, explained=EXPLAINED)
    parser.add_argument("what", choices=("status", "delete"))
    command.takes_config(parser)
    command.takes_json(parser)


def run(given: argparse.Namespace) -> int:
    """Ask Telegram."""
    telegram = command.read_config(given).config.telegram
    method = "deleteWebhook" if given.what == "delete" else "getWebhookInfo"
    result = anyio.run(_call, telegram, method)
    if given.json:
        command.print_json(result)
    elif given.what == "delete":
        print("No webhook is set any more; updates that wait are kept.")
    else:
        print(f"address   {result.get('url') or 'none: updates are polled'}")
        print(f"waiting   {result.get('pending_update_count', 0)} updates")
        print(f"last error  {result.get('last_error_message', 'none')}")
    return 0


async def _call(telegram: Telegram, method: str) -> Any:
    import aiohttp  # noqa: PLC0415  # slow to import, and only this command needs it

    address = f"{telegram.api.rstrip('/')}/bot{telegram.token.reveal()}/{method}"
    try:
        async with aiohttp.ClientSession() as http, http.post(address) as response:
            answer = msgspec.json.decode(await response.read())
    except (aiohttp.ClientError, OSError, msgspec.MsgspecError) as problem:
        raise TelegramRefused(method, type(problem).__name__) from None
    if not answer.get("ok"):
        raise TelegramRefused(method, answer.get("description", ""))
    return answer["result"]
