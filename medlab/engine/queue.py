"""Many runs: the longest first, as many at once as memory allows, each on its own, and none twice."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from medlab.engine.parameters import checked_parameters
from medlab.engine.run import Limits, Progress, Run, execute, keep, kept, malformed, unwritable
from medlab.errors import MedlabError
from medlab.lesson import Lesson

_PACKAGES = ("torch", "monai", "numpy", "scipy", "scikit-learn", "scikit-image", "captum", "matplotlib", "pandas")
_WORKER_MB = 150  # papermill itself, beside the kernel
_SHARE = 0.9  # of the memory that is free when the runs begin


@dataclass(frozen=True)
class Job:
    """One run to be done.

    Parameters
    ----------
    lesson : Lesson
    parameters : dict
        As given; checked when the job starts.
    output : Path or None
        Where the executed notebook goes.
    null : bool
        Whether no network shall learn; see ``medlab.training.null``.
    """

    lesson: Lesson
    parameters: dict
    output: Path | None = None
    null: bool = False

    @property
    def weight(self) -> float:
        """How long it may take, for the order and the time left: the lesson's budget of reference-seconds."""
        return self.lesson.budget["cpu_s"] or 1


def run_many(
    jobs: Sequence[Job],
    *,
    workers: int = 1,
    limits: Limits | None = None,
    fresh: bool = True,
    tell: Callable[[Run], None] = lambda run: None,
    progress: Progress = lambda lesson, cell, cells: None,
    executor: Executor | None = None,
    longest_first: bool = True,
    until: float = math.inf,
) -> list[Run]:
    """Do jobs, ``workers`` at a time where memory allows; no failure stops another.

    Parameters
    ----------
    jobs : sequence of Job
    workers : int
    limits : Limits, optional
    fresh : bool
        If False, a job whose output holds a passed run with the same fingerprint is not done again.
    tell : callable
        Called in this thread with each run when it is finished and kept.
    progress : callable
        Called in other threads with lesson, cells begun, cells.
    executor : concurrent.futures.Executor, optional
        Where to execute instead of on this machine, such as ``medlab.engine.dask.connect``; it decides how many.
    longest_first : bool
        Whether the most expensive jobs begin first; otherwise they begin in the order of ``jobs``.
    until : float
        Nothing begins any more when ``time.monotonic()`` has reached this.

    Returns
    -------
    list of Run
        In the order of ``jobs``; those that never began are missing.

    Raises
    ------
    KeyboardInterrupt
        After everything that runs was ended; what had finished was told and kept.
    """
    limits = limits or Limits()
    if not limits.threads:
        limits = replace(limits, threads=max(1, (os.cpu_count() or 1) // workers))
    done: dict[int, Run] = {}

    def finish(k: int, run: Run) -> None:
        run.wrong = run.complaints()
        output = jobs[k].output
        done[k] = run if run.resumed or not output else keep(run, output)
        done[k].wrong = done[k].complaints()
        tell(done[k])

    ready: dict[int, Run] = {}
    for k, job in enumerate(jobs):
        prepared = _prepare(job, fresh=fresh)
        if prepared.resumed or prepared.status != "passed":
            finish(k, prepared)
        else:
            ready[k] = prepared
    order = sorted(ready, key=lambda k: -jobs[k].weight * longest_first)
    turn = _remote(executor, limits) if executor else _local(workers, limits, progress)
    with turn as (submit, room):
        _loop([(k, ready[k]) for k in order], submit, room, finish, until)
    return [done[k] for k in sorted(done)]


def fingerprint(lesson: Lesson, parameters: dict) -> str:
    """Return a hash of what determines a run: the notebook without outputs, this package, parameters, versions, data.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> fingerprint(find("41"), {"seed": 0}) == fingerprint(find("41"), {"seed": 1})
    False
    """
    cells = [
        (cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags", []))
        for cell in lesson.notebook["cells"]
    ]
    places = {name: os.environ.get(name, "") for name in ("MEDLAB_MIRROR", "MEDLAB_DATA")}
    told = [cells, lesson.record(), parameters, places, _package_hash(), _versions()]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def output_name(lesson: Lesson, point: dict) -> str:
    """Return the file name of one point of a sweep; names of strange values end in a hash and never collide.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> output_name(find("41"), {"seed": "3"})
    '41_classification-seed=3.ipynb'
    """
    text = "".join(f"-{name}={value}" for name, value in point.items())
    safe = re.sub(r"[^\w.=-]", "_", text)
    if safe != text or len(safe) > 80:
        safe = f"{safe[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return f"{lesson.id}{safe}.ipynb"


def _prepare(job: Job, *, fresh: bool) -> Run:
    """Return an empty run, ready to be executed; or one that need not be or cannot be."""
    if complaint := malformed(job.lesson):
        return Run(job.lesson, job.parameters, status="malformed", error=complaint)
    parameters = checked_parameters(job.lesson, job.parameters)
    if job.output and (complaint := unwritable(job.output)):
        return Run(job.lesson, parameters, status="unwritable", error=complaint)
    mark = fingerprint(job.lesson, parameters | {"null": True} if job.null else parameters)
    before = kept(job.lesson, job.output) if job.output and not fresh else None
    if before and before.fingerprint == mark and before.status == "passed" and not before.complaints():
        return before
    return Run(job.lesson, parameters, fingerprint=mark, null=job.null)


def _loop(waiting: list[tuple[int, Run]], submit, room, finish: Callable[[int, Run], None], until: float) -> None:
    """Start what there is room for, take in what is finished, until nothing is left or the time is over."""
    running: dict[Future, tuple[int, Run]] = {}
    while waiting or running:
        if time.monotonic() >= until:
            waiting.clear()
        free = [(k, run) for k, run in waiting if room(run.lesson, [r.lesson for _, r in running.values()])]
        if free:
            waiting.remove(free[0])
            running[submit(free[0][1])] = free[0]
            continue
        for future in wait(running, timeout=0.2, return_when=FIRST_COMPLETED).done:
            k, asked = running.pop(future)
            finish(k, _result(future, asked))


def _result(future: Future, asked: Run) -> Run:
    try:
        found = future.result()
    except CancelledError:
        return replace(asked, status="interrupted", error="the run was canceled")
    except Exception as error:  # the cluster lost the worker, again and again; or a mistake in medlab itself
        return replace(asked, status="died", error=f"the worker was lost: {type(error).__name__}: {error}")
    found.fingerprint = asked.fingerprint
    return found


@contextmanager
def _local(workers: int, limits: Limits, progress: Progress) -> Iterator[tuple]:
    """Yield how to start a run on this machine, and whether there is room for one more."""
    stop, budget = threading.Event(), psutil.virtual_memory().available / 1e6 * _SHARE
    pool = ThreadPoolExecutor(workers)  # threads only wait: each run is a process of its own

    def room(lesson: Lesson, running: list[Lesson]) -> bool:
        needed = sum(each.budget["ram_mb"] + _WORKER_MB for each in [*running, lesson])
        return not running or (len(running) < workers and needed <= budget)

    try:
        start = partial(execute, progress=progress, stop=stop)
        yield lambda run: pool.submit(start, run.lesson, run.parameters, limits, null=run.null), room
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _remote(executor: Executor, limits: Limits) -> Iterator[tuple]:
    """Yield how to hand a run to a cluster, which itself decides where and when."""
    handed: list[Future] = []

    def submit(run: Run) -> Future:
        handed.append(executor.submit(partial(_execute_there, source=run.lesson.path.read_bytes()), run, limits))
        return handed[-1]

    try:
        yield submit, lambda lesson, running: True
    finally:
        for future in handed:
            future.cancel()


def _execute_there(run: Run, limits: Limits, *, source: bytes) -> Run:
    """Execute a lesson on another machine, which may not see the folder of this one."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="medlab-lesson-") as folder:
        path = run.lesson.path
        if not path.is_file() or path.read_bytes() != source:
            path = Path(folder) / path.name
            path.write_bytes(source)
        found = execute(replace(run.lesson, path=path), run.parameters, limits, null=run.null)
    found.lesson = run.lesson
    return found


@cache
def _package_hash() -> str:
    """Hash of the source of medlab and data_fetch, with cards and tables."""
    root, found = Path(__file__).resolve().parents[2], hashlib.sha256()
    for path in sorted(p for room in ("medlab", "data_fetch") for p in (root / room).rglob("*") if p.is_file()):
        if "__pycache__" not in path.parts:
            found.update(f"{path.relative_to(root).as_posix()}\0".encode() + path.read_bytes())
    return found.hexdigest()


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    import platform

    found = [("python", platform.python_version()), ("machine", platform.machine())]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            found.append((name, ""))
    return tuple(found)


def broken(path: Path, error: MedlabError) -> Run:
    """Return the run of a file that is not even a lesson: told in the report, and no reason to stop the others."""
    lesson = Lesson(
        path.stem, path.stem, "", "", (), {"teach": 0, "exercise": 0}, (), {"default": "", "alternatives": []},
        {"cpu_s": 0, "ram_mb": 0}, {}, path,
    )  # fmt: skip
    found = Run(lesson, {}, status="malformed", error=str(error).replace("\n", ""))
    found.wrong = found.complaints()
    return found
