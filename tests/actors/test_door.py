"""The door: noise is answered in the API's words, and nobody holds too many connections."""

from contextlib import suppress
from pathlib import Path

import anyio
import msgspec
import pytest

from tests.whole import Whole
from vitte.actors.door import Crowd, counted

NOISE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 secret\r\n\r\n",
    b"BREW /coffee HTTP/1.1\r\nHost: vitte\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: vitte\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
    b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: vitte\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % n for n in range(1_000)) + b"\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
]


@pytest.mark.parametrize("noise", NOISE, ids=range(len(NOISE)))
async def test_what_is_no_request_gets_a_problem_and_a_closed_door(
    vitte: Whole, noise: bytes, tmp_path: Path
) -> None:
    answer = b""
    with anyio.fail_after(10):
        async with await anyio.connect_unix(tmp_path / "http.sock") as stream:
            await stream.send(noise)
            with suppress(anyio.EndOfStream, anyio.BrokenResourceError):
                while True:
                    answer += await stream.receive()

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert b"application/problem+json" in head
    assert b"aiohttp" not in head
    assert msgspec.json.decode(body)["status"] == 400
    assert b"secret" not in answer
    assert vitte.http is not None


def test_an_address_holds_so_many_connections_and_no_more() -> None:
    crowd = Crowd(most=2)

    let_in = [crowd.enter("203.0.113.1") for _ in range(3)]
    other = crowd.enter("203.0.113.2")
    for _ in range(3):
        crowd.leave("203.0.113.1")

    assert let_in == [True, True, False]
    assert other
    assert crowd.enter("203.0.113.1")


def test_who_has_gone_is_forgotten() -> None:
    crowd = Crowd()
    for number in range(100):
        crowd.enter(f"203.0.113.{number}")
        crowd.leave(f"203.0.113.{number}")

    assert len(crowd) == 0


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        (("203.0.113.1", 4711), "203.0.113.1"),
        (("2001:db8::1", 4711, 0, 0), "2001:db8::1"),
        (("fe80::1%eth0", 4711, 0, 2), "fe80::1"),
        (("127.0.0.1", 4711), None),
        (("::1", 4711, 0, 0), None),
        ("", None),
        (None, None),
    ],
)
def test_our_own_machine_is_not_counted(peer: object, address: str | None) -> None:
    assert counted(peer) == address
