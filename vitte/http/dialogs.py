"""Dialogs and what was said in them."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vitte.errors import Contradiction, NotThere, VersionGone, VitteError
from vitte.http import pages, reading
from vitte.http.pages import PageQuery
from vitte.http.payload import CharacterNumber, DialogNumber, Moment, Patch, Title, UserNumber
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import dialogs, idempotency, messages, users
from vitte.store.characters import CharacterId
from vitte.store.dialogs import DialogId, State
from vitte.store.messages import MessageId, Role
from vitte.store.pool import Session
from vitte.store.users import UserId


class Dialog(Struct, frozen=True, kw_only=True):
    """A conversation between a person and a character; at most one a person is open."""

    id: DialogNumber
    user_id: UserNumber
    character_id: CharacterNumber
    title: Title
    state: State
    last_message_at: Moment
    closed_at: Moment | None
    archived_at: Moment | None
    created_at: Moment
    updated_at: Moment


class Message(Struct, frozen=True, kw_only=True):
    """Something said in a dialog, by the person or by the character."""

    id: int
    dialog_id: DialogNumber
    role: Role
    text: str
    created_at: Moment


class NewDialog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dialog to be started; the person's open one, if any, is closed.

    Without a character it is the one that the person chose last.
    """

    user_id: UserNumber
    character_id: CharacterNumber | UnsetType = UNSET
    title: Title = ""


class DialogPatch(Patch, frozen=True):
    """What changes; what is absent stays. To open one, close the person's other one first."""

    title: Title | UnsetType = UNSET
    state: State | UnsetType = UNSET


class DialogsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dialogs."""

    user_id: UserNumber | UnsetType = UNSET
    state: State | UnsetType = UNSET
    character_id: CharacterNumber | UnsetType = UNSET


class MessagesQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which messages."""

    role: Role | UnsetType = UNSET


_show_dialogs = pages.shower(Dialog)
_show_messages = pages.shower(Message)
_encode = msgspec.json.Encoder().encode


class Dialogs:
    """Answers the addresses of dialogs."""

    def __init__(self, services: Services) -> None:
        self._database = services.database
        self._clock = services.clock

    async def list(self, asked: Asked[DialogsQuery, None]) -> Answer:
        """Dialogs, the newest first."""
        query, user = asked.query, asked.caller.user_id
        if query.user_id is not UNSET:
            user = asked.caller.must_be_let_see(query.user_id, "user")
        rows = await dialogs.list_of(
            self._database,
            user,
            limit=query.limit + 1,
            before=DialogId(query.before()),
            states=dialogs.EVERY_STATE if query.state is UNSET else (query.state,),
            character=None if query.character_id is UNSET else CharacterId(query.character_id),
        )
        return pages.answer(asked.request, query, rows, show=_show_dialogs, key=_id)

    async def get(self, asked: Asked[None, None]) -> Answer:
        """One dialog."""
        return _answer(await self._find(asked))

    async def messages(self, asked: Asked[MessagesQuery, None]) -> Answer:
        """What was said in a dialog, the latest first."""
        query, dialog = asked.query, await self._find(asked)
        rows = await messages.list_recent(
            self._database,
            dialog,
            limit=query.limit + 1,
            before=MessageId(query.before()),
            role=None if query.role is UNSET else query.role,
        )
        return pages.answer(asked.request, query, rows, show=_show_messages, key=_id)

    async def post(self, asked: Asked[None, NewDialog]) -> Answer:
        """Start a dialog; with an Idempotency-Key, once however often it is asked."""
        asked.caller.must_be_let_see(asked.body.user_id, "user")
        if asked.key is None:
            row = await self._start(self._database, asked)
            return _started(_written(row), _where(row))
        return await self._start_once(asked, asked.key)

    async def patch(self, asked: Asked[None, DialogPatch]) -> Answer:
        """Change a dialog's title or state."""
        changed = await dialogs.change(
            self._database,
            asked.caller.user_id,
            DialogId(asked.number),
            self._clock(),
            title=asked.body.title,
            state=asked.body.state,
            version=asked.version,
        )
        if changed is None:
            raise _why_not(await self._find(asked), asked.version)
        return _answer(changed)

    async def _find(self, asked: Asked[Any, Any]) -> dialogs.Dialog:
        found = await dialogs.get(self._database, asked.caller.user_id, DialogId(asked.number))
        if found is None:
            raise NotThere("dialog")
        return found

    async def _start(self, session: Session, asked: Asked[None, NewDialog]) -> dialogs.Dialog:
        body, user = asked.body, UserId(asked.body.user_id)
        character = None if body.character_id is UNSET else CharacterId(body.character_id)
        started = await dialogs.start_if_possible(
            session, user, character, self._clock(), title=body.title
        )
        if started is not None:
            return started
        if await users.get(session, user) is None:
            raise NotThere("user")
        raise Contradiction("this character is not offered", "character_id")

    async def _start_once(self, asked: Asked[None, NewDialog], key: str) -> Answer:
        request = hashlib.sha256(b"POST dialogs " + await asked.request.read()).digest()
        token = asked.caller.token_id
        async with self._database.transaction() as transaction:
            kept = await idempotency.claim(transaction, token, key, request, self._clock())
            if kept is None:
                row = await self._start(transaction, asked)
                location, body = _where(row), _written(row)
                await idempotency.keep(transaction, token, key, location=location, body=body)
                return _started(body, location)
        if kept.request != request or kept.body is None or kept.location is None:
            raise Contradiction("this key came with another request", "Idempotency-Key")
        return _started(kept.body, kept.location, replayed=True)


def _answer(row: dialogs.Dialog) -> Answer:
    return Answer(body=_show_dialogs([row])[0], etag=reading.etag(row.updated_at))


def _written(row: dialogs.Dialog) -> bytes:
    return _encode(_show_dialogs([row])[0])


def _where(row: dialogs.Dialog) -> str:
    return f"/api/v1/dialogs/{row.id}"


def _started(body: bytes, location: str, *, replayed: bool = False) -> Answer:
    headers = {"Location": location}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Answer(status=201, body=body, headers=headers)


def _why_not(found: dialogs.Dialog, version: datetime | None) -> VitteError:
    if version not in {None, found.updated_at}:
        return VersionGone()
    return Contradiction("the person has another dialog open: close that one first", "state")


def _id(row: dialogs.Dialog | messages.Message) -> int:
    return row.id
