"""The two turns of the long tests together are all of them."""

import pytest

from tests.turns import by_turns


def test_two_turns_are_everything_and_share_nothing(monkeypatch):
    halves = []
    for turn in "01":
        monkeypatch.setenv("MEDLAB_TURN", turn)
        halves.append(by_turns(range(7)))
    assert sorted(halves[0] + halves[1]) == list(range(7))
    assert all(halves)
    monkeypatch.delenv("MEDLAB_TURN")
    assert by_turns(range(7)) == list(range(7))


def test_another_turn_is_refused(monkeypatch):
    monkeypatch.setenv("MEDLAB_TURN", "half")
    with pytest.raises(pytest.UsageError, match="wanted 0, 1 or nothing"):
        by_turns([1])
