"""The API with people in it, and programs that ask."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from tests.store.people import ANNA, BORIS, VERA, register
from tests.whole import Whole
from vitte.house import utc_now
from vitte.store import characters, dialogs, messages, tokens
from vitte.store.audit import SHELL
from vitte.store.characters import CharacterId
from vitte.store.pool import Database
from vitte.store.users import UserId


class Answered(Struct, frozen=True, kw_only=True):
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def fields(self) -> list[str]:
        """The fields that a refusal names."""
        return [fault["field"] for fault in self.body["errors"]]


class Program:
    """A program that asks the API with a token of its own, or none."""

    def __init__(self, vitte: Whole, token: str | None) -> None:
        self._vitte = vitte
        self.token = token

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        """Ask; headers are written with underscores, ``If_Match`` for ``If-Match``."""
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else None if body is None else msgspec.json.encode(body)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        url = f"http://vitte/api/v1{path}"
        async with self._vitte.http.request(method, url, data=data, headers=sent) as response:
            return Answered(
                status=response.status,
                headers={name.lower(): value for name, value in response.headers.items()},
                raw=await response.read(),
            )

    async def get(self, path: str, **headers: str) -> Answered:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: Any, **headers: str) -> Answered:
        return await self.ask("POST", path, body, headers=headers)

    async def patch(self, path: str, body: Any, **headers: str) -> Answered:
        return await self.ask("PATCH", path, body, headers=headers)


class People:
    """Anna, Boris and Vera as they are known to a running vitte, and how programs are made."""

    def __init__(self, vitte: Whole) -> None:
        self.vitte = vitte
        self.numbers = iter(range(1, 1_000))

    @property
    def database(self) -> Database:
        return self.vitte.house.services.database

    async def program(
        self, *scopes: str, user: UserId | None = None, name: str | None = None, **given: Any
    ) -> Program:
        """A program whose token has these scopes."""
        text, _ = await tokens.create(
            self.database,
            name or f"program-{next(self.numbers)}",
            scopes or ["all"],
            utc_now(),
            user=user,
            **given,
        )
        return Program(self.vitte, text)

    def stranger(self, token: str | None = None) -> Program:
        return Program(self.vitte, token)

    async def dialog(self, user: UserId, *said: str) -> dialogs.Dialog:
        """A dialog of a person in which so much was said."""
        [started] = await dialogs.start_many(self.database, [dialogs.Wish(user=user)], utc_now())
        dialog = started.dialog
        assert dialog is not None
        for text in said:
            await messages.add_exchange(self.database, dialog, text, [f"{text}?"], utc_now())
        return dialog

    async def retire(self, character: int) -> None:
        """Nobody begins with a character any more."""
        known = await characters.get(self.database, CharacterId(character))
        assert known is not None
        traits = msgspec.structs.replace(known.traits, active=False)
        assert await characters.change(self.database, known, traits, SHELL, utc_now())


@pytest.fixture
async def people(vitte: Whole) -> People:
    await register(vitte.house.services.database, ANNA, BORIS, VERA)
    return People(vitte)


@pytest.fixture
async def program(people: People) -> Program:
    """A program that may do everything."""
    return await people.program()
