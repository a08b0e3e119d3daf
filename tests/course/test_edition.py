import ast
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from medlab.course.edition import EDITIONS, MANIFEST, instructor, nbgrader, personal, personal_seed, release, student
from medlab.course.submission import student_of
from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue, find, notebooks_folder
from tests.test_lesson import notebook

SOLVED = 'def f(x):\n    """Return twice x."""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION'


@pytest.fixture
def lesson(tmp_path):
    return Lesson.read(
        notebook(tmp_path, cells=[("a = 1", []), (SOLVED, ["exercise"]), ("# for teachers", ["instructor"])])
    )


def work(path, change):
    made = json.loads(path.read_text())
    change(made)
    path.write_text(json.dumps(made))


def renew(lesson, text):
    work(lesson.path, lambda made: made["cells"][0].update(source=text))
    return Lesson.read(lesson.path)


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda each: each.number)
def test_no_solution_and_no_verdict_is_left_in_any_lesson(lesson):
    made = student(lesson.notebook)
    text = json.dumps(made)
    for cell in lesson.notebook["cells"]:
        source = "".join(cell["source"])
        if "### BEGIN SOLUTION" in source:
            solution = source.partition("### BEGIN SOLUTION\n")[2].partition("    ### END SOLUTION")[0].strip()
            assert json.dumps(solution)[1:-1] not in text
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert "SOLUTION" not in text
    nbformat.validate(nbformat.from_dict(made))
    stubs = [cell["source"] for cell in code if "exercise" in cell["metadata"].get("tags", [])]
    assert stubs
    for source in stubs:
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        assert any(ast.get_docstring(function) for function in functions)
        assert "NotImplementedError" in source


def test_notes_for_instructors_are_gone(lesson):
    assert "teachers" not in json.dumps(student(lesson.notebook))
    assert "teachers" in json.dumps(lesson.notebook)


def test_a_release_is_the_same_byte_for_byte(lesson, tmp_path):
    for name in ("one", "two"):
        release([lesson], tmp_path / name)
    assert {p.name: p.read_bytes() for p in (tmp_path / "one").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "two").iterdir()
    }
    done = release([lesson], tmp_path / "one")
    assert (done.written, len(done.same), done.beside) == ([], 1, [])


def test_the_tree_is_that_of_the_notebooks(tmp_path):
    lessons = [find("00"), find("41")]
    release(lessons, tmp_path / "out")
    found = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*.ipynb"))
    assert found == sorted(lesson.path.relative_to(notebooks_folder()) for lesson in lessons)


@pytest.mark.parametrize("taken", ["a file", "no manifest", "a broken one"])
def test_a_folder_of_somebody_else_is_refused(lesson, tmp_path, taken):
    folder = tmp_path / "out"
    if taken == "a file":
        folder.write_text("x")
    else:
        folder.mkdir()
        (folder / ("thesis.txt" if taken == "no manifest" else MANIFEST)).write_text("[")
    before = folder.read_text() if folder.is_file() else sorted(p.read_text() for p in folder.iterdir())
    with pytest.raises(MedlabError, match="not a release of lessons"):
        release([lesson], folder)
    assert before == (folder.read_text() if folder.is_file() else sorted(p.read_text() for p in folder.iterdir()))


def test_what_nobody_changed_is_renewed(lesson, tmp_path):
    release([lesson], tmp_path / "out")
    done = release([renew(lesson, "a = 2")], tmp_path / "out")
    assert [path.name for path in done.written] == ["10_test.ipynb"]
    assert "a = 2" in (tmp_path / "out" / "10_test.ipynb").read_text()


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made["cells"][1].update(source="def f(x): return x + x"),
        lambda made: made["cells"][0].update(outputs=[{"output_type": "stream", "name": "stdout", "text": "1"}]),
        lambda made: made["cells"].append({"cell_type": "markdown", "source": "my notes", "metadata": {}}),
    ],
    ids=["an answer", "an output", "a note"],
)
def test_a_students_work_is_never_overwritten(lesson, tmp_path, change):
    release([lesson], tmp_path / "out")
    mine, new = tmp_path / "out" / "10_test.ipynb", tmp_path / "out" / "10_test.new.ipynb"
    work(mine, change)
    kept = mine.read_bytes()
    done = release([lesson], tmp_path / "out")
    assert (done.written, done.beside, new.exists()) == (
        [],
        [],
        False,
    )  # the lesson did not change: nothing is put there
    done = release([renew(lesson, "a = 2")], tmp_path / "out")
    assert done.beside == [new]
    assert mine.read_bytes() == kept
    assert "a = 2" in new.read_text()
    work(new, change)
    again = new.read_bytes()
    release([renew(lesson, "a = 3")], tmp_path / "out")
    assert (mine.read_bytes(), new.read_bytes()) == (kept, again)
    assert "a = 3" in (tmp_path / "out" / "10_test.new.new.ipynb").read_text()


def test_a_notebook_that_cannot_be_read_counts_as_work(lesson, tmp_path):
    release([lesson], tmp_path / "out")
    (tmp_path / "out" / "10_test.ipynb").write_text("{half")
    release([renew(lesson, "a = 2")], tmp_path / "out")
    assert (tmp_path / "out" / "10_test.ipynb").read_text() == "{half"


def test_marks_that_jupyterlab_leaves_are_no_work(lesson, tmp_path):
    release([lesson], tmp_path / "out")
    work(tmp_path / "out" / "10_test.ipynb", lambda made: made["metadata"].update(language_info={"version": "3.13"}))
    assert len(release([renew(lesson, "a = 2")], tmp_path / "out").written) == 1


@pytest.mark.parametrize("marks", ["### BEGIN SOLUTION", "### END SOLUTION", "x  ### BEGIN SOLUTION\n### END SOLUTION"])
def test_half_a_solution_is_refused(tmp_path, marks):
    lesson = Lesson.read(notebook(tmp_path, cells=[(f"def f():\n    {marks}", ["exercise"])]))
    with pytest.raises(MedlabError, match="markers"):
        release([lesson], tmp_path / "out")


def test_the_command_releases_into_lessons_which_git_ignores(tmp_path):
    words = [
        sys.executable,
        "-c",
        "from medlab.cli import main; main()",
        "release",
        "student",
        "--to",
        str(tmp_path / "x"),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(catalogue())} notebooks written" in done.stdout
    assert "/lessons/" in (Path(__file__).parents[2] / ".gitignore").read_text().split()
    words[words.index("student")] = "studnet"
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, "did you mean 'student'" in done.stderr) == (1, True)


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda each: each.number)
def test_instructors_see_below_each_exercise_what_students_are_told(lesson):
    made = instructor(lesson.notebook)
    nbformat.validate(nbformat.from_dict(made))
    tags = [cell["metadata"].get("tags", []) for cell in made["cells"]]
    notes = [k for k, each in enumerate(tags) if "instructor" in each]
    assert notes[0] == 1
    assert all("check" in tags[k - 1] for k in notes[1:])
    assert len(notes) > 1
    assert all(len(made["cells"][k]["source"].splitlines()) >= 3 for k in notes)
    again = student(made)
    assert [cell["source"] for cell in again["cells"]] == [cell["source"] for cell in student(lesson.notebook)["cells"]]


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda each: each.number)
def test_nbgrader_gets_an_answer_and_a_locked_check_for_each_exercise(lesson):
    made = nbgrader(lesson.notebook)
    nbformat.validate(nbformat.from_dict(made))
    marks = [cell["metadata"]["nbgrader"] for cell in made["cells"] if "nbgrader" in cell["metadata"]]
    assert len({one["grade_id"] for one in marks}) == len(marks)
    assert [(one["solution"], one["grade"], one["locked"]) for one in marks] == [
        (True, False, False), (False, True, True),
    ] * (len(marks) // 2)  # fmt: skip
    checks = [cell["source"] for cell in made["cells"] if cell["metadata"].get("nbgrader", {}).get("grade")]
    assert all(text.count("HIDDEN TESTS") == 2 and "RESULTS[" in text for text in checks)


@pytest.mark.parametrize("edition", EDITIONS)
def test_every_edition_is_the_same_byte_for_byte_twice(edition, tmp_path):
    for folder in ("a", "b"):
        release([find("00"), find("13")], tmp_path / folder, edition=edition)
    files = [sorted(p.relative_to(tmp_path / f) for p in (tmp_path / f).rglob("*") if p.is_file()) for f in "ab"]
    assert files[0] == files[1]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files[0])


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda each: each.number)
def test_an_instructor_gets_a_plan_with_questions_and_each_sabotage(lesson):
    cells = instructor(lesson.notebook)["cells"]
    plan = "".join(cells[1]["source"])
    assert plan.count("**To discuss**") >= 2
    assert "**In groups**" in plan
    assert all(f'sabotage = "{name}"' in plan for name in lesson.sabotages)
    assert student({**lesson.notebook, "cells": cells})["cells"] == student(lesson.notebook)["cells"]


def test_each_student_gets_notebooks_of_a_seed_that_grading_derives_from_the_name(tmp_path):
    from typer.testing import CliRunner

    from medlab.cli.app import app

    (tmp_path / "ids.txt").write_text("\ufeffada\n\nli wei\n", encoding="utf-8")
    command = ["release", "student", "--lesson", "00", "--to", str(tmp_path / "out"), "--personal"]
    assert CliRunner().invoke(app, [*command, str(tmp_path / "ids.txt")]).exit_code == 0
    for name in ("ada", "li wei"):
        path = tmp_path / "out" / name / "00_start_here.ipynb"
        assert student_of(path, tmp_path / "out") == name
        cells = json.loads(path.read_text())["cells"]
        parameters = next(c["source"] for c in cells if "parameters" in c["metadata"].get("tags", []))
        assert f"seed = {personal_seed(name)}\n" in parameters
    assert personal_seed("ada") != personal_seed("li wei")
    assert CliRunner().invoke(app, [*command, str(tmp_path / "none.txt")]).exit_code != 0


@pytest.mark.parametrize("names", [["a/b"], [".."], ["ada", "Ada"], ["a\0"]])
def test_a_name_that_leaves_the_folder_or_comes_twice_is_refused(lesson, tmp_path, names):
    with pytest.raises(MedlabError, match="comes twice"):
        release([lesson], tmp_path / "out", students=names)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda each: each.number)
def test_every_lesson_has_one_seed_to_set(lesson):
    pairs = zip(personal(lesson.notebook, "ada")["cells"], lesson.notebook["cells"], strict=True)
    changed = [new["source"] for new, old in pairs if "".join(new["source"]) != "".join(old["source"])]
    assert len(changed) == 1
    assert changed[0].count(f"seed = {personal_seed('ada')}") == 1
