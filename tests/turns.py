"""Long tests by turns: a commit runs a quarter of them, so that the suite stays within an hour on a slow machine too.

``MEDLAB_TURN`` is 0, 1, 2 or 3 (``make test`` takes it from the commit's hash, so that a commit always runs the same
quarter); the four together are everything. Without it everything runs.
"""

import os
from collections.abc import Sequence

import pytest

TURNS = 4


def by_turns(cases: Sequence) -> list:
    """Return the cases of this turn: every fourth one, from the first, second, third or fourth."""
    turn = os.environ.get("MEDLAB_TURN", "")
    if turn not in ("", *map(str, range(TURNS))):
        raise pytest.UsageError(
            f"MEDLAB_TURN is {turn!r}; wanted 0 to {TURNS - 1}, or nothing (everything): unset it, or choose one"
        )
    return list(cases[int(turn) :: TURNS] if turn else cases)
