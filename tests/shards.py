"""Shards of the slowest tests: a commit runs one of them, and the commits after it the others in turn.

``MEDLAB_SHARD`` is the number of commits (``make test`` counts them); without it everything runs. The number of shards
should be prime, so that any other step between the commits that are tested reaches all shards.
"""

import os
from collections.abc import Sequence

import pytest


def shard(cases: Sequence, shards: int) -> list:
    """Return the cases of this commit's shard: every ``shards``-th one."""
    number = os.environ.get("MEDLAB_SHARD", "")
    if number and not number.isdecimal():
        raise pytest.UsageError(f"MEDLAB_SHARD is {number!r}; wanted a number of commits, or nothing (everything)")
    return list(cases[int(number) % shards :: shards] if number else cases)
