import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from medlab.lesson import catalogue
from tools.tidy import tidy


def test_everything_goes_but_the_claims(tmp_path):
    path = tmp_path / "run.ipynb"
    shown = [new_output("execute_result", {"text/plain": "holds  It works"}, execution_count=7)]
    shown.insert(0, new_output("display_data", {"image/png": "forest", "text/plain": "<Image>"}))
    cells = [
        new_code_cell("1 + 1", outputs=[new_output("stream", text="2")], execution_count=3),
        new_code_cell("lab.verdicts()", outputs=shown, execution_count=7, metadata={"tags": ["keep_output"]}),
    ]
    nbformat.write(new_notebook(cells=cells, metadata={"widgets": {"state": 1}, "medlab": {"id": "x"}}), path)
    assert tidy(path)
    after = json.loads(path.read_text())
    assert after["cells"][0]["outputs"] == []
    assert after["cells"][0]["execution_count"] is None
    assert len(after["cells"][1]["outputs"]) == 1
    assert after["cells"][1]["outputs"][0]["data"]["text/plain"] == ["holds  It works"]
    assert after["cells"][1]["execution_count"] == 1
    assert "widgets" not in after["metadata"]
    assert after["metadata"]["medlab"] == {"id": "x"}
    assert not tidy(path)


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda lesson: lesson.id)
def test_lessons_are_committed_tidy(lesson, tmp_path):
    copy = shutil.copy(lesson.path, tmp_path)
    assert not tidy(copy), f"python -m tools.tidy {lesson.path.name}"
