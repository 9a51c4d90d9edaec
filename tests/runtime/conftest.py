"""What the runtime's tests stand on: both event loops, and a clock that jumps."""

import shutil
from collections.abc import Iterator

import pytest
import trio.testing

from tests.runtime.otp import Reference, reference


@pytest.fixture(scope="module", params=["uvloop", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, object]]:
    """Every test runs on uvloop and on trio; trio's clock jumps when all tasks wait."""
    if request.param == "uvloop":
        return "asyncio", {"use_uvloop": True}
    return "trio", {"clock": trio.testing.MockClock(autojump_threshold=0)}


@pytest.fixture(scope="session")
def otp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """OTP's own supervisor, waiting for cases."""
    if shutil.which("erl") is None or shutil.which("erlc") is None:
        pytest.skip("Erlang is not installed: nothing is compared with OTP (Debian: erlang-base)")
    with reference(tmp_path_factory.mktemp("otp")) as found:
        yield found
