"""What a bot sends beside words: pictures, albums, files, and all other kinds."""

import re
from typing import Any, cast

from vitte.dev.telegram import refusals, schema
from vitte.dev.telegram.methods.writing import caption_content, new_message
from vitte.dev.telegram.refusals import bad_request
from vitte.dev.telegram.schema import Upload
from vitte.dev.telegram.world import Bot, Handler, Json


def send_photo(bot: Bot, arguments: Json) -> Json:
    """Send a picture: uploaded, by file id or by address."""
    chat = bot.chat(arguments["chat_id"])
    file = stored(bot, arguments["photo"])
    content = {"photo": photo_sizes(bot, file)} | caption_content(arguments)
    return new_message(bot, chat, arguments, content)


def stored(bot: Bot, given: Any) -> str:
    """Give the id of a file that was uploaded, is known, or stands at an address."""
    if isinstance(given, Upload):
        return bot.world.store(given.name, given.content)
    if given in bot.world.files:
        return given
    if re.match(r"https?://[^\s/]+\.", given):
        # Nothing is fetched from outside: the page shows the address instead.
        return bot.world.store(given, b"")
    raise bad_request(refusals.WRONG_FILE)


def photo_sizes(bot: Bot, file: str) -> list[Json]:
    """Describe a picture in one size."""
    size = len(bot.world.files[file][1])
    return [
        {
            "file_id": file,
            "file_unique_id": file,
            "width": 640,
            "height": 400,
            "file_size": size,
        }
    ]


def send_media_group(bot: Bot, arguments: Json) -> list[Json]:
    """Send an album: one message for each of its items."""
    chat = bot.chat(arguments["chat_id"])
    group = str(bot.last_message + 1)
    sent: list[Json] = []
    for item in arguments["media"]:
        file = stored(bot, item["media"])
        kind = item["type"]
        content = (
            {"photo": photo_sizes(bot, file)} if kind == "photo" else {kind: media_of(kind, file)}
        )
        captioned = content | caption_content(item) | {"media_group_id": group}
        sent.append(new_message(bot, chat, arguments, captioned))
    return sent


def media_of(field: str, file: str) -> Json:
    """Describe a stored file as one kind of content."""
    kind = schema.fields_of("Message")[field].types[0]
    described: Json = schema.sample(kind)
    return described | {"file_id": file, "file_unique_id": file}


def send_media(field: str) -> Handler:
    """Make the method that sends any other kind of content."""
    kind = schema.fields_of("Message")[field].types[0]

    def send(bot: Bot, arguments: Json) -> Json:
        chat = bot.chat(arguments["chat_id"])
        content = schema.sample(kind)
        known = schema.fields_of(kind)
        given = {name: value for name, value in arguments.items() if name in known}
        content |= {name: shaped(known[name].types[0], value) for name, value in given.items()}
        if "file_id" in content:
            content = media_of(field, stored(bot, arguments[field]))
        return new_message(bot, chat, arguments, {field: content} | caption_content(arguments))

    return send


def shaped(kind: str, value: Any) -> Any:
    """Turn what was sent into what is kept, as an option of a poll into one with votes."""
    if isinstance(value, list):
        inner = kind.removeprefix("Array of ")
        return [shaped(inner, item) for item in cast("list[Any]", value)]
    given = cast("Json", value)
    if not isinstance(value, dict) or kind not in schema.document()["types"]:
        return given
    known = schema.fields_of(kind)
    return schema.sample(kind) | {name: given[name] for name in given if name in known}


def get_file(bot: Bot, arguments: Json) -> Json:
    """Tell where a file can be fetched."""
    file = bot.world.files.get(arguments["file_id"])
    if file is None:
        raise bad_request("invalid file_id")
    number = arguments["file_id"]
    return {
        "file_id": number,
        "file_unique_id": number,
        "file_size": len(file[1]),
        "file_path": f"files/{number}",
    }
