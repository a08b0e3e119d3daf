"""Every lesson is executed: each line at smoke; by turns (tests/turns.py) on its other data, and broken on purpose.

That its claims are the stored ones on its default data is nbval's part: see the Makefile.
"""

import nbformat
import pytest

from medlab import sources
from medlab.engine import run as runner
from medlab.engine import verify
from medlab.lesson import catalogue
from tests.turns import by_turns

LESSONS = catalogue()
pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(900)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_every_line_runs_at_smoke(lesson, tmp_path):
    done = runner.run(
        lesson, {"preset": "smoke", "data": "hospital:chest_xray"}, output=tmp_path / "out.ipynb", threads=1
    )
    assert done.complaints() == []
    assert set(done.verdicts) == {"not judged"}
    images = [
        output.metadata.get("image/png", {}).get("alt", "")
        for cell in nbformat.read(tmp_path / "out.ipynb", as_version=4).cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {}) and "text/html" not in output["data"]
    ]
    shown = [alt for alt in images if alt]
    assert len(shown) >= 3
    assert min(map(len, shown)) >= 20


@pytest.mark.parametrize(
    ("lesson", "source"),
    by_turns([pytest.param(x, s, id=f"{x.id}-{s}") for x in LESSONS for s in x.data["alternatives"]]),
)
def test_claims_hold_on_the_other_data_too(lesson, source):
    if not sources.here(source):
        pytest.skip(f"{source} is not here: in MEDLAB_MIRROR, or downloaded before")
    assert verify.verify(lesson, data=source, threads=1).wrong == []


@pytest.mark.parametrize(
    ("lesson", "name"), by_turns([pytest.param(x, n, id=f"{x.id}-{n}") for x in LESSONS for n in x.sabotages])
)
def test_sabotage_makes_the_named_claims_fall(lesson, name):
    assert verify.verify_sabotage(lesson, name, threads=1).wrong == []
