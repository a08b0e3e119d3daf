import json
from pathlib import Path

import pytest

from medlab.course.edition import student
from medlab.course.submission import Submission, exercises_of, imports_of, student_of
from medlab.errors import MedlabError
from medlab.lesson import catalogue


def handed_in(folder, *cells, name="jane/a.ipynb", metadata=None):
    book = {
        "cells": [{"cell_type": "code", "source": cell, "metadata": {}} for cell in cells],
        "metadata": metadata or {},
    }
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book))
    return Submission.read(path, folder)


def test_every_lesson_has_exercises_and_imports_that_can_be_found():
    for lesson in catalogue():
        assert exercises_of(lesson)
        compile(imports_of(lesson), lesson.id, "exec")
        assert "import medlab" in imports_of(lesson)


@pytest.mark.parametrize("metadata", [{"medlab": {"id": "13_patients_not_images"}}, {}, {"medlab": 3}, [1]])
def test_a_lesson_is_known_by_its_metadata_or_its_functions(tmp_path, metadata):
    handed = handed_in(tmp_path, "def leaked_share(a, b):\n    return 1", metadata=metadata)
    assert handed.lesson_among(catalogue()).id == "13_patients_not_images"


def test_a_notebook_of_no_lesson_is_refused_in_words(tmp_path):
    with pytest.raises(MedlabError, match="no exercise is in it"):
        handed_in(tmp_path, "x = 1").lesson_among(catalogue())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}', "\x00"])
def test_what_is_no_notebook_is_refused_in_words(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(MedlabError, match="is no notebook that can be read"):
        Submission.read(tmp_path / "a.ipynb", tmp_path)


def test_of_moved_and_doubled_cells_the_last_attempt_counts_before_the_stub(tmp_path):
    stub = "def f(x):\n    raise NotImplementedError('write')"
    handed = handed_in(tmp_path, "def f(x):\n    return 1", "def f(x):\n    return 2", stub)
    assert [code for name, code in handed.definitions if name == "f"] == [
        "def f(x):\n    return 1",
        "def f(x):\n    return 2",
    ]
    assert [name for name, _ in handed_in(tmp_path, stub).definitions] == ["f"]


def test_nothing_that_computes_is_taken(tmp_path):
    handed = handed_in(
        tmp_path,
        "while True: pass",
        "%matplotlib inline\nimport os\n!rm x\nK = 3\nexit()\nx = input()",
        "g = lambda x: x",
    )
    assert [name for name, _ in handed.definitions] == ["import", "K", "g"]


def test_a_cell_that_is_no_python_says_where(tmp_path):
    handed = handed_in(tmp_path, "def f(x)\n    return 1", "def g(x):\n    return 1")
    assert "line 1" in handed.unreadable("f")
    assert handed.unreadable("g") == ""


def test_the_students_edition_holds_no_attempt(tmp_path):
    for lesson in catalogue():
        path = tmp_path / "a" / lesson.path.name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(student(lesson.notebook)))
        handed = Submission.read(path, tmp_path)
        bodies = [code for name, code in handed.definitions if name in {one.name for one in exercises_of(lesson)}]
        assert len(bodies) == len(exercises_of(lesson))
        assert all("NotImplementedError" in code for code in bodies)


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("Jane Doe_123_assignsubmission_file/41_classification.ipynb", "Jane Doe_123_assignsubmission_file"),
        ("41_classification_jane (1).ipynb", "jane"),
        ("jane-00_start_here copy.ipynb", "jane"),
        ("41_classification.ipynb", "41_classification"),
        ("Untitled.ipynb", "Untitled"),
    ],
)
def test_a_file_belongs_to_its_folder_or_to_its_name(path, who):
    assert student_of(Path("in") / path, Path("in")) == who
