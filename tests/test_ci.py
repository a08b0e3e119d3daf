"""What continuous integration runs: every step, within limits of the clock, with a table at the end."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAKE = '#!/bin/sh\necho "make $* LEDGER=$LEDGER"\ncase "$*" in *"$FAILS"*) exit 1;; esac\n'
pytestmark = pytest.mark.skipif(os.name == "nt", reason="a script for bash")


@pytest.fixture
def run(tmp_path):
    """Return what runs the script with a make that does nothing, and fails in one step."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    for name, text in (("make", MAKE), ("chromium", "#!/bin/sh\n")):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)

    def run(fails, **env):
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", str(tmp_path / ".ci" / "run")]
        env = os.environ | {"PATH": path, "FAILS": fails} | env
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    return run


def test_all_steps_run_and_the_ledger_is_only_read(run):
    done = run("nothing fails")
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [line.split()[1:3] for line in done.stdout.splitlines() if line.startswith("make ")]
    assert [step[0] for step in steps] == [".venv/.installed-test", "base", "unit", "pages", "due", "check"]
    assert done.stdout.count("LEDGER=--no-write") == 6
    assert "make base MINUTES=55" in done.stdout
    assert "make due MINUTES=45" in done.stdout


def test_a_step_that_fails_stops_no_other_and_is_in_the_table(run):
    done = run("pages")
    assert done.returncode == 1
    table = done.stdout.partition("Where the time went")[2].splitlines()
    assert [line.split()[2] for line in table[1:-1]] == ["ok", "ok", "ok", "ok", "failed", "ok", "ok"]
    assert table[-1].endswith("min  in all")


def test_a_budget_exceeded_is_a_note_for_make_and_a_lost_claim_is_not(tmp_path):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / "medlab").write_text('#!/bin/sh\nexit "$STATUS"\n')
    (tmp_path / "medlab").chmod(0o755)
    for status, passes in ((0, True), (1, False), (3, True)):
        command = ["make", "-o", ".venv/.installed", "-f", str(ROOT / "Makefile"), f"BIN={tmp_path}", "base"]
        env = os.environ | {"STATUS": str(status)}
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is passes, done.stdout + done.stderr
