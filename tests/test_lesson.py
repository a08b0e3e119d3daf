import json
import os

import pytest

from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue, find, notebooks_folder

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(tmp_path, name="10_test.ipynb", cells=(), **changes):
    told = {
        "id": name.removesuffix(".ipynb"), "title": "T", "question": "Q?", "part": "1", "objectives": ["a", "b"],
        "minutes": {"teach": 1, "exercise": 1}, "needs": [],
        "data": {"default": "hospital:chest_xray", "alternatives": []},
        "budget": {"cpu_s": 10, "ram_mb": 500}, "sabotages": {"shuffle_labels": [1]},
    } | changes  # fmt: skip
    kept = {key: value for key, value in told.items() if value is not None}
    cells = [
        {"cell_type": "code", "source": s, "metadata": {"tags": t}, "outputs": [], "execution_count": None}
        for s, t in cells
    ]
    path = tmp_path / name
    path.write_text(
        json.dumps(
            {
                "metadata": {"medlab": kept, "kernelspec": KERNEL},
                "cells": cells,
                "nbformat": 4,
                "nbformat_minor": 4,
            }
        )
    )
    return path


def test_catalogue_reads_the_notebooks_themselves():
    lessons = catalogue()
    assert [lesson.id for lesson in lessons] == sorted(lesson.id for lesson in lessons)
    assert {"00_start_here", "41_classification"} <= {lesson.id for lesson in lessons}
    assert all(lesson.path.stem == lesson.id for lesson in lessons)


@pytest.mark.parametrize("name", ["41", "41_classification", "classification"])
def test_a_lesson_is_found_by_number_id_or_name(name):
    assert find(name).id == "41_classification"


def test_an_unknown_lesson_suggests_the_nearest():
    with pytest.raises(MedlabError, match="did you mean '41_classification'"):
        find("41_clasification")


def test_found_from_any_folder_of_the_checkout(monkeypatch):
    here = notebooks_folder()
    monkeypatch.chdir(here / "4_tasks")
    assert notebooks_folder() == here
    monkeypatch.chdir(os.path.abspath(os.sep))
    assert notebooks_folder() == here


def test_parameters_are_read_without_running_the_cell(tmp_path):
    path = notebook(
        tmp_path, cells=[("import os; os.abort()", []), ('preset = "cpu"\nseed = 0\nrate = 0.5', ["parameters"])]
    )
    assert Lesson.read(path).parameters == {"preset": "cpu", "seed": 0, "rate": 0.5}


def test_missing_and_unknown_metadata_are_named(tmp_path):
    with pytest.raises(MedlabError, match=r"lacks budget.*unknown 'colour'"):
        Lesson.read(notebook(tmp_path, budget=None, colour="red"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metadata": {}}', '{"metadata": []}'])
def test_what_is_no_lesson_is_refused(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(MedlabError, match=r"broken\.ipynb"):
        Lesson.read(path)


def test_two_lessons_with_one_id_are_refused(tmp_path):
    notebook(tmp_path, "10_a.ipynb", id="10_same")
    notebook(tmp_path, "10_b.ipynb", id="10_same")
    with pytest.raises(MedlabError, match="10_same"):
        catalogue(tmp_path)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("99", ["82_uncertainty", "81_interpretability", "72_imbalance"]), ("4x", ["41_classification"]), ("zz", ["00_"])],
)
def test_an_unknown_lesson_names_the_nearest_three(typed, wanted):
    with pytest.raises(MedlabError) as caught:
        find(typed)
    assert all(name in caught.value.hint for name in wanted)
    assert caught.value.hint.count("'") == 6
    assert str(caught.value).count("_") < 12, "not a list of all lessons"
