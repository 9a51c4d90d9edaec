"""The supervisor does what OTP's own does: the same traces for the same cases."""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from tests.runtime.otp import Event, Reference, Sup, ours
from tests.runtime.otp_cases import CASES
from tests.runtime.strategies import cases

RANDOM_CASES = int(os.environ.get("OTP_CASES", "500"))


@pytest.mark.parametrize(("root", "events"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_described_case_goes_as_in_otp(otp: Reference, root: Sup, events: list[Event]) -> None:
    assert ours(root, events) == otp.trace(root, events)


@settings(
    max_examples=RANDOM_CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases())
def test_a_random_case_goes_as_in_otp(otp: Reference, case: tuple[Sup, list[Event]]) -> None:
    assert ours(*case) == otp.trace(*case)
