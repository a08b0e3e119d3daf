import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from medlab.engine import run as runner
from medlab.lesson import Lesson
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
    assert (done.cell, done.source.startswith("import os")) == (1, True)
    assert "died in cell 1" in done.complaints()[0]
    assert done.seconds < 30


def test_a_hanging_lesson_ends_and_leaves_no_process(tmp_path):
    done = runner.run(lesson(tmp_path, "while True: pass"), timeout=15)
    assert (done.status, done.source) == ("timeout", "while True: pass")
    assert done.seconds < 30
    assert done.notebook["cells"][1]["source"]
    here = [p for p in psutil.process_iter(["cwd"]) if p.info["cwd"] == str(tmp_path)]
    assert not here


def test_input_does_not_wait_for_somebody(tmp_path):
    done = runner.run(lesson(tmp_path, "input('name?')"), timeout=60)
    assert done.status == "failed"
    assert "StdinNotImplementedError" in done.error


def test_a_lesson_over_its_budget_is_named(tmp_path):
    greedy = lesson(tmp_path, budget={"cpu_s": 2, "ram_mb": 50})
    run = runner.Run(greedy, {}, record={"process_cpu_s": 3, "peak_mb": 100, "claims": []})
    assert len(run.over_budget()) == 2
    assert (run.complaints(), run.word) == ([], "OVER")
    run.wrong = ["claim 1 open, stored: holds"]
    assert run.word == "LOST"
    smoke = runner.Run(greedy, {"preset": "smoke"}, record=run.record)
    assert not smoke.over_budget()


def test_the_budget_is_in_reference_seconds(tmp_path):
    run = runner.Run(lesson(tmp_path, budget={"cpu_s": 10, "ram_mb": 500}), {}, record={"claims": []}, cpu_s=15)
    assert run.over_budget()
    run.speed = 0.5  # the machine was so busy that the workload took twice its CPU-seconds
    assert (run.ref_s, run.over_budget()) == (7.5, [])


def test_paths_are_made_absolute_for_kernels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDLAB_MIRROR", "data")
    found = runner.environment(tmp_path / "r.json", threads=1)
    assert found["MEDLAB_MIRROR"] == str(tmp_path / "data")
    assert found["OMP_NUM_THREADS"] == "1"


def test_a_lesson_that_takes_all_memory_is_ended(tmp_path):
    hog = "import time; kept = []\nwhile True: kept.append(bytearray(10_000_000)); time.sleep(0.01)"
    done = runner.run(lesson(tmp_path, hog), memory_mb=400)
    assert (done.status, done.source) == ("memory", hog)
    assert "MB used, 400 MB allowed" in done.error
    assert done.peak_mb > 400


def test_memory_and_time_of_children_count_too(tmp_path):
    child = "import time; x = bytearray(300_000_000); e = time.process_time() + 1\nwhile time.process_time() < e: pass"
    done = runner.run(
        lesson(tmp_path, RECORD, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])")
    )
    assert done.status == "passed"
    assert done.peak_mb > 300 + 30
    assert done.cpu_s > 1


def test_a_parameter_never_becomes_code(tmp_path):
    evil = "\"'; import os; os.abort() #\n{0}\\"
    text = "import json, os; json.dump({'got': word}, open(os.environ['MEDLAB_RECORD'], 'w'))"
    cells = [('word = ""', ["parameters"]), (text, [])]
    done = runner.run(Lesson.read(notebook(tmp_path, cells=cells)), {"word": evil})
    assert (done.status, done.record) == ("passed", {"got": evil})


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", target)

    (tmp_path / "out.ipynb").write_text("the last good one")
    monkeypatch.setattr(os, "replace", full)
    done = runner.keep(runner.Run(lesson(tmp_path), {}, notebook={"cells": [], "metadata": {}}), tmp_path / "out.ipynb")
    assert done.status == "unwritable"
    assert "No space left on device; free some space" in done.complaints()[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["10_test.ipynb", "out.ipynb"]
    assert (tmp_path / "out.ipynb").read_text() == "the last good one"


def test_a_disk_that_fills_while_the_lesson_runs(tmp_path):
    # papermill writes the notebook with open(); a folder in its place stands for a disk that takes no more.
    cell = "import glob, os, tempfile\nhere = os.path.dirname(os.environ['MEDLAB_RECORD'])\n"
    cell += "os.remove(here + '/executed.ipynb'); os.mkdir(here + '/executed.ipynb')"
    done = runner.run(lesson(tmp_path, cell))
    assert done.status == "unwritable"
    assert "executed.ipynb" in done.complaints()[0]


def test_an_output_that_cannot_be_written_is_told_before_anything_runs(tmp_path):
    (tmp_path / "file").write_text("")
    done = runner.run(lesson(tmp_path, "1 / 0"), output=tmp_path / "file" / "out.ipynb")
    assert (done.status, done.seconds) == ("unwritable", 0)
    assert "--output" in done.complaints()[0]


def test_a_malformed_notebook_runs_not_at_all(tmp_path):
    path = notebook(tmp_path, cells=[PARAMETERS])
    told = json.loads(path.read_text())
    told["cells"].append({"cell_type": "nonsense"})
    path.write_text(json.dumps(told))
    done = runner.run(Lesson.read(path))
    assert (done.status, done.seconds) == ("malformed", 0)
    assert "no valid notebook" in done.complaints()[0]


def test_progress_counts_cells_and_stop_ends_the_run(tmp_path):
    seen, stop = [], threading.Event()

    def progress(lesson, cell, cells):
        seen.append((cell, cells))
        if cell == 3:
            stop.set()

    done = runner.run(lesson(tmp_path, "1", "while True: pass"), progress=progress, stop=stop)
    assert (done.status, done.cell) == ("interrupted", 2)
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_what_was_kept_can_be_read_again(tmp_path):
    told = runner.Run(lesson(tmp_path), {"seed": 3}, record={"claims": []}, notebook={"cells": [], "metadata": {}})
    runner.keep(told, tmp_path / "out.ipynb")
    again = runner.kept(told.lesson, tmp_path / "out.ipynb")
    assert (again.parameters, again.resumed, again.status) == ({"seed": 3}, True, "passed")
    for text in ("", "{", "[]", '{"metadata": {"medlab_run": {"lesson": "x", "strange": 1}}}'):
        (tmp_path / "out.ipynb").write_text(text)
        assert runner.kept(told.lesson, tmp_path / "out.ipynb") is None


def start_a_runner(tmp_path, first, *cells):
    """Start a runner in a process of its own, wait until its kernel is busy; return it and all its children."""
    path = notebook(tmp_path, cells=[PARAMETERS, *((c, []) for c in cells)])
    code = f"""
from pathlib import Path
from medlab import lesson
from medlab.engine import run as runner
runner.run(lesson.Lesson.read({str(path)!r}), output=Path({str(tmp_path / "out.ipynb")!r}))"""
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL, preexec_fn=first)
    deadline = time.monotonic() + 40
    while not (tmp_path / "busy").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2
    return process, family


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda sign: sign.name)
def test_a_runner_that_is_ended_leaves_no_process_and_no_broken_file(tmp_path, sign, interruptible):
    # Busy in one call of C code: the kernel cannot notice by itself that it has no parent any more.
    busy = "import os; open('busy', 'w').write(os.environ['MEDLAB_RECORD']); sum(range(10**11))"
    process, family = start_a_runner(tmp_path, interruptible, busy)
    process.send_signal(sign)
    assert process.wait(timeout=30) != 0
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive
    assert sorted(p.name for p in tmp_path.iterdir()) == ["10_test.ipynb", "busy"]
    deadline = time.monotonic() + 5
    folder = Path((tmp_path / "busy").read_text()).parent
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not folder.exists()


def test_two_runners_on_one_folder_leave_one_whole_notebook(tmp_path):
    works = lesson(tmp_path, RECORD)
    both = [runner.Run(works, {"seed": k}, record={"seed": k}) for k in (0, 1)]
    filler = "x" * 300_000

    def write(done):
        for _ in range(30):
            done.notebook = {"cells": [filler, done.parameters["seed"]], "metadata": {}}
            runner.keep(done, tmp_path / "out" / "a.ipynb")

    threads = [threading.Thread(target=write, args=(done,)) for done in both]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if (tmp_path / "out" / "a.ipynb").exists():
            told = json.loads((tmp_path / "out" / "a.ipynb").read_text())
            assert told["metadata"]["medlab_run"]["record"]["seed"] == told["cells"][1]
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.ipynb"]


def test_summaries_are_json(tmp_path):
    assert json.loads(json.dumps(runner.Run(lesson(tmp_path), {}).summary()))["lesson"] == "10_test"
