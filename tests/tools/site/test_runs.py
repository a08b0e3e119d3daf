import json

import pytest

from medlab.errors import MedlabError
from medlab.lesson import Lesson, find
from tools.site.runs import executed

LESSON = find("41")


def _last_code(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"][-1]


@pytest.fixture
def folder(tmp_path):
    """Return what writes a run of lesson 41 into a folder, with changes."""

    def make(preset="cpu", status="passed", change=None):
        notebook = json.loads(json.dumps(LESSON.notebook))
        record = {"preset": preset, "claims": [], "peak_mb": 5}
        notebook["metadata"]["medlab_run"] = {"status": status, "parameters": {}, "record": record, "ref_s": 1.0}
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "seen"}]
        if change:
            change(notebook)
        (tmp_path / f"{LESSON.id}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        return tmp_path

    return make


def test_a_run_of_the_present_code_gives_its_outputs(folder):
    run = executed(LESSON, folder())
    assert run.missing == ""
    assert all(cell["outputs"] for cell in run.cells if cell["cell_type"] == "code")


def test_text_that_changed_after_the_run_is_shown_as_it_is_now(folder):
    run = executed(LESSON, folder(change=lambda notebook: notebook["cells"][0].update(source="# Another title")))
    assert "".join(run.cells[0]["source"]) == "".join(LESSON.notebook["cells"][0]["source"])
    assert run.missing == ""


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"preset": "smoke"}, "preset smoke"),
        ({"status": "failed"}, "failed"),
        ({"change": lambda notebook: _last_code(notebook).update(source="x = 1")}, "changed"),
    ],
)
def test_a_run_that_shows_something_else_is_not_used(folder, how, why):
    run = executed(LESSON, folder(**how))
    assert why in run.missing
    assert not any(cell["outputs"] for cell in run.cells if cell["cell_type"] == "code")


def test_a_file_that_is_no_run_is_refused_with_what_to_do(tmp_path):
    (tmp_path / f"{LESSON.id}.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(MedlabError, match="medlab run 41"):
        executed(LESSON, tmp_path)


def test_a_lesson_without_a_run_is_shown_without_outputs(tmp_path):
    assert isinstance(executed(LESSON, tmp_path).lesson, Lesson)
    assert executed(LESSON, tmp_path).missing == "the lesson was not executed"
