"""A checkout with two small lessons and their runs, for tests that build a whole site."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[3]
DOCUMENTS = (
    "CONTRIBUTING",
    "CHANGELOG",
    *(f"docs/{name}" for name in ("paths", "instructors", "online", "jupyterhub")),
)
ESTIMATE = {"value": 0.9, "low": 0.85, "high": 0.95, "unit": "", "n": 50}
CLAIM = {"statement": "The network beats chance", "verdict": "holds", "above": 0.5, "below": None, "estimate": ESTIMATE}
RUN = {
    "status": "passed", "parameters": {}, "ref_s": 3.2, "peak_mb": 300.0,
    "record": {"preset": "cpu", "peak_mb": 290.0, "claims": [CLAIM]},
}  # fmt: skip


def lesson(name: str, needs: list[str]) -> dict:
    """Return an executed lesson: a title, a picture, a formula, an exercise with its solution, a claim."""
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(picture, "PNG")
    png = {"image/png": base64.b64encode(picture.getvalue()).decode()}
    shown = {"output_type": "display_data", "data": png, "metadata": {"image/png": {"alt": "A teal field of color"}}}
    cells = [
        markdown("title", f"# Small lesson {name}\n\n**What does it show?**"),
        code("p", 'preset = "cpu"', tags=["parameters"]),
        code("see", "show()", outputs=[shown]),
        markdown("rule", r"The **AUC** of $x$: $$\mathrm{PPV} = \frac{a}{b}$$ He et al., doi:10.1109/CVPR.2016.90."),
        code("do", "def f(x):\n    ### BEGIN SOLUTION\n    return x + 42\n    ### END SOLUTION", tags=["exercise"]),
        code("check", "medlab.exercise(f, g)", tags=["check"], outputs=[text("Right. The secret praise.")]),
        markdown("next", "**Next**: [the first](../00_start_here.ipynb)" if needs else "The end."),
    ]
    about = {
        "id": name, "title": f"Small lesson {name[:2]}", "question": "What does it show?", "part": f"{name[0]} Part",
        "objectives": ["See"], "minutes": {"teach": 10, "exercise": 5}, "needs": needs,
        "data": {"default": "pneumoniamnist", "alternatives": ["hospital:chest_xray"]},
        "budget": {"cpu_s": 60, "ram_mb": 900}, "sabotages": {"shuffle_labels": [1]},
    }  # fmt: skip
    metadata = {"medlab": about, "medlab_run": RUN, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def markdown(name: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def code(name: str, source: str, *, tags=(), outputs=()) -> dict:
    own = {"outputs": list(outputs), "execution_count": 1, "metadata": {"tags": list(tags)}}
    return {"cell_type": "code", "id": name, "source": source} | own


def text(words: str) -> dict:
    return {"output_type": "stream", "name": "stdout", "text": words}


@pytest.fixture(scope="session")
def checkout(tmp_path_factory) -> Path:
    """A folder with notebooks, their runs, and the documents that the navigation names."""
    root = tmp_path_factory.mktemp("checkout")
    (root / "docs").mkdir()
    for name in (*DOCUMENTS, "docs/cluster"):
        (root / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    shutil.copy(ROOT / "pyproject.toml", root)
    for name in ("glossary.toml", "hospital_graph.png", "hospital_modalities.png"):
        shutil.copy(ROOT / "docs" / name, root / "docs")
    for folder, name, needs in (("", "00_start_here", []), ("4_tasks", "41_small", ["00_start_here"])):
        for path in (root / "notebooks" / folder / f"{name}.ipynb", root / "runs" / f"{name}.ipynb"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(lesson(name, needs)), encoding="utf-8")
    return root
