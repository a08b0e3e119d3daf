import json
import os
import signal
import time

import nbformat
import psutil
import pytest

from medlab import runner
from medlab.errors import MedlabError
from medlab.lesson import Lesson, find
from tests.test_lesson import notebook

PARAMETERS = ('preset = "cpu"\nseed = 0\nrate = 0.5\nfast = True\nsabotage = ""', ["parameters"])
RECORD = """
import json, os
claims = [{"statement": "It works", "verdict": "open" if sabotage else "holds",
           "estimate": {"value": .5, "low": .4, "high": .6}}]
json.dump({"claims": claims, "process_cpu_s": 3, "peak_mb": 100, "seed": seed}, open(os.environ["MEDLAB_RECORD"], "w"))
"""


def lesson(tmp_path, *cells, **changes):
    return Lesson.read(notebook(tmp_path, cells=[PARAMETERS, *((c, []) for c in cells)], **changes))


def test_parameters_take_the_declared_types():
    given = {"seed": "3", "preset": "smoke"}
    assert runner.checked_parameters(find("41"), given) == {"seed": 3, "preset": "smoke"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": "3"}, "did you mean 'seed'"),
        ({"seed": "three"}, "wanted int"),
        ({"seed": True}, "wanted int"),
        ({"preset": "huge"}, "unknown preset"),
        ({"sabotage": "no_noise"}, "unknown sabotage"),
    ],
)
def test_wrong_parameters_are_refused_before_anything_runs(given, message):
    with pytest.raises(MedlabError, match=message):
        runner.checked_parameters(find("41"), given)


def test_types_of_all_kinds(tmp_path):
    found = runner.checked_parameters(lesson(tmp_path), {"rate": "0.25", "fast": "false"})
    assert found == {"rate": 0.25, "fast": False}
    assert runner.checked_parameters(lesson(tmp_path), {"rate": 1}) == {"rate": 1.0}


def test_a_run_keeps_notebook_and_record(tmp_path):
    folder = tmp_path / "ö b{1} é"
    done = runner.run(lesson(tmp_path, RECORD), {"seed": 4}, output=folder / "out.ipynb")
    assert (done.status, done.verdicts, done.record["seed"]) == ("passed", ["holds"], 4)
    executed = nbformat.read(folder / "out.ipynb", as_version=4)
    assert "widgets" not in executed.metadata
    assert [path.name for path in folder.iterdir()] == ["out.ipynb"]
    assert not done.complaints()


def test_a_failing_cell_is_named_with_source_and_traceback(tmp_path):
    done = runner.run(lesson(tmp_path, "1 / 0", "print('never')"))
    assert done.status == "failed"
    assert done.source == "1 / 0"
    assert "ZeroDivisionError" in done.error
    assert "\x1b" not in done.error
    assert "failed in cell" in done.complaints()[0]


def test_a_killed_kernel_is_reported_as_dead(tmp_path):
    done = runner.run(lesson(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert done.status == "died"
    assert "died" in done.complaints()[0]


def test_a_hanging_lesson_ends_and_leaves_no_process(tmp_path):
    done = runner.run(lesson(tmp_path, "while True: pass"), timeout=6)
    assert done.status == "timeout"
    here = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(tmp_path)]
    assert not here


def test_input_does_not_wait_for_somebody(tmp_path):
    done = runner.run(lesson(tmp_path, "input('name?')"), timeout=60)
    assert done.status == "failed"
    assert "StdinNotImplementedError" in done.error


def test_one_failure_stops_no_other(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    bad, good = lesson(tmp_path / "a", "1 / 0"), lesson(tmp_path / "b", RECORD)
    told = []
    done = runner.run_many([(bad, {}, None), (good, {}, None)], workers=2, tell=told.append)
    assert [d.status for d in done] == ["failed", "passed"]
    assert len(told) == 2


def test_a_lesson_over_its_budget_is_named(tmp_path):
    greedy = lesson(tmp_path, budget={"cpu_s": 2, "ram_mb": 50})
    run = runner.Run(greedy, {}, record={"process_cpu_s": 3, "peak_mb": 100, "claims": []})
    assert len(run.complaints()) == 2
    smoke = runner.Run(greedy, {"preset": "smoke"}, record=run.record)
    assert not smoke.complaints()


def test_verdicts_are_compared_with_the_stored_ones(tmp_path):
    run = runner.Run(
        lesson(tmp_path),
        {},
        record={
            "claims": [{"statement": "A", "verdict": "open", "estimate": dict.fromkeys(("value", "low", "high"), 0.1)}]
        },
    )
    assert not runner.compare(run, [("open", "A")])
    assert "claim 1 open, stored: holds" in runner.compare(run, [("holds", "A")])[0]
    assert "statements differ" in runner.compare(run, [("open", "B")])[0]
    assert "stores no claims" in runner.compare(run, [])[0]


def test_a_sabotage_that_changes_nothing_is_found(tmp_path):
    works = lesson(tmp_path, RECORD)
    assert runner.verify_sabotage(works, "shuffle_labels")[1] == []
    toothless = lesson(tmp_path, RECORD.replace('"open" if sabotage else ', ""))
    assert "claim 1 still holds" in runner.verify_sabotage(toothless, "shuffle_labels")[1][0]
    with pytest.raises(MedlabError, match="unknown sabotage"):
        runner.verify_sabotage(works, "no_noise")


def test_paths_are_made_absolute_for_kernels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDLAB_MIRROR", "data")
    found = runner.environment(tmp_path / "r.json", threads=1)
    assert found["MEDLAB_MIRROR"] == str(tmp_path / "data")
    assert found["OMP_NUM_THREADS"] == "1"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_ends_the_kernel_too(tmp_path):
    import subprocess
    import sys

    path = notebook(tmp_path, cells=[PARAMETERS, ("import time; time.sleep(60)", [])])
    code = f"from medlab import runner, lesson; runner.run(lesson.Lesson.read({str(path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    family = []
    deadline = time.monotonic() + 40
    while len(family) < 2 and time.monotonic() < deadline:
        family = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.2)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


def test_records_are_json(tmp_path):
    assert json.loads(json.dumps(lesson(tmp_path).record()))["id"] == "10_test"
