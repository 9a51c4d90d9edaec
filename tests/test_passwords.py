"""Passwords in the URLs of stores: what anybody tries first is refused, what nobody guesses is let pass."""

import pytest

from vitte import passwords


@pytest.mark.parametrize(
    ("url", "weak"),
    [
        ("postgresql://vitte_user:X3q-9vLk_20aBz7Qm@127.0.0.1/vitte_bot", False),
        ("postgresql://vitte:password@localhost/vitte", True),
        ("postgresql://vitte:vitte%2D1@localhost/vitte", True),
        ("postgresql://vitte_bot_2:my_vitte_bot@db.example/my_vitte_bot", True),
        ("postgresql://vitte@/vitte?host=/run/postgresql", False),
        ("postgresql://vitte@localhost/vitte", False),
        ("postgresql://vitte@db.example/vitte", True),
        ("postgresql://db.example/vitte?user=vitte&password=X3q-9vLk_20aBz7Qm", False),
        ("redis://:foobared@127.0.0.1:6379/0", True),
        ("redis://:X3q-9vLk_20aBz7Qm@127.0.0.1:6379/0", False),
        ("redis://cache.example:6379", True),
        ("redis://localhost:6379", False),
        ("unix:///run/redis/redis.sock?db=1", False),
        ("redis://[not an address", False),
    ],
)
def test_the_url_of_a_store_is_judged_by_its_password(url: str, weak: bool) -> None:  # noqa: FBT001  # a table's column
    assert (passwords.of_url(url) is not None) == weak
