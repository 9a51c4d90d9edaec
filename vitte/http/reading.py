"""Reads what was asked: the id in the path, the query, the body, the headers that condition.

Everything is refused that could be understood in two ways: unknown fields,
parameters given twice, keys given twice, numbers out of range, text that is no
UTF-8. Every fault is named with its field, so that one answer is enough to mend all.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import anyio
import msgspec
from aiohttp import web
from msgspec import Raw

from vitte.errors import BadInput, NotJson, SlowBody, VersionGone, WrongMedium

T = TypeVar("T")

BODY_SECONDS: Final = 10.0
"""How long a body may take to arrive."""

VERSION_PATTERN: Final = r'^(\*|"[0-9a-f]{1,14}")$'
_ANY_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e\x80-\xff]*"')
KEY_PATTERN: Final = "^[!-~]{1,255}$"
LARGEST: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,18}")
_FRACTION: Final = re.compile(rb"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?")
_DIGITS: Final = 18
_QUERIES: Final = 4_096
_LONG_QUERY: Final = 200
_MEDIA: Final = ("application/json", "application/merge-patch+json")


def number(name: str, text: str) -> int:
    """Read an id in a path.

    Raises:
        BadInput: It is no whole number from 1 to 2**63 - 1.
    """
    if _NUMBER.fullmatch(text) and (value := int(text)) <= LARGEST:
        return value
    raise BadInput((name, f"must be a whole number from 1 to {LARGEST}"))


def etag(version: datetime) -> str:
    """A version as an ETag: the microsecond of the last change."""
    return f'"{(version - _EPOCH) // timedelta(microseconds=1):x}"'


def etag_line(version: datetime) -> str:
    """The line of a head that says which version this is."""
    return f"ETag: {etag(version)}\r\n"


def version(if_match: str | None) -> datetime | None:
    """Read ``If-Match``; None is any version.

    Raises:
        BadInput: It is no ETag.
        VersionGone: It is none of ours, and so matches nothing.
    """
    if if_match is None or (text := if_match.strip()) == "*":
        return None
    if not _ANY_ETAG.fullmatch(text):
        raise BadInput(("If-Match", "must be one ETag, as it was read, or *"))
    if not re.fullmatch(VERSION_PATTERN, text):
        raise VersionGone
    return _EPOCH + timedelta(microseconds=int(text.strip('"'), 16))


def key(text: str | None) -> str | None:
    """Read ``Idempotency-Key``.

    Raises:
        BadInput: It is not 1 to 255 visible characters of ASCII.
    """
    if text is None or re.fullmatch(KEY_PATTERN, text):
        return text
    raise BadInput(("Idempotency-Key", "must be 1 to 255 visible characters of ASCII"))


class Query(Generic[T]):
    """Reads queries of one shape, and remembers what it read: the same are asked again and again."""

    def __init__(self, shape: type[T]) -> None:
        self._shape = shape
        self._read: dict[str, T] = {"": msgspec.convert({}, shape)}

    def read(self, request: web.Request) -> T:
        """Read the query of a request.

        Raises:
            BadInput: A parameter is unknown, given twice, or not what it must be.
        """
        text = request.rel_url.raw_query_string
        if (known := self._read.get(text)) is not None:
            return known
        given = request.query
        values: dict[str, Any] = dict(given)
        try:
            if len(values) == len(given):
                return self._keep(text, msgspec.convert(values, self._shape, strict=False))
        except msgspec.ValidationError:
            pass
        raise BadInput(*self._faults(request))

    def _keep(self, text: str, query: T) -> T:
        if len(text) <= _LONG_QUERY:
            if len(self._read) >= _QUERIES:
                nothing = self._read[""]
                self._read = {"": nothing}
            self._read[text] = query
        return query

    def _faults(self, request: web.Request) -> Iterator[tuple[str, str]]:
        given = request.query
        for name in sorted(set(given)):
            if len(given.getall(name)) > 1:
                yield name, "is given twice"
        yield from _faults(self._shape, dict(given), strict=False)


class Body(Generic[T]):
    """Reads bodies of one shape."""

    def __init__(self, shape: type[T]) -> None:
        self._shape = shape
        self._decode = msgspec.json.Decoder(shape).decode

    async def read(self, request: web.Request) -> T:
        """Read the body of a request.

        Raises:
            WrongMedium: It is not announced as JSON.
            NotJson: It is none.
            BadInput: It is JSON of another shape.
            SlowBody: It did not arrive in time.
        """
        if request.content_type not in _MEDIA or not _is_plain(request):
            raise WrongMedium
        body = await _all_of(request)
        try:
            value = self._decode(body)
        except msgspec.ValidationError:
            value = self._read_again(body)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
            raise NotJson(f"the body is not JSON: {_plain(problem)}") from None
        # It is known now to be JSON of a shape of ours, so not deep; only this sees doubled keys.
        _doubled.decode(body.decode())
        return value

    def _read_again(self, body: bytes) -> T:
        """Say all that is wrong with JSON that has not our shape; it may be but 1.0 for 1."""
        try:
            parts = msgspec.json.decode(body, type=dict[str, Raw])
        except msgspec.ValidationError:
            raise BadInput(("", "must be an object")) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError) as problem:
            raise NotJson(f"the body is not JSON: {_plain(problem)}") from None
        parts = {name: _whole(part) for name, part in parts.items()}
        if faults := list(_faults(self._shape, parts, strict=True)):
            raise BadInput(*faults) from None
        return self._decode(msgspec.json.encode(parts))


def _is_plain(request: web.Request) -> bool:
    """Tell whether a body is UTF-8 and not packed."""
    charset = request.charset or "utf-8"
    return charset.lower() == "utf-8" and "Content-Encoding" not in request.headers


async def _all_of(request: web.Request) -> bytes:
    if request.content.is_eof():  # it came with its head: nobody waits, so nobody needs a limit
        return await request.read()
    try:
        with anyio.fail_after(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise SlowBody from None
    except web.RequestPayloadError as problem:
        raise NotJson(f"the body cannot be read: {type(problem).__name__}") from None


def _faults(shape: Any, given: Mapping[str, Any], *, strict: bool) -> Iterator[tuple[str, str]]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
    for name in given.keys() - fields.keys():
        yield name, "is not known here"
    for name, field in fields.items():
        if name not in given:
            if field.required:
                yield name, "is missing"
            continue
        try:
            if strict:
                msgspec.json.decode(given[name], type=field.type)
            else:
                msgspec.convert(given[name], field.type, strict=False)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as problem:
            yield name, _plain(problem)


def _whole(part: Raw) -> Raw:
    """A number without a fraction as a whole number: to JSON 1.0 is one (JSON Schema, 6.1.1)."""
    text = bytes(part)
    if not _FRACTION.fullmatch(text) or (number := Decimal(text.decode())).adjusted() > _DIGITS:
        return part
    return Raw(str(int(number)).encode()) if number == int(number) else part


def _refuse_doubled(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput((twice, "is given twice"))
    return found


_doubled: Final = json.JSONDecoder(object_pairs_hook=_refuse_doubled)


def _plain(problem: Exception) -> str:
    """What msgspec says of a value, without where it was: that is said apart."""
    if isinstance(problem, RecursionError):
        return "it is nested too deep"
    if isinstance(problem, UnicodeError):
        return "it is not UTF-8"
    return str(problem).split(" - at `")[0].replace("`", "")
