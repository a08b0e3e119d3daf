import json

import pytest

from medlab.engine.ledger import Case, Entry, Ledger, key
from medlab.lesson import find
from tools.site.held import held

LESSON = find("41")
N = len(LESSON.stored_claims)


@pytest.fixture
def ledger(tmp_path):
    """Return what makes a ledger of cases with their verdicts; a case may be stale."""

    def make(*entries):
        lines = []
        for case, verdicts, stale in entries:
            mark = "0" * 20 if stale else key(LESSON, case, (), ())
            lines.append(Entry(case, verdicts, 10.0, 500.0, "2026-01-01T00:00:00+00:00", mark, (), ()).line())
        path = tmp_path / "ledger.jsonl"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return Ledger(path)

    return make


def test_fresh_seeds_are_counted_for_each_claim_and_data_set(ledger):
    good, bad = ("holds",) * N, ("open",) + ("holds",) * (N - 1)
    other = LESSON.data["alternatives"][0]
    found = held(
        LESSON,
        ledger(
            (Case.of(LESSON), good, False),  # the author's own seed is no fresh one
            (Case.of(LESSON, seed=1), good, False),
            (Case.of(LESSON, seed=2), bad, False),
            (Case.of(LESSON, seed=3, data=other), bad, False),
        ),
    )
    own = LESSON.data["default"]
    assert found.words(0, own) == "1 of 2"
    assert found.words(1, own) == "2 of 2"
    assert found.words(0, other) == "0 of 1"
    assert found.words(0, "mednist") == ""


def test_entries_of_another_state_of_the_lesson_count_nowhere(ledger):
    found = held(LESSON, ledger((Case.of(LESSON, seed=1), ("holds",) * N, True)))
    assert found.words(0, LESSON.data["default"]) == ""
    assert found.stale == 1


def test_what_felled_a_claim_is_that_of_the_lessons_own_data(ledger):
    name, other = next(iter(LESSON.sabotages)), LESSON.data["alternatives"][0]
    own, there = ("refuted",) * N, ("open",) * N
    found = held(
        LESSON,
        ledger(
            (Case.of(LESSON, sabotage=name), own, False),
            (Case.of(LESSON, sabotage=name, data=other), there, False),
            (Case.of(LESSON, null=True), there, False),
        ),
    )
    assert found.broken == {name: own}
    assert found.null == there


def test_entries_of_other_lessons_and_of_sabotages_that_are_gone_are_passed_over(ledger):
    found = held(find("00"), ledger((Case.of(LESSON, seed=1), ("holds",) * N, False)))
    assert json.dumps(found.seeds) == "{}"
    gone = Case(LESSON.id, LESSON.data["default"], "no_such_sabotage", 0)
    assert held(LESSON, ledger((gone, ("open",) * N, False))).broken == {}
