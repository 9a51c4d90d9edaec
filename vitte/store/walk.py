"""A walk over a table: batch by batch along its key, each row looked at once."""

from msgspec import Struct

BEFORE_ALL = -(2**63)
"""Below every id: where a walk begins."""


class Walked(Struct, frozen=True, kw_only=True):
    """What one batch did; it was the last when it looked at less than it might."""

    looked_at: int
    touched: int
    last_id: int
