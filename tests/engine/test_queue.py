import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from medlab.engine import queue as jobs
from medlab.engine import run as runner
from medlab.engine.queue import Job, fingerprint, output_name, run_many
from tests.engine.test_run import PARAMETERS, RECORD, lesson
from tests.test_lesson import notebook


def lessons(tmp_path, **texts):
    for name in texts:
        (tmp_path / name).mkdir()
    return [lesson(tmp_path / name, text, name=f"{name}.ipynb", id=name) for name, text in texts.items()]


@pytest.fixture
def instant(monkeypatch):
    """Replace the execution of lessons by a list of what was executed."""
    seen = []

    def execute(lesson, parameters, limits, **more):
        seen.append((lesson.id, parameters))
        if "seed" in parameters and parameters["seed"] == 13:
            raise RuntimeError("a mistake")
        return runner.Run(
            lesson, parameters, record={"claims": [], "peak_mb": 1, "process_cpu_s": 1},
            notebook={"cells": [], "metadata": {}},
        )  # fmt: skip

    monkeypatch.setattr(jobs, "execute", execute)
    return seen


def test_one_failure_stops_no_other(tmp_path):
    bad, good, broken = lessons(tmp_path, a="1 / 0", b=RECORD, c="")
    broken.path.write_text(broken.path.read_text().replace('"cell_type": "code"', '"cell_type": "none"'))
    told = []
    done = run_many([Job(bad, {}), Job(good, {}), Job(broken, {})], workers=2, tell=told.append)
    assert [run.status for run in done] == ["failed", "passed", "malformed"]
    assert [bool(run.wrong) for run in done] == [True, False, True]
    assert len(told) == 3


def test_the_longest_come_first(tmp_path, instant):
    made = lessons(tmp_path, a="", b="", c="")
    costs = [replace(x, budget={"cpu_s": s, "ram_mb": 1}) for x, s in zip(made, (1, 3, 2), strict=True)]
    run_many([Job(x, {}) for x in costs])
    assert [name for name, _ in instant] == ["b", "c", "a"]


def test_no_more_run_at_once_than_memory_allows(tmp_path, monkeypatch):
    made = lessons(tmp_path, a="", b="", c="")
    greedy = [replace(x, budget={"cpu_s": 1, "ram_mb": psutil.virtual_memory().total / 1e6 * 0.6}) for x in made]
    now, most = [], []

    def execute(lesson, parameters, limits, **more):
        now.append(lesson)
        most.append(len(now))
        time.sleep(0.1)
        now.remove(lesson)
        return runner.Run(lesson, parameters)

    monkeypatch.setattr(jobs, "execute", execute)
    assert len(run_many([Job(x, {}) for x in greedy], workers=3)) == 3
    assert max(most) == 1
    run_many([Job(x, {}) for x in made], workers=3)
    assert max(most) > 1


def test_what_passed_is_not_run_again_until_something_changes(tmp_path, instant):
    made, output = lesson(tmp_path, RECORD), tmp_path / "out" / "a.ipynb"
    once = run_many([Job(made, {"seed": 1}, output)], fresh=False)
    again = run_many([Job(made, {"seed": 1}, output)], fresh=False)
    assert (once[0].resumed, again[0].resumed, len(instant)) == (False, True, 1)
    assert again[0].fingerprint == once[0].fingerprint
    run_many([Job(made, {"seed": 1}, output)], fresh=True)
    run_many([Job(made, {"seed": 2}, output)], fresh=False)
    made = lesson(tmp_path, RECORD + "# changed")
    run_many([Job(made, {"seed": 2}, output)], fresh=False)
    assert len(instant) == 4


def test_what_failed_is_run_again(tmp_path, instant):
    made, output = lesson(tmp_path, RECORD), tmp_path / "a.ipynb"
    failed = runner.Run(made, {}, status="failed", fingerprint=fingerprint(made, {}))
    runner.keep(replace(failed, notebook={"cells": [], "metadata": {}}), output)
    assert run_many([Job(made, {}, output)], fresh=False)[0].status == "passed"


def test_outputs_do_not_change_the_fingerprint(tmp_path):
    made = lesson(tmp_path, RECORD)
    before = fingerprint(made, {})
    made.notebook["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    assert fingerprint(made, {}) == before
    made.notebook["cells"][1]["source"] += " "
    assert fingerprint(made, {}) != before


def test_a_mistake_in_one_run_is_told_and_stops_no_other(tmp_path, instant):
    made = lesson(tmp_path, "")
    done = run_many([Job(made, {"seed": 13}), Job(made, {"seed": 1})])
    assert [run.status for run in done] == ["died", "passed"]
    assert "RuntimeError: a mistake" in done[0].error


def test_names_of_outputs_are_safe_and_differ(tmp_path):
    made = lesson(tmp_path)
    assert output_name(made, {}) == "10_test.ipynb"
    strange = [
        output_name(made, {"data": text}) for text in ("../../etc", "../../etc ", "{0}", "ö" * 300, "a/b", "a:b")
    ]
    assert len(set(strange)) == 6
    assert not any("/" in name or "{" in name or len(name) > 120 for name in strange)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_keeps_what_finished_and_the_next_call_goes_on(tmp_path, interruptible):
    wait = "import os, time; open(os.environ['BUSY'], 'w'); time.sleep(100 if os.environ['SLOW'] else 0)\n"
    slow, quick = "20_slow.ipynb", "10_quick.ipynb"
    (tmp_path / "notebooks").mkdir()
    notebook(tmp_path / "notebooks", slow, cells=[PARAMETERS, (wait + RECORD, [])])
    notebook(tmp_path / "notebooks", quick, cells=[PARAMETERS, (RECORD, [])], budget={"cpu_s": 20, "ram_mb": 500})
    command = [sys.executable, "-c", "from medlab.cli import main; main()", "run", "--all"]
    command += ["--output", tmp_path / "out", "--report", tmp_path / "report"]
    env = os.environ | {"MEDLAB_NOTEBOOKS": str(tmp_path / "notebooks"), "BUSY": str(tmp_path / "busy"), "SLOW": "1"}
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=interruptible
    )
    deadline = time.monotonic() + 40
    while not (tmp_path / "busy").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=30)[0]
    assert process.returncode == 130, told
    assert not psutil.wait_procs(family, timeout=3)[1]
    assert [p.name for p in (tmp_path / "out").iterdir()] == [quick]
    assert "1 run," in (tmp_path / "report" / "index.html").read_text()
    again = subprocess.run(command, env=env | {"SLOW": ""}, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "10_quick: unchanged, not run again" in again.stdout
    assert "2 passed, 0 failed" in again.stdout
