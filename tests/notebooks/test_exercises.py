"""Each exercise: its solution and right variants pass; its empty stub and typical wrong answers are refused."""

import ast
import inspect
import re
import runpy
import symtable
from functools import cache
from itertools import pairwise
from pathlib import Path

import nbformat
import numpy as np
import pytest

import medlab
from medlab import exercises
from medlab.exercises import NOT_ATTEMPTED, RESULTS, RIGHT, WRONG
from medlab.lesson import catalogue, find
from tests.notebooks.cells import imports

BANK = Path(__file__).parent / "wrong_answers"
LONGEST_CHECK = 20


def found():
    for lesson in catalogue():
        code = [c for c in nbformat.read(lesson.path, as_version=4).cells if c.cell_type == "code"]
        for cell, check in pairwise(code):
            if "exercise" in cell.metadata.get("tags", []):
                name = next(n.name for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef))
                yield pytest.param(lesson, cell.source, check.source, name, id=f"{lesson.id}-{name}")


EXERCISES = list(found())
every_exercise = pytest.mark.parametrize(("lesson", "solution", "check", "name"), EXERCISES)


@cache
def _imports(lesson_id):
    return imports(find(lesson_id))


def names_of(lesson):
    """A fresh namespace that holds what the lesson imports, and nothing that it computes."""
    return dict(_imports(lesson.id))


def bank(lesson, name):
    """Answers to one exercise by others: wrong ones, and right ones whose name begins with ``NAME__right_``."""
    answers = runpy.run_path(str(BANK / f"{lesson.id}.py"))
    return {key: value for key, value in answers.items() if key.startswith(f"{name}__")}


def outcome(lesson, check, name, answer):
    """Run the check with nothing but the lesson's imports and one answer."""
    names = names_of(lesson)
    RESULTS.clear()
    exec(check, {**names, name: answer})
    (only,) = RESULTS.values()
    return only


def solved(lesson, solution, name):
    names = names_of(lesson)
    exec(solution, names)
    return names[name]


def options(lesson, solution, check, monkeypatch):
    """Return what the check passes to medlab.exercise."""
    kept = {}
    monkeypatch.setattr(medlab, "exercise", lambda answer, reference, **o: kept.update(o, reference=reference))
    names = names_of(lesson)
    exec(solution, names)
    exec(check, names)
    return kept


@every_exercise
def test_the_solution_is_right(lesson, solution, check, name, capsys):
    assert outcome(lesson, check, name, solved(lesson, solution, name)).status == RIGHT
    assert capsys.readouterr().out.startswith("Right.")


@pytest.mark.parametrize("stub", ["pass", "...", "raise NotImplementedError", "return None"])
@every_exercise
def test_the_empty_stub_is_not_attempted(lesson, solution, check, name, stub, capsys):
    source = re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", stub, solution, flags=re.S)
    assert outcome(lesson, check, name, solved(lesson, source, name)).status == NOT_ATTEMPTED
    assert capsys.readouterr().out.startswith("Not attempted.")


@every_exercise
def test_answers_of_the_bank_are_judged_rightly(lesson, solution, check, name, capsys):
    answers = bank(lesson, name)
    right = {key for key in answers if key.startswith(f"{name}__right_")}
    assert right, f"put a right variant, {name}__right_..., into {BANK.name}/{lesson.id}.py"
    assert len(answers) - len(right) >= 3, f"put three wrong answers for {name} into {BANK.name}/{lesson.id}.py"
    for key, answer in answers.items():
        told = outcome(lesson, check, name, answer)
        assert told.status == (RIGHT if key in right else WRONG), f"{key}: {told}"
        assert key in right or len(told.reason) > 20, key
        assert capsys.readouterr().out.startswith("Right." if key in right else "Wrong."), key
        assert (
            inspect.signature(answer).parameters.keys()
            == inspect.signature(solved(lesson, solution, name)).parameters.keys()
        )


@every_exercise
def test_a_check_names_typical_mistakes_by_their_own_text(lesson, solution, check, name, monkeypatch):
    told = options(lesson, solution, check, monkeypatch)
    monkeypatch.undo()
    mistakes = told.get("mistakes", {})
    assert len(mistakes) >= 2 or told.get("judge"), "name two typical mistakes at least, or judge in words"
    for text, wrong in mistakes.items():
        assert len(text) >= 20
        assert text.endswith((".", "?")), text
        told = outcome(lesson, check, name, wrong)
        assert told.status == WRONG, text
        assert told.reason.startswith(text), f"{text} was called: {told}"


@every_exercise
def test_cases_differ_and_so_do_their_results(lesson, solution, check, name, monkeypatch):
    """A check in which all cases ask the same question can be passed by a constant."""
    told = options(lesson, solution, check, monkeypatch)
    rng = np.random.default_rng(0)
    some = [told["cases"](rng) for _ in range(exercises.RANDOM_CASES)]
    assert len({tuple(np.asarray(one, dtype=object).ravel().tolist().__repr__() for one in case) for case in some}) > 4
    answer = solved(lesson, solution, name)
    assert len({repr(answer(*case)) for case in some}) > 1
    assert told.get("edges"), "edge cases are missing"


@every_exercise
def test_a_check_is_one_short_call_with_hints(lesson, solution, check, name, monkeypatch):
    told = options(lesson, solution, check, monkeypatch)
    assert len(told["hints"]) >= 2
    assert (told["reference"] is None) != (told.get("judge") is None)
    assert sum(bool(line.strip()) for line in check.splitlines()) <= LONGEST_CHECK
    assert max(map(len, check.splitlines())) <= 120


def test_a_lesson_has_at_most_three_exercises():
    for lesson in catalogue():
        assert sum(param.values[0].id == lesson.id for param in EXERCISES) <= 3, lesson.id


def assigned(cell):
    """Names that a cell binds at its top level, by other means than an import."""
    symbols = symtable.symtable(cell.source, "cell", "exec").get_symbols()
    return [one.get_name() for one in symbols if one.is_assigned() and not one.is_imported()]


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda lesson: lesson.id)
def test_checks_and_exercises_overwrite_no_name_of_the_lesson(lesson):
    cells = [c for c in nbformat.read(lesson.path, as_version=4).cells if c.cell_type == "code"]
    checks = [c for c in cells if set(c.metadata.get("tags", [])) & {"check", "exercise"}]
    theirs = {name for c in cells if c not in checks for name in assigned(c)} | set(names_of(lesson))
    ours = [name for c in checks for name in assigned(c)]
    assert not theirs & set(ours)
    assert len(ours) == len(set(ours)), "two checks use one name"
