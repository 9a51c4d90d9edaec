"""Imports aiogram plainly or quickly and prints what all of it then does, as JSON.

``python -m tests.telegram.aiogram_probe plain|quick`` makes a sample of every type
and every method and notes how its fields are understood, how the sample is
validated and written out, and what a bot would send of it. Then a dispatcher
answers a few updates. Two runs that print the same show no difference.
"""

import asyncio
import enum
import hashlib
import json
import re
import sys
import types
import typing
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

if sys.argv[1:] == ["quick"]:
    from vitte.telegram import quick_import

    quick_import.now()

from aiogram import Bot, Dispatcher, F, methods
from aiogram import types as telegram
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.filters import (
    IS_MEMBER,
    IS_NOT_MEMBER,
    ChatMemberUpdatedFilter,
    Command,
    CommandObject,
    CommandStart,
)
from aiogram.filters.callback_data import CallbackData
from aiogram.utils.chat_member import ChatMemberAdapter
from pydantic import BaseModel

DEPTH = 2
"""How deep a sample holds what is not required; below, only what is."""

SOME_FILE = telegram.BufferedInputFile(b"content", filename="some.txt")
PLAIN: dict[Any, Any] = {
    bool: True,
    int: 7,
    float: 1.5,
    str: "text",
    datetime: 1_800_000_000,
    timedelta: 9,
}


def sample(wanted: Any, depth: int = 0) -> Any:
    """Make up a value for an annotation, always the same one."""
    inner = typing.get_args(wanted)
    match typing.get_origin(wanted):
        case typing.Union | types.UnionType:
            return sample(next(one for one in inner if one is not type(None)), depth)
        case typing.Annotated:
            return sample(inner[0], depth)
        case typing.Literal:
            return inner[0]
        case origin if origin is list:
            return [sample(inner[0], depth)]
        case _:
            return sample_of_class(wanted, depth)


def sample_of_class(wanted: Any, depth: int) -> Any:
    if not isinstance(wanted, type):
        return "any"
    if issubclass(wanted, telegram.InputFile):
        return SOME_FILE
    if issubclass(wanted, BaseModel):
        return {
            name: sample(field.annotation, depth + 1)
            for name, field in wanted.model_fields.items()
            # What tells the members of a union apart is never required, but needed.
            if field.is_required() or depth < DEPTH or name in {"type", "status", "source"}
        }
    if issubclass(wanted, enum.Enum):
        return next(iter(wanted)).value
    return PLAIN.get(wanted, "any")


def outcome(act: Callable[[], Any]) -> str:
    """Tell what came of it, value or error, without what chance put into it."""
    try:
        told = repr(act())
    except Exception as error:  # noqa: BLE001 - errors are to be the same, too
        told = f"{type(error).__name__}: {error}"
    told = re.sub(r"0x[0-9a-f]+|attach://[\w-]+", "#", told)
    return told if len(told) < 300 else f"{told[:300]}… {hashlib.sha256(told.encode()).hexdigest()}"


def of_model(model: type[BaseModel]) -> Iterator[str]:
    """Tell everything that pydantic does with a model."""
    given = sample(model)
    yield outcome(lambda: model.model_validate(given))
    yield outcome(lambda: model(**given))
    yield outcome(lambda: model.model_validate(given).model_dump(exclude_none=True))
    yield outcome(lambda: model.model_validate(given).model_dump_json(warnings=False))
    yield outcome(lambda: model.model_validate({name: [object] for name in given}))
    yield outcome(lambda: sorted(model.model_fields.items()))
    yield outcome(lambda: hash(model.model_validate(given)) != 0)


def sent(bot: Bot, method: methods.TelegramMethod[Any]) -> list[str]:
    """Tell what would travel to Telegram."""
    files: dict[str, Any] = {}
    fields = {
        key: bot.session.prepare_value(value, bot=bot, files=files)
        for key, value in method.model_dump(warnings=False).items()
    }
    return [f"{key}={value}" for key, value in fields.items()] + [
        file.filename for file in files.values()
    ]


def of_method(bot: Bot, method: type[methods.TelegramMethod[Any]]) -> Iterator[str]:
    """Tell what a method sends and how its answer is read."""
    yield outcome(lambda: sent(bot, method.model_validate(sample(method))))
    returned = {"ok": True, "result": sample(method.__returning__)}
    refused = {"ok": False, "description": "", "parameters": {"retry_after": 3}}
    for answer in (returned, refused):
        yield outcome(partial(read, bot, method, json.dumps(answer, default=str)))


def read(bot: Bot, method: type[methods.TelegramMethod[Any]], answer: str) -> Any:
    return bot.session.check_response(bot, method.model_construct(), 200, answer).result


def of_choices(bot: Bot) -> Iterator[str]:
    """Tell what is sent of every alternative, where a method takes one of several types."""
    for one in alternatives(telegram.MediaUnion):
        yield send_out(bot, methods.SendMediaGroup, chat_id=1, media=[one])
    for one in alternatives(telegram.InputMediaUnion):
        yield send_out(bot, methods.EditMessageMedia, media=one)
    for one in alternatives(telegram.ReplyMarkupUnion):
        yield send_out(bot, methods.SendMessage, chat_id=1, text="a", reply_markup=one)
    for one in alternatives(telegram.InlineQueryResultUnion):
        yield send_out(bot, methods.AnswerInlineQuery, inline_query_id="1", results=[one])


def send_out(bot: Bot, method: Callable[..., Any], **arguments: Any) -> str:
    return outcome(lambda: sent(bot, method(**arguments)))


def alternatives(wanted: Any) -> list[Any]:
    """Give an object of each type in a union, however it is nested."""
    inner = typing.get_args(wanted)
    if typing.get_origin(wanted) is typing.Annotated:
        return alternatives(inner[0])
    if inner:
        return [made for one in inner for made in alternatives(one)]
    return [wanted.model_validate(sample(wanted))]


class Choice(CallbackData, prefix="choice"):
    """What a button of the dispatcher below carries."""

    character: int


class Louder(telegram.Message):
    """A type of ours that descends from one of theirs."""

    loud: telegram.MessageEntity | None = None


class Parcel(BaseModel):
    """A model of ours that holds theirs."""

    update: telegram.Update
    people: list[telegram.User]
    anything: Any = None


def untyped() -> Iterator[str]:
    """Tell how types are written out where no field says what they are.

    Their classes are built for nothing else before: it goes the longest way.
    """
    for _, one in classes(telegram, telegram.TelegramObject):
        yield outcome(Parcel.model_construct(anything=[one.model_construct()]).model_dump)


class Recorder(AiohttpSession):
    """Answers as Telegram would and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []

    async def make_request(self, bot: Bot, method: Any, timeout: Any = None) -> Any:  # noqa: ARG002 - aiogram's signature
        self.kept += [type(method).__name__, *sent(bot, method)]
        said = {"ok": True, "result": sample(method.__returning__, DEPTH)}
        return self.check_response(bot, method, 200, json.dumps(said)).result


def dispatcher() -> Dispatcher:
    """Answer commands, buttons, texts and joining people."""
    made = Dispatcher()

    @made.message(CommandStart(deep_link=True))
    async def _(message: telegram.Message, command: CommandObject) -> None:
        await message.answer(f"start {command.args}")

    @made.message(Command("help", "status"), F.from_user.as_("person"))
    async def _(message: telegram.Message, person: telegram.User) -> None:
        button = telegram.InlineKeyboardButton(
            text=person.first_name, callback_data=Choice(character=3).pack()
        )
        markup = telegram.InlineKeyboardMarkup(inline_keyboard=[[button]])
        await message.reply("help", reply_markup=markup)

    @made.message(F.text.regexp(r"\d+").as_("found"))
    async def _(message: telegram.Message, found: re.Match[str]) -> None:
        await message.answer_photo(SOME_FILE, caption=found.group())

    @made.edited_message()
    async def _(message: telegram.Message) -> None:
        await message.delete()

    @made.callback_query(Choice.filter(F.character > 2))
    async def _(query: telegram.CallbackQuery, callback_data: Choice) -> None:
        await query.answer(f"chosen {callback_data.character}")

    @made.my_chat_member(ChatMemberUpdatedFilter(IS_NOT_MEMBER >> IS_MEMBER))
    async def _(event: telegram.ChatMemberUpdated) -> None:
        await event.answer("joined")

    return made


def updates() -> Iterator[dict[str, Any]]:
    """Give one update for each way through the dispatcher, and some that nobody takes."""
    person = {"id": 5, "is_bot": False, "first_name": "Anna", "language_code": "ru"}
    chat = {"id": 5, "type": "private", "first_name": "Anna"}
    message = {"message_id": 1, "date": 1_800_000_000, "chat": chat, "from": person}
    for text in ("/start a_b", "/help@probe_bot", "/status", "number 12", "nothing", "/start"):
        yield {"message": message | {"text": text}}
    yield {"message": message | {"sticker": sample(telegram.Sticker)}}
    yield {"edited_message": message | {"text": "changed"}}
    yield {"channel_post": message | {"text": "posted", "sender_chat": chat}}
    for data in ("choice:3", "choice:1", "old"):
        query = {"id": "1", "from": person, "chat_instance": "1", "data": data, "message": message}
        yield {"callback_query": query}
    member = {"user": person, "status": "left"}
    joined = {"old_chat_member": member, "new_chat_member": member | {"status": "member"}}
    yield {"my_chat_member": {"chat": chat, "from": person, "date": 1_800_000_000} | joined}
    yield {"something_new": {"id": 1}}


async def of_dispatcher() -> list[str]:
    """Feed the updates and tell what was sent."""
    session = Recorder()
    bot = Bot("42:TEST", session=session, default=DefaultBotProperties(parse_mode="HTML"))
    answering = dispatcher()
    for number, update in enumerate(updates()):
        session.kept.append(f"update {number}")
        await answering.feed_raw_update(bot, {"update_id": number} | update)
        await answering.feed_update(bot, telegram.Update(update_id=number, **update))
    return session.kept


def classes(room: types.ModuleType, root: Any) -> Iterator[tuple[str, Any]]:
    """Give what a module exports of a root's descendants, by name."""
    for name in sorted(room.__all__):
        one = getattr(room, name)
        if isinstance(one, type) and issubclass(one, root):
            yield name, one


def everything() -> dict[str, list[str]]:
    """Tell all that can be told, by the name of what it is told of."""
    bot = Bot("42:TEST", default=DefaultBotProperties(parse_mode="HTML"))
    found = {"dispatcher": asyncio.run(of_dispatcher()), "without a type": list(untyped())}
    for room in (telegram, methods):
        for name, one in classes(room, BaseModel):
            found[f"{room.__name__}.{name}"] = list(of_model(one))
    for name, one in classes(methods, methods.TelegramMethod):
        found[f"{name}, sent"] = list(of_method(bot, one))
    found["choices"] = list(of_choices(bot))
    found["ours"] = [*of_model(Louder), *of_model(Parcel)]
    member = sample(telegram.ChatMemberOwner)
    found["adapter"] = [outcome(lambda: ChatMemberAdapter.validate_python(member))]
    found["left over"] = [
        f"{root.__name__}.{name}"
        for root in (telegram.TelegramObject, methods.TelegramMethod)
        for name in ("model_rebuild", "__get_pydantic_core_schema__")
        if name in vars(root)
    ]
    return found


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump(everything(), sys.stdout, ensure_ascii=False, indent=1)
