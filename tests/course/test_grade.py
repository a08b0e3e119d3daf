import csv
import json
import re

import pytest
from typer.testing import CliRunner

from medlab.cli.app import app
from medlab.course.edition import student
from medlab.course.grade import Graded, Mark, feedback, grade, summary, table, write
from medlab.errors import MedlabError
from medlab.lesson import find

NUMBERS = "00"


def notebook(answer=None, *, whole=False):
    """Return lesson 00 as a student hands it in: untouched, with one answer, or solved."""
    lesson = find(NUMBERS)
    book = lesson.notebook if whole else student(lesson.notebook)
    if answer:
        cells = [c for c in book["cells"] if "exercise" in c["metadata"].get("tags", [])]
        cells[0]["source"] = answer
    return book


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A class: one solved all, one nothing, one errs as many do, one sends two copies, one sends no notebook."""
    folder = tmp_path_factory.mktemp("handed_in")
    lost = notebook(whole=True)
    lost["metadata"], lost["cells"] = {}, [{**c, "metadata": {}} for c in reversed(lost["cells"])]
    ties = "def auc_by_pairs(truth, score):\n    return np.mean(score[truth == 1][:, None] > score[truth == 0])"
    files = {
        "ada/Untitled3.ipynb": lost, "00_start_here_bo.ipynb": notebook(), "cem/00_start_here.ipynb": notebook(ties),
        "dan/00 (1).ipynb": notebook(), "dan/00.ipynb": notebook(whole=True),
    }  # fmt: skip
    for name, book in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(book))
    (folder / "eve").mkdir()
    (folder / "eve" / "00.ipynb").write_text("I could not open Jupyter")
    return folder


@pytest.fixture(scope="module")
def graded(handed_in):
    return {one.student: one for one in grade(handed_in, jobs=1)}


def test_each_student_has_marks_with_reasons(graded):
    assert {name: [mark.status for mark in one.marks] for name, one in graded.items()} == {
        "ada": ["right", "right"], "bo": ["not attempted"] * 2, "cem": ["wrong", "not attempted"],
        "dan": ["right", "right"], "eve": [],
    }  # fmt: skip
    assert 0 < graded["cem"].points < 0.5
    assert graded["cem"].marks[0].mistake.startswith("A tie counts one half")
    assert "no notebook" in graded["eve"].problem
    assert len(graded["dan"].files) == 2


def test_a_spreadsheet_a_summary_and_feedback_are_written(graded, tmp_path):
    write(list(graded.values()), tmp_path / "grades")
    rows = list(csv.DictReader((tmp_path / "grades" / "grades.csv").open()))
    assert {row["student"]: row["points"] for row in rows}["ada"] == "2.0"
    page = (tmp_path / "grades" / "summary.html").read_text()
    assert "A tie counts one half, not nothing. (1)" in page
    assert "50%" in page
    assert "A tie counts one half" in (tmp_path / "grades" / "feedback" / "cem.html").read_text()
    write(list(graded.values()), tmp_path / "grades")  # once more into the same folder
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("work")
    with pytest.raises(MedlabError, match="is not empty"):
        write([], tmp_path / "other")


def test_names_of_students_are_text_wherever_they_stand(tmp_path):
    bad = Graded("<script>x</script>/../../=1", ("<b>.ipynb",), "00_start_here", (Mark("f", "wrong", "<i>", 0.1),))
    worse = Graded("=cmd()", ("a",), problem="<img src=x>")
    assert "<script>x" not in feedback([bad]) + summary([bad, worse])
    assert "'=cmd()" in table([bad, worse])
    write([bad, worse], tmp_path / "g")
    assert {p.parent for p in (tmp_path / "g").rglob("*.html")} == {tmp_path / "g", tmp_path / "g" / "feedback"}


def test_the_command_says_what_was_graded_and_refuses_in_words(handed_in, tmp_path, monkeypatch):
    monkeypatch.setattr("medlab.course.grade.grade", lambda folder, lessons, *, tell, **_: [tell(g) or g for g in [
        Graded("ada", ("a",), "00_start_here", (Mark("f", "right", "", 1.0),))
    ]])  # fmt: skip
    told = CliRunner().invoke(app, ["grade", str(handed_in), "--to", str(tmp_path / "g")])
    assert "ada: 00_start_here, 1 of 1" in told.output
    assert re.search(r"summary\.html", told.output)
    assert isinstance(CliRunner().invoke(app, ["grade", str(tmp_path / "none")]).exception, MedlabError)


def test_a_folder_without_notebooks_is_refused(tmp_path):
    with pytest.raises(MedlabError, match="there is no notebook"):
        grade(tmp_path)
