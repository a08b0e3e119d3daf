"""Long tests by turns: a commit runs one half of them, so that the suite stays within an hour.

``MEDLAB_TURN`` is 0 or 1 (``make test`` takes it from the commit's hash, so that a commit always runs the same half);
the two halves together are everything. Without it everything runs.
"""

import os
from collections.abc import Sequence

import pytest


def by_turns(cases: Sequence) -> list:
    """Return the cases of this turn: every second one, from the first or from the second."""
    turn = os.environ.get("MEDLAB_TURN", "")
    if turn not in ("", "0", "1"):
        raise pytest.UsageError(
            f"MEDLAB_TURN is {turn!r}; wanted 0, 1 or nothing (everything): unset it, or choose one"
        )
    return list(cases[int(turn) :: 2] if turn else cases)
