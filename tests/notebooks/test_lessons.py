"""Every lesson is executed at smoke, each line of it; a few by nbval, which must agree with the ledger.

That claims hold, and fall when a lesson is broken, is the part of ``medlab verify``: see the Makefile.
"""

import os
import subprocess
import sys

import nbformat
import pytest

from medlab.engine import warm
from medlab.engine.ledger import Case, Ledger, declared
from medlab.engine.run import environment
from medlab.engine.verify import judge
from medlab.lesson import catalogue
from tests.shards import shard

LESSONS = catalogue()
_NBVAL = 2
_SHARDS = next(n for n in (5, 7, 11, 13, 17, 19, 23, 29, 31, 37) if n * _NBVAL >= len(LESSONS))
pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(1600)]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_every_line_runs_at_smoke(lesson, tmp_path):
    done = warm.smoke_run(lesson, output=tmp_path / "out.ipynb")
    assert done.wrong == []
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


@pytest.mark.parametrize("lesson", shard(LESSONS, _SHARDS), ids=lambda lesson: lesson.id)
def test_nbval_agrees_with_the_ledger(lesson, tmp_path):
    """The verdicts that nbval finds are the stored ones exactly if the ledger says so."""
    words = ["-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(lesson.path.parent), "-q", "--nbval-lax"]
    words += ["--nbval-current-env", "--nbval-cell-timeout", "600", str(lesson.path)]
    env = environment(tmp_path / "record.json", threads=1) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "nbval.plugin", *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=1500, check=False)
    entry = Ledger().fresh(lesson, Case.of(lesson))
    expected = not entry or not judge(lesson, entry.case, entry.verdicts)
    assert (done.returncode == 0) == expected, done.stdout[-4000:]


def test_the_ledger_is_readable_and_has_no_entries_of_what_is_gone():
    known = {lesson.id: lesson for lesson in LESSONS}
    for case in Ledger().entries:
        assert case.lesson in known, f"{case}: medlab verify --due removes it"
        assert declared(known[case.lesson], case), f"{case}: medlab verify --due removes it"
