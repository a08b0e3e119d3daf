"""nbval compares the claims of a lesson, and neither their picture nor anything else that changes from run to run."""

import json
import os
import subprocess
import sys

import nbformat
import pytest

CLAIM = """import medlab
from medlab.stats import Estimate
lab = medlab.begin("41", data="hospital:chest_xray")
lab.claim("It works", Estimate(0.15, 0.1, 0.2, n_patients=9), above=0);"""


@pytest.mark.parametrize(("stored", "status"), [("holds  It works", 0), ("open   It works", 1)])
def test_the_cell_of_the_claims_is_compared_by_its_words(tmp_path, stored, status):
    output = nbformat.v4.new_output("execute_result", {"text/plain": stored}, execution_count=1)
    last = nbformat.v4.new_code_cell("lab.verdicts()", outputs=[output], execution_count=1)
    last.metadata["tags"] = ["nbval-check-output"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CLAIM), last])
    (tmp_path / "a.ipynb").write_text(json.dumps(book))
    words = ["-p", "nbval.plugin", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path), "-q"]
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "MEDLAB_RECORD": str(tmp_path / "record.json")}
    command = [sys.executable, "-m", "pytest", *words, "--nbval-lax", "--nbval-current-env", str(tmp_path / "a.ipynb")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout
