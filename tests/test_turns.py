"""The turns of the long tests together are all of them."""

import re
from pathlib import Path

import pytest

from tests.turns import TURNS, by_turns


def test_all_turns_are_everything_and_share_nothing(monkeypatch):
    parts = []
    for turn in range(TURNS):
        monkeypatch.setenv("MEDLAB_TURN", str(turn))
        parts.append(by_turns(range(11)))
    assert sorted(case for part in parts for case in part) == list(range(11))
    assert all(parts)
    monkeypatch.delenv("MEDLAB_TURN")
    assert by_turns(range(11)) == list(range(11))


@pytest.mark.parametrize("turn", ["half", "-1", str(TURNS)])
def test_another_turn_is_refused(monkeypatch, turn):
    monkeypatch.setenv("MEDLAB_TURN", turn)
    with pytest.raises(pytest.UsageError, match="wanted 0 to 3, or nothing"):
        by_turns([1])


def test_the_makefile_draws_among_all_turns():
    text = (Path(__file__).resolve().parent.parent / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^TURN \?= .*% (\d+)\)", text, flags=re.M).group(1) == str(TURNS)
