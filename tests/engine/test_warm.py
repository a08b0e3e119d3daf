import os
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from medlab.engine import run as runner
from medlab.engine import warm
from medlab.engine.warm import smoke_run
from medlab.lesson import find
from tests.engine.test_run import RECORD, lesson

pytestmark = pytest.mark.skipif(not warm.POSSIBLE, reason="copies of a process are made on Linux alone")


def outputs_of(path):
    return [cell.outputs for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


CELLS = [
    RECORD,
    "print('one')\nprint('two')\n4 + 5",
    "import sys\nprint('error', file=sys.stderr)",
    "from IPython.display import HTML, Image, Markdown, clear_output, display\n"
    "display(Image(b'\\x89PNG', format='png'), metadata={'image/png': {'alt': 'a bone'}})\ndisplay(Markdown('*m*'))",
    "handle = display(HTML('old'), display_id=True)\nhandle.update(HTML('<b>new</b>'))\nprint('gone')\n"
    "clear_output(wait=True)\nprint('kept');",
    "handle = display('old', display_id='x')",
    "display('new', display_id='x', update=True)",
    "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "get_ipython().run_line_magic('time', 'x = 1')\n!echo shell",
    "import asyncio\nawait asyncio.sleep(0)\nstr(seed) + preset",
    "import ipywidgets\nipywidgets.IntSlider()",
]


def test_a_copy_gives_the_outputs_of_a_kernel(tmp_path):
    same = lesson(tmp_path, *CELLS)
    here = smoke_run(same, output=tmp_path / "warm.ipynb")
    assert here.wrong == [], here.error
    done = runner.run(same, {"preset": "smoke"}, output=tmp_path / "kernel.ipynb")
    assert done.complaints() == [], done.error

    def plain(outputs):
        return [
            {
                k: sorted(v) if k == "data" and "image/png" in v else v
                for k, v in output.items()
                if k != "execution_count"
            }
            for output in outputs
            if "application/vnd.jupyter.widget-view+json" not in output.get("data", {})
            and "CPU times" not in output.get("text", "")
        ]

    for warm_cell, kernel_cell in zip(
        outputs_of(tmp_path / "warm.ipynb"), outputs_of(tmp_path / "kernel.ipynb"), strict=True
    ):
        assert plain(warm_cell) == plain(kernel_cell)
    assert here.record == done.record


def test_a_failing_cell_is_named_with_its_traceback(tmp_path):
    done = smoke_run(lesson(tmp_path, RECORD, "def f():\n    1 / 0\nf()", "print('never')"))
    assert (done.status, done.cell, done.source) == ("failed", 3, "def f():\n    1 / 0\nf()")
    assert "ZeroDivisionError: division by zero" in done.error
    assert "1 / 0" in done.error
    assert "\x1b" not in done.error


def test_nothing_leaks_from_one_run_to_the_next(tmp_path):
    leak = "import builtins, math, os, sys, torch\nbuiltins.LEAK = math.pi = 3\nos.environ['LEAK'] = 'x'\n"
    leak += "sys.modules['leak'] = math\ntorch.manual_seed(5)\ntorch.set_default_dtype(torch.float64)\nos.chdir('/')"
    clean = "import builtins, math, os, sys, threading, torch\n"
    clean += "assert not hasattr(builtins, 'LEAK') and math.pi > 3.1 and 'LEAK' not in os.environ\n"
    clean += "assert 'leak' not in sys.modules and torch.get_default_dtype() is torch.float32\n"
    clean += f"assert os.getcwd() == {str(tmp_path)!r} and torch.get_num_threads() == 1\n"
    clean += "assert open('/proc/self/status').read().count('SigIgn:\\t0000000000000000') == 0"
    assert smoke_run(lesson(tmp_path, RECORD, leak)).wrong == []
    done = smoke_run(lesson(tmp_path, RECORD, clean))
    assert done.wrong == [], done.error


def test_the_environment_of_a_run_is_that_of_its_runner(tmp_path, monkeypatch):
    assert smoke_run(lesson(tmp_path, RECORD)).wrong == []
    monkeypatch.setenv("MEDLAB_MIRROR", "elsewhere")
    monkeypatch.setenv("ODD", "é=\n\x01")
    cell = "import os\nassert os.environ['MEDLAB_MIRROR'].endswith('elsewhere') and os.environ['ODD'] == 'é=\\n\\x01'"
    done = smoke_run(lesson(tmp_path, RECORD, cell))
    assert done.wrong == [], done.error


HOSTILE = {
    "import os; os._exit(0)": ("died", "ended"),
    "import ctypes; ctypes.string_at(0)": ("died", "ended"),
    "import sys; sys.exit(0)": ("failed", "SystemExit"),
    "input('name?')": ("failed", "StdinNotImplementedError"),
    "import os, sys; sys.stdout.close(); os.close(1)\nprint('x')": ("failed", "closed file"),
    "import os, signal; os.kill(os.getppid(), signal.SIGKILL); os.abort()": ("died", "ended"),
    "kept = []\nwhile True: kept.append(bytearray(50_000_000))": ("memory", "MB allowed"),
    "import signal, time\nfor k in (2, 15): signal.signal(k, signal.SIG_IGN)\ntime.sleep(99)": (
        "timeout",
        "not finished",
    ),
}


@pytest.mark.parametrize("cell", HOSTILE)
def test_a_copy_that_misbehaves_ends_and_the_next_one_works(tmp_path, cell, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    status, said = HOSTILE[cell]
    limits = runner.Limits(8 if status == "timeout" else 60, 2500, threads=1)
    done = runner.execute(lesson(tmp_path, RECORD, cell), {"preset": "smoke"}, limits, start=warm._WARM.start)
    assert (done.status, done.cell) == (status, 3)
    assert said in done.complaints()[0]
    assert not list(tmp_path.glob("medlab-run-*"))
    assert smoke_run(lesson(tmp_path, RECORD)).wrong == []


def test_a_copy_leaves_no_child_that_became_a_daemon(tmp_path):
    cell = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    cell += "        open('pid', 'w').write(str(os.getpid()))\n        os.execve('/bin/sleep', ['sleep', '99'], {})\n"
    cell += "    os._exit(0)\nwhile not os.path.exists('pid'): time.sleep(0.05)\ntime.sleep(0.2)"
    assert smoke_run(lesson(tmp_path, RECORD, cell)).wrong == []
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_much_text_is_cut(tmp_path):
    done = smoke_run(lesson(tmp_path, RECORD, "for _ in range(200_000): print('x' * 99)"), output=tmp_path / "o.ipynb")
    assert done.wrong == []
    assert (tmp_path / "o.ipynb").stat().st_size < 2_000_000
    assert "cut: 20000000 characters" in outputs_of(tmp_path / "o.ipynb")[-1][0].text


def test_several_runs_at_a_time_are_told_apart(tmp_path):
    made = []
    for k in range(3):
        (tmp_path / str(k)).mkdir()
        made.append(lesson(tmp_path / str(k), f"mine = {k}", RECORD.replace('"seed": seed', '"mine": mine')))
    done = warm.smoke(made, jobs=3)
    assert [run.record.get("mine") for run in done] == [0, 1, 2]


def test_the_warm_process_ends_with_its_runner(tmp_path):
    made = lesson(tmp_path, "import os; open('busy', 'w').write(f'{os.getpid()} {os.getppid()}'); sum(range(10**11))")
    code = (
        f"from medlab.engine.warm import smoke_run; from medlab.lesson import find; smoke_run(find({str(made.path)!r}))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(tmp_path)})
    while not (tmp_path / "busy").exists() or not (tmp_path / "busy").read_text():
        time.sleep(0.1)
    copy, server = map(int, (tmp_path / "busy").read_text().split())
    process.kill()
    process.wait()
    deadline = time.monotonic() + 10
    while any(map(psutil.pid_exists, (copy, server))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not psutil.pid_exists(copy)
    assert not psutil.pid_exists(server)
    assert not list(tmp_path.glob("medlab-run-*"))


def test_each_lesson_runs_on_its_own_data_where_they_are(monkeypatch):
    made = find("41")
    assert warm.source_here(made) in (made.data["default"], *made.data["alternatives"])
    monkeypatch.setattr(warm.sources, "here", lambda source: source == made.data["default"])
    assert warm.source_here(made) == made.data["default"]
    monkeypatch.setattr(warm.sources, "here", lambda source: source.startswith("hospital:"))
    assert warm.source_here(made) == next(s for s in made.data["alternatives"] if s.startswith("hospital:"))


def test_where_no_copies_can_be_made_a_kernel_does_it(tmp_path, monkeypatch):
    monkeypatch.setattr(warm, "POSSIBLE", False)
    done = smoke_run(lesson(tmp_path, RECORD, "assert 'ipykernel' in str(get_ipython())"))
    assert done.wrong == [], done.error
