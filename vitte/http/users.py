"""People, and what they chose for themselves."""

from datetime import datetime
from importlib import resources
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from vitte.actors import cache
from vitte.errors import BadInput, Contradiction, NotThere, VersionGone
from vitte.http import kept, reading
from vitte.http.payload import CharacterNumber, Moment, Name, Patch, Username, UserNumber
from vitte.http.route import Answer, Asked
from vitte.services import Services
from vitte.store import settings, users
from vitte.store.characters import CharacterId
from vitte.store.users import Language

# Every name that IANA knows, out of the package that brings them: the disk is read here, at import.
TIMEZONES: Final = frozenset((resources.files("tzdata") / "zones").read_text().split())


_encode: Final = msgspec.json.Encoder().encode


class User(Struct, frozen=True, kw_only=True):
    """A person, as Telegram last described them."""

    id: UserNumber
    first_name: str
    last_name: str | None
    username: str | None
    language_code: str | None
    unreachable_since: Annotated[
        Moment | None, Meta(description="When Telegram first refused to deliver to them")
    ]
    created_at: Moment
    updated_at: Moment


class UserPatch(Patch, frozen=True):
    """What changes; what is absent stays, null takes away. It stands until Telegram says otherwise."""

    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType | None = UNSET
    username: Username | UnsetType | None = UNSET


Timezone = Annotated[
    str,
    Meta(
        description="An IANA name; null means the installation's own",
        examples=["Europe/Berlin"],
        extra_json_schema={"enum": sorted(TIMEZONES)},
    ),
]


class SettingsPatch(Patch, frozen=True):
    """What changes; what is absent stays, null takes away."""

    language: Language | UnsetType = UNSET
    timezone: Timezone | UnsetType | None = UNSET
    character_id: CharacterNumber | UnsetType | None = UNSET
    reminders: bool | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Refuse a timezone that there is not; msgspec makes a fault of the field out of it."""
        if isinstance(self.timezone, str) and self.timezone not in TIMEZONES:
            raise BadInput(("timezone", "is not the name of a timezone"))


class Users:
    """Answers the addresses of people and their settings."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._made = kept.Made[users.User](_user)

    async def get(self, asked: Asked[None, None]) -> Answer:
        """A person."""
        user = asked.caller.must_be_let_see(asked.number, "user")
        found = await cache.get_user(self._services.cache, user)
        if found is None:
            raise NotThere("user")
        return self._made.of(user, found)

    async def patch(self, asked: Asked[None, UserPatch]) -> Answer:
        """Change how a person is described."""
        user = asked.caller.must_be_let_see(asked.number, "user")
        database, body = self._services.database, asked.body
        changed = await users.change(
            database,
            user,
            self._services.clock(),
            first_name=body.first_name,
            last_name=body.last_name,
            username=body.username,
            version=asked.version,
        )
        await cache.forget(self._services.cache, user)
        if changed is None:  # whoever was late reads now what stands
            raise VersionGone if await users.get(database, user) else NotThere("user")
        return _user(changed)

    async def settings(self, asked: Asked[None, None]) -> Answer:
        """What a person chose."""
        user = asked.caller.must_be_let_see(asked.number, "user")
        shown = await cache.get(self._services.cache, kept.SETTINGS, user)
        if shown is None:
            raise NotThere("user")
        return shown.answer

    async def patch_settings(self, asked: Asked[None, SettingsPatch]) -> Answer:
        """Choose for a person."""
        user = asked.caller.must_be_let_see(asked.number, "user")
        body, database = asked.body, self._services.database
        changed = await settings.change(
            database,
            user,
            self._services.clock(),
            language=body.language,
            timezone=body.timezone,
            character=_character(body),
            reminders=body.reminders,
            version=asked.version,
        )
        await cache.forget(self._services.cache, user)
        if changed is None:
            raise _why_not(await settings.get(database, user), asked.version)
        return kept.settings_of(changed)


def _why_not(found: settings.Settings | None, version: datetime | None) -> Exception:
    if found is None:
        return NotThere("user")
    if version not in {None, found.updated_at}:
        return VersionGone()
    return Contradiction("this character is not offered", "character_id")


def _character(body: SettingsPatch) -> CharacterId | UnsetType | None:
    given = body.character_id
    return CharacterId(given) if isinstance(given, int) else given


def _user(row: users.User) -> Answer:
    body = msgspec.convert(row, User, from_attributes=True)
    return Answer(body=_encode(body), head=reading.etag_line(row.updated_at))
