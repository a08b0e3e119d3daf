"""Each exercise: its solution passes, its empty stub and its typical wrong answers are refused with a reason."""

import ast
import inspect
import re
import runpy
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from medlab.lesson import catalogue
from tests.notebooks.cells import imports

BANK = Path(__file__).parent / "wrong_answers"


def exercises():
    for lesson in catalogue():
        code = [c for c in nbformat.read(lesson.path, as_version=4).cells if c.cell_type == "code"]
        for cell, check in pairwise(code):
            if "exercise" in cell.metadata.get("tags", []):
                name = next(n.name for n in ast.parse(cell.source).body if isinstance(n, ast.FunctionDef))
                yield pytest.param(lesson, cell.source, check.source, name, id=f"{lesson.id}-{name}")


EXERCISES = list(exercises())


def wrong_answers(lesson, name):
    bank = runpy.run_path(str(BANK / f"{lesson.id}.py"))
    return {key: value for key, value in bank.items() if key.startswith(f"{name}__")}


@pytest.mark.parametrize(("lesson", "solution", "check", "name"), EXERCISES)
def test_the_solution_passes(lesson, solution, check, name, capsys):
    names = imports(lesson)
    exec(solution, names)
    exec(check, names)
    assert capsys.readouterr().out.startswith("Right")


@pytest.mark.parametrize(("lesson", "solution", "check", "name"), EXERCISES)
def test_the_empty_stub_is_refused(lesson, solution, check, name):
    names = imports(lesson)
    exec(re.sub(r"### BEGIN SOLUTION.*?### END SOLUTION", "pass", solution, flags=re.S), names)
    with pytest.raises(AssertionError, match="return"):
        exec(check, names)


@pytest.mark.parametrize(("lesson", "solution", "check", "name"), EXERCISES)
def test_typical_wrong_answers_are_refused_with_a_reason(lesson, solution, check, name):
    bank = wrong_answers(lesson, name)
    assert len(bank) >= 3, f"put three wrong answers for {name} into {BANK.name}/{lesson.id}.py"
    for key, answer in bank.items():
        names = imports(lesson)
        exec(solution, names)
        names[name] = answer
        with pytest.raises(AssertionError) as refused:
            exec(check, names)
        assert len(str(refused.value)) > 20, key
        assert (
            inspect.signature(answer).parameters.keys()
            == inspect.signature(_solved(solution, lesson, name)).parameters.keys()
        )


def _solved(solution, lesson, name):
    names = imports(lesson)
    exec(solution, names)
    return names[name]
