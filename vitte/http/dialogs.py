"""Dialogs and what was said in them."""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from vitte.actors import cache, clerk
from vitte.actors.clerk import Once
from vitte.errors import Contradiction, NotThere, VersionGone, VitteError
from vitte.http import pages, reading
from vitte.http.pages import PageQuery
from vitte.http.payload import CharacterNumber, DialogNumber, Moment, Patch, Title, UserNumber
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import dialogs, idempotency, messages
from vitte.store.characters import CharacterId
from vitte.store.dialogs import DialogId, State
from vitte.store.messages import MessageId, Role


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
        self._cache = services.cache
        self._clerk = services.clerk
        self._clock = services.clock

    async def list(self, asked: Asked[DialogsQuery, None]) -> Answer:
        """Dialogs, the newest first."""
        query, user = asked.query, asked.caller.user_id
        if query.user_id is not UNSET:
            user = asked.caller.must_be_let_see(query.user_id, "user")
        limit, before = query.limit + 1, DialogId(query.before())
        state = None if query.state is UNSET else query.state
        character = None if query.character_id is UNSET else CharacterId(query.character_id)
        if user is None:
            rows = await dialogs.list_of_all(
                self._database, limit=limit, before=before, state=state, character=character
            )
        else:
            page = dialogs.Asked(user, before, limit, state, character)
            rows = (await dialogs.list_pages(self._database, [page]))[page]
        return pages.answer(asked.request, query, rows, show=_show_dialogs, key=_id)

    async def get(self, asked: Asked[None, None]) -> Answer:
        """One dialog."""
        return _answer(await self._find(asked))

    async def messages(self, asked: Asked[MessagesQuery, None]) -> Answer:
        """What was said in a dialog, the latest first."""
        query = asked.query
        wanted = messages.Asked(
            DialogId(asked.number),
            MessageId(query.before()),
            query.limit + 1,
            None if query.role is UNSET else query.role,
        )
        page = (await messages.list_pages(self._database, [wanted])).get(wanted)
        if page is None or asked.caller.user_id not in {None, page.owner}:
            raise NotThere("dialog")
        return pages.answer(asked.request, query, page.messages, show=_show_messages, key=_id)

    async def post(self, asked: Asked[None, NewDialog]) -> Answer:
        """Start a dialog; with an Idempotency-Key, once however often it is asked."""
        body = asked.body
        wish = dialogs.Wish(
            user=asked.caller.must_be_let_see(body.user_id, "user"),
            character=None if body.character_id is UNSET else CharacterId(body.character_id),
            title=body.title,
        )
        if asked.key is None:
            return _started(_answered(await clerk.start_dialog(self._clerk, wish)))
        request = hashlib.sha256(b"POST dialogs " + await asked.request.read()).digest()
        key = idempotency.Key(asked.caller.token_id, asked.key)
        once = Once(key=key, request=request, answer=_answered)
        settled = await clerk.start_dialog_once(self._clerk, wish, once)
        return _started(settled.answer, replayed=settled.replayed)

    async def patch(self, asked: Asked[None, DialogPatch]) -> Answer:
        """Change a dialog's title or state."""
        body = asked.body
        if body.state == "open":
            return _answer(await self._open(asked))
        change = dialogs.Change(
            dialog=DialogId(asked.number),
            user=asked.caller.user_id,
            title=None if body.title is UNSET else body.title,
            state=None if body.state is UNSET else body.state,
            version=asked.version,
        )
        return _answer(await clerk.change_dialog(self._clerk, change))

    async def _open(self, asked: Asked[None, DialogPatch]) -> dialogs.Dialog:
        """Open a dialog, with its title: alone, for it may meet another open one at any moment."""
        changed = await dialogs.change(
            self._database,
            asked.caller.user_id,
            DialogId(asked.number),
            self._clock(),
            title=asked.body.title,
            state="open",
            version=asked.version,
        )
        if changed is None:
            raise _why_not(await self._find(asked), asked.version)
        await cache.forget(self._cache, changed.user_id)
        return changed

    async def _find(self, asked: Asked[Any, Any]) -> dialogs.Dialog:
        found = await dialogs.get(self._database, asked.caller.user_id, DialogId(asked.number))
        if found is None:
            raise NotThere("dialog")
        return found


def _answer(row: dialogs.Dialog) -> Answer:
    return Answer(body=_show_dialogs([row])[0], etag=reading.etag(row.updated_at))


def _answered(row: dialogs.Dialog) -> idempotency.Answer:
    body = _encode(_show_dialogs([row])[0])
    return idempotency.Answer(location=f"/api/v1/dialogs/{row.id}", body=body)


def _started(answer: idempotency.Answer, *, replayed: bool = False) -> Answer:
    headers = {"Location": answer.location}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Answer(status=201, body=answer.body, headers=headers)


def _why_not(found: dialogs.Dialog, version: datetime | None) -> VitteError:
    if version not in {None, found.updated_at}:
        return VersionGone()
    return Contradiction("the person has another dialog open: close that one first", "state")


def _id(row: dialogs.Dialog | messages.Message) -> int:
    return row.id
