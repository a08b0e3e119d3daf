"""What the runner costs: ``python tests/benchmarks/runner_overhead.py [overhead|pool|dask]``.

Wanted: overhead over a bare ``jupyter nbconvert --execute`` of the same lesson at most 5 %; two jobs on two cores at
least 1.8 times the throughput of one; 40 notebooks of one second on a Dask cluster and on the local pool within 10 %.
Others may use this machine: runs take turns, the median counts, and the load is told.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from medlab.engine import dask as cluster
from medlab.engine import run as runner
from medlab.engine.queue import Job, run_many
from medlab.lesson import Lesson, find
from tests.test_lesson import notebook

BUSY = "import time\nend = time.process_time() + 1\nwhile time.process_time() < end:\n    pass"


def seconds(action) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def bare(lesson, folder):
    command = [sys.executable, "-m", "jupyter", "nbconvert", "--to", "notebook", "--execute", "--output-dir", folder]
    env = runner.environment(Path(folder) / "record.json", 1)
    subprocess.run([*command, lesson.path], env=env, check=True, capture_output=True)


def overhead(turns: int = 3, name: str = "00") -> None:
    lesson = find(name)
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = [], []
        for _ in range(turns):
            theirs.append(seconds(lambda: bare(lesson, folder)))
            ours.append(seconds(lambda: runner.run(lesson, output=Path(folder) / "o.ipynb", threads=1)))
            print(f"  nbconvert {theirs[-1]:.1f} s, medlab {ours[-1]:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    more = statistics.median(ours) / statistics.median(theirs) - 1
    print(f"overhead at preset cpu, one thread: {100 * more:.1f} % (wanted: at most 5 %)")


def made(folder: Path, count: int) -> list[Lesson]:
    cells = [('preset = "cpu"\nseed = 0', ["parameters"]), (BUSY, [])]
    return [Lesson.read(notebook(folder, f"{k:02d}_busy.ipynb", cells=cells)) for k in range(count)]


def pool(count: int = 12) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job(lesson, {"seed": k}) for k, lesson in enumerate(made(Path(folder), count))]
        limits = runner.Limits(threads=1)
        one = seconds(lambda: run_many(jobs, workers=1, limits=limits))
        two = seconds(lambda: run_many(jobs, workers=2, limits=limits))
    print(f"{count} notebooks: one at a time {one:.1f} s, two {two:.1f} s; {one / two:.2f} times (wanted: 1.8), "
          f"load {os.getloadavg()[0]:.1f}")  # fmt: skip


def dask(count: int = 40) -> None:
    with tempfile.TemporaryDirectory() as folder:
        jobs = [Job(lesson, {"seed": k}) for k, lesson in enumerate(made(Path(folder), count))]
        limits = runner.Limits(threads=1)
        here = seconds(lambda: run_many(jobs, workers=2, limits=limits))
        with cluster.connect("local", workers=2) as executor:
            there = seconds(lambda: run_many(jobs, limits=limits, executor=executor))
    print(f"{count} notebooks: pool {here:.1f} s, Dask {there:.1f} s; {100 * (there / here - 1):+.1f} % "
          f"(wanted: within 10 %), load {os.getloadavg()[0]:.1f}")  # fmt: skip


if __name__ == "__main__":
    for name in sys.argv[1:] or ("overhead", "pool", "dask"):
        {"overhead": overhead, "pool": pool, "dask": dask}[name]()
