"""Dialogs and what was said in them."""

import hashlib
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from vitte.actors import cache, clerk
from vitte.actors.clerk import Once
from vitte.errors import Contradiction, NotThere, VersionGone, VitteError
from vitte.http import kept, pages
from vitte.http.access import Caller
from vitte.http.kept import Shown
from vitte.http.pages import PageQuery
from vitte.http.payload import CharacterNumber, Patch, Title, UserNumber
from vitte.http.route import Answer, Asked
from vitte.http.written import line
from vitte.services import Services
from vitte.store import dialogs, idempotency, messages
from vitte.store.characters import CharacterId
from vitte.store.dialogs import DialogId, State
from vitte.store.messages import MessageId, Role


class NewDialog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A dialog to be started; the person's open one, if any, is closed.

    Without a character it is the one that the person chose last, if it is offered, else the first that is.
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
        if user is None:
            return await self._list_all(asked)
        page = dialogs.Asked(
            user, DialogId(query.before()), query.limit + 1, _state(query), _character(query)
        )
        shown = await cache.get(self._cache, kept.DIALOGS, page)
        if shown is None:
            raise NotThere("user")
        return shown.answer

    async def get(self, asked: Asked[None, None]) -> Answer:
        """One dialog."""
        shown = await cache.get(self._cache, kept.DIALOG, DialogId(asked.number))
        return _for(asked.caller, shown)

    async def messages(self, asked: Asked[MessagesQuery, None]) -> Answer:
        """What was said in a dialog, the latest first."""
        query = asked.query
        page = messages.Asked(
            DialogId(asked.number),
            MessageId(query.before()),
            query.limit + 1,
            None if query.role is UNSET else query.role,
        )
        return _for(asked.caller, await cache.get(self._cache, kept.MESSAGES, page))

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
            return kept.dialog(await self._open(asked))
        change = dialogs.Change(
            dialog=DialogId(asked.number),
            user=asked.caller.user_id,
            title=None if body.title is UNSET else body.title,
            state=None if body.state is UNSET else body.state,
            version=asked.version,
        )
        return kept.dialog(await clerk.change_dialog(self._clerk, change))

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
            raise await self._why_not(asked)
        await cache.forget_talk(self._cache, changed.user_id, cache.DIALOGS)
        return changed

    async def _why_not(self, asked: Asked[Any, Any]) -> VitteError:
        found = await dialogs.get(self._database, asked.caller.user_id, DialogId(asked.number))
        if found is None:
            return NotThere("dialog")
        if asked.version not in {None, found.updated_at}:
            return VersionGone()
        return Contradiction("the person has another dialog open: close that one first", "state")

    async def _list_all(self, asked: Asked[DialogsQuery, None]) -> Answer:
        """Everybody's, which is kept by nobody: it changes with whatever anybody says."""
        query = asked.query
        rows = await dialogs.list_of_all(
            self._database,
            limit=query.limit + 1,
            before=DialogId(query.before()),
            state=_state(query),
            character=_character(query),
        )
        return pages.answer(
            asked.request, query, rows, show=kept.show_dialogs, key=lambda row: row.id
        )


def _for(caller: Caller, shown: Shown | None) -> Answer:
    """The answer, if it is for this caller: a stranger's dialog is the same as none."""
    if shown is None or caller.user_id not in (None, shown.owner):
        raise NotThere("dialog")
    return shown.answer


def _state(query: DialogsQuery) -> State | None:
    return None if query.state is UNSET else query.state


def _character(query: DialogsQuery) -> CharacterId | None:
    return None if query.character_id is UNSET else CharacterId(query.character_id)


def _answered(row: dialogs.Dialog) -> idempotency.Answer:
    return idempotency.Answer(location=f"/api/v1/dialogs/{row.id}", body=kept.dialog_body(row))


def _started(answer: idempotency.Answer, *, replayed: bool = False) -> Answer:
    head = line("Location", answer.location)
    if replayed:
        head += line("Idempotent-Replayed", "true")
    return Answer(status=201, body=answer.body, head=head)
