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
    with pytest.raises(MedlabError, match=r"lacks budget, has unknown 'colour'"):
        Lesson.read(notebook(tmp_path, budget=None, colour="red"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"metadata": {}}', '{"metadata": []}'])
def test_what_is_no_lesson_is_refused(tmp_path, text):
    path = tmp_path / "broken.ipynb"
    path.write_text(text)
    with pytest.raises(MedlabError, match=r"broken\.ipynb"):
        Lesson.read(path)


IDS = ["", " ", "../x", "a/b", "a\\b", "..", ".", "a.b", "x\0", "x" * 81, "con", "NUL", "Com1", "-rf", "é", "\ud800",
       5, None, True, ["41"], {"a": 1}]  # fmt: skip
NUMBERS = ["many", None, True, -1, float("nan"), float("inf"), 1e300, 10**400, [1], {}]
WRONG = [
    *(("id", value) for value in IDS),
    *((key, value) for key in ("title", "question", "part") for value in (None, 5, ["t"], {})),
    *((key, value) for key in ("objectives", "needs", "claims") for value in ("41", 5, {"a": 1}, [5], [None])),
    ("needs", ["../x"]),
    *(("minutes", value) for value in (None, 5, [], {}, {"teach": 1}, {"teach": 1, "exercise": 1, "play": 1})),
    *(("minutes", {"teach": value, "exercise": 1}) for value in NUMBERS),
    *(("budget", {"cpu_s": value, "ram_mb": 500}) for value in NUMBERS),
    *(("budget", {"cpu_s": 60, "ram_mb": value}) for value in NUMBERS),
    *(("data", value) for value in (None, "here", [], {}, {"default": "x"}, {"default": 5, "alternatives": []},
                                    {"default": "x", "alternatives": "y"}, {"default": "x", "alternatives": [None]})),
    *(("sabotages", value) for value in (None, ["shuffle"], "shuffle", {"shuffle": None}, {"shuffle": 1},
                                         {"shuffle": ["1"]}, {"shuffle": [0]}, {"shuffle": [True]})),
    *(("claims", value) for value in ([{}], [{"about": "me"}], [{"about": ["data"]}], [{"about": "data", "x": 1}])),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG, ids=lambda value: ascii(value)[:40])
def test_metadata_of_a_wrong_form_are_refused(tmp_path, key, value):
    path = notebook(tmp_path)
    told = json.loads(path.read_text())
    told["metadata"]["medlab"][key] = value
    path.write_text(json.dumps(told))
    with pytest.raises(MedlabError, match=rf"metadata\.medlab\.{key} is "):
        Lesson.read(path)


def test_one_broken_notebook_shuts_nobody_out_of_the_others(tmp_path):
    notebook(tmp_path, "10_good.ipynb")
    notebook(tmp_path, "11_bad.ipynb", id=5)
    notebook(tmp_path, "12_again.ipynb", id="10_Good")
    (tmp_path / "13_deep.ipynb").write_text("[" * 100_000)
    (tmp_path / "14_folder.ipynb").mkdir()
    broken = {}
    assert [found.id for found in catalogue(tmp_path, on_broken=broken.__setitem__)] == ["10_good"]
    assert sorted(path.name[:2] for path in broken) == ["11", "12", "13", "14"]
    assert find("10", tmp_path).id == "10_good"
    with pytest.raises(MedlabError, match="is 5"):
        find("11", tmp_path)


def test_lessons_are_found_below_a_hidden_folder_but_not_in_one(tmp_path):
    folder = tmp_path / ".local" / "notebooks"
    (folder / ".ipynb_checkpoints").mkdir(parents=True)
    notebook(folder, "10_a.ipynb")
    notebook(folder / ".ipynb_checkpoints", "10_a-checkpoint.ipynb", id="10_a")
    assert [found.id for found in catalogue(folder)] == ["10_a"]


def test_two_lessons_with_one_id_are_refused(tmp_path):
    notebook(tmp_path, "10_a.ipynb", id="10_same")
    notebook(tmp_path, "10_b.ipynb", id="10_same")
    with pytest.raises(MedlabError, match="10_same"):
        catalogue(tmp_path)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [("99", sorted(lesson.id for lesson in catalogue())[-3:]), ("4x", ["41_classification"]), ("zz", ["00_"])],
)
def test_an_unknown_lesson_names_the_nearest_three(typed, wanted):
    with pytest.raises(MedlabError) as caught:
        find(typed)
    assert all(name in caught.value.hint for name in wanted)
    assert caught.value.hint.count("'") == 6
    assert str(caught.value).count("_") < 12, "not a list of all lessons"
