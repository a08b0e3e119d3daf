import re
from pathlib import Path

import pytest

from tests.shards import shard


@pytest.mark.parametrize("step", [1, 2, 3, 4, 6])
def test_five_tested_commits_run_everything_whatever_lies_between(monkeypatch, step):
    parts = []
    for number in range(100, 100 + 5 * step, step):
        monkeypatch.setenv("MEDLAB_SHARD", str(number))
        parts.append(shard(range(11), 5))
    assert sorted(case for part in parts for case in part) == list(range(11))


def test_without_a_number_everything_runs(monkeypatch):
    monkeypatch.delenv("MEDLAB_SHARD", raising=False)
    assert shard(range(11), 5) == list(range(11))


@pytest.mark.parametrize("number", ["half", "-1"])
def test_another_number_is_refused(monkeypatch, number):
    monkeypatch.setenv("MEDLAB_SHARD", number)
    with pytest.raises(pytest.UsageError, match="wanted a number of commits"):
        shard([1], 5)


def test_the_makefile_counts_commits():
    text = (Path(__file__).resolve().parent.parent / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^SHARD \?= .*git rev-list --count HEAD", text, flags=re.M)
    assert text.count("MEDLAB_SHARD=$(SHARD)") == 2
