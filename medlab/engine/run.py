"""One run of one lesson: in processes of its own, within limits, with a record that tells the truth."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medlab.engine.parameters import checked_parameters
from medlab.engine.process import Process, Watched, watch
from medlab.engine.record import printable, read_record, wrong_in
from medlab.files import write_whole
from medlab.lesson import DEFAULT_PRESET, Lesson

KEPT = "medlab_run"  # where an executed notebook keeps its own record: notebook.metadata[KEPT]
Progress = Callable[[Lesson, int, int], None]
Start = Callable[[list[str], dict[str, str]], Process]
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("parameters", "record"), dict), **dict.fromkeys(("seconds", "cpu_s", "peak_mb"), (int, float)),
    **dict.fromkeys(("status", "source", "error", "fingerprint"), str), "wrong": list,
}  # fmt: skip
_HINTS = {
    "unwritable": "free some space, or choose another folder with --output",
    "memory": "use a smaller preset, fewer --jobs, or raise --memory",
    "timeout": "use a smaller preset or raise --timeout",
    "malformed": "open and save it in JupyterLab, or restore it from git",
}


@dataclass
class Run:
    """What one execution of a lesson came to.

    Parameters
    ----------
    lesson : Lesson
    parameters : dict
    status : {"passed", "failed", "timeout", "memory", "died", "malformed", "unwritable", "interrupted"}
        "failed": a cell raised; "memory", "timeout": ended at a limit; "died": the kernel was killed by another;
        "malformed": no valid notebook, nothing ran; "unwritable": it could not be kept; "interrupted": by the user.
    cell, source, error
        Of the cell that failed or was running: index, code, traceback or reason.
    seconds, cpu_s, peak_mb : float
        Wall time; CPU-seconds and peak memory in MB (10^6 bytes) of the kernel and its children.
    speed : float
        Reference-seconds in one CPU-second, measured beside the run; see ``medlab.engine.reference``.
    null : bool
        Whether each optimizer step was undone, so that no network learned.
    output : Path or None
        The executed notebook.
    record : dict
        What ``Lab.record`` kept; empty if the lesson did not get that far.
    notebook : dict
        The executed notebook, as far as it got; empty once it is kept in ``output``, or if there is none.
    fingerprint : str
        Hash of all that determines the result; see ``medlab.engine.queue.fingerprint``.
    resumed : bool
        Whether this was kept from an earlier, equal run.
    wrong : list of str
        What the caller found wrong with it; see ``complaints``.
    notes : list of str
        What the caller has to say beside that.
    """

    lesson: Lesson
    parameters: dict
    status: str = "passed"
    cell: int | None = None
    source: str = ""
    error: str = ""
    seconds: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    output: Path | None = None
    record: dict = field(default_factory=dict)
    notebook: dict = field(default_factory=dict)
    fingerprint: str = ""
    resumed: bool = False
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    speed: float = 1.0
    null: bool = False

    @property
    def verdicts(self) -> list[str]:
        """Verdict of each claim, in order."""
        return [claim["verdict"] for claim in self.record.get("claims", [])]

    @property
    def ref_s(self) -> float:
        """Reference-seconds of the whole run."""
        return round(self.speed * max(self.cpu_s, self.record.get("process_cpu_s", 0)), 1)

    @property
    def word(self) -> str:
        """The result in one word: "ok", "FAILED" (it did not run to its end), "LOST" (claims), "OVER" (budget)."""
        if self.status != "passed" or not self.record:
            return "FAILED"
        return "LOST" if self.wrong else "OVER" if self.over_budget() else "ok"

    def complaints(self) -> list[str]:
        """What is wrong with this run as it is: it did not run to its end, or it kept no record."""
        if self.status != "passed":
            where = f" in cell {self.cell}" if self.cell is not None else ""
            said = [
                line for line in self.error.strip().splitlines() if not line.startswith("  ->")
            ]  # hints of MedlabError
            return [f"{self.status}{where}: {said[-1] if said else '?'}"]
        if not self.record:
            return ["the lesson kept no record: it never called lab.verdicts()"]
        return []

    def over_budget(self) -> list[str]:
        """Where this run exceeds the lesson's budget, which belongs to the default preset alone."""
        if self.parameters.get("preset", DEFAULT_PRESET) != DEFAULT_PRESET:
            return []
        budget, found = self.lesson.budget, []
        if self.ref_s > budget["cpu_s"]:
            found.append(f"{self.ref_s:.0f} reference-seconds exceed the budget of {budget['cpu_s']}")
        if (peak := max(self.peak_mb, self.record.get("peak_mb", 0))) > budget["ram_mb"]:
            found.append(f"{peak:.0f} MB exceed the budget of {budget['ram_mb']}")
        return found

    def summary(self) -> dict:
        """Everything but the notebook, as a plain dictionary that JSON can hold."""
        kept = {k: v for k, v in vars(self).items() if k not in ("lesson", "notebook", "output", "resumed")}
        return {"lesson": self.lesson.id, "ref_s": self.ref_s, "over_budget": self.over_budget(), **kept}


@dataclass(frozen=True)
class Limits:
    """What one run may take.

    Parameters
    ----------
    seconds : float
        Wall time of the whole lesson.
    memory_mb : float
        MB (10^6 bytes) of the kernel and its children together; 0: four times the lesson's budget, at least 4000.
    threads : int
        Threads of the kernel's numerical libraries; 0 leaves their default.
    """

    seconds: float = 1800
    memory_mb: float = 0
    threads: int = 0

    def memory_of(self, lesson: Lesson) -> float:
        """The limit for one lesson in MB."""
        return self.memory_mb or max(4000, 4 * lesson.budget["ram_mb"])


def run(
    lesson: Lesson,
    parameters: dict | None = None,
    *,
    output: Path | None = None,
    timeout: float = 1800,
    memory_mb: float = 0,
    threads: int = 0,
    null: bool = False,
    progress: Progress = lambda lesson, cell, cells: None,
    stop: threading.Event | None = None,
) -> Run:
    """Execute one lesson in processes of its own, which are gone when this returns.

    Parameters
    ----------
    lesson : Lesson
    parameters : dict, optional
        Checked against what the lesson declares.
    output : Path, optional
        Where the executed notebook goes, whole or not at all; nowhere if not given.
    timeout, memory_mb, threads
        See ``Limits``.
    null : bool
        Undo each optimizer step, so that no network learns; see ``medlab.training.null``.
    progress : callable
        Called in another thread with lesson, number of cells begun, and number of cells.
    stop : threading.Event, optional
        Set to end the run early.

    Returns
    -------
    Run
        Whatever goes wrong with the lesson is told by its status, not raised.

    Raises
    ------
    MedlabError
        For parameters that the lesson does not declare.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> run(find("00"), {"preset": "smoke"}).status  # doctest: +SKIP
    'passed'
    """
    if complaint := malformed(lesson):
        return Run(lesson, dict(parameters or {}), status="malformed", error=complaint)
    parameters = checked_parameters(lesson, parameters or {})
    if output and (complaint := unwritable(Path(output))):
        return Run(lesson, parameters, status="unwritable", error=complaint)
    done = execute(lesson, parameters, Limits(timeout, memory_mb, threads), null=null, progress=progress, stop=stop)
    return keep(done, output) if output else done


def execute(
    lesson: Lesson,
    parameters: dict,
    limits: Limits,
    *,
    null: bool = False,
    progress: Progress = lambda lesson, cell, cells: None,
    stop: threading.Event | None = None,
    start: Start | None = None,
) -> Run:
    """Execute a lesson with checked parameters and return it with its notebook, kept nowhere yet.

    ``start`` is for a process that needs not be started anew; see ``medlab.engine.warm``.
    """
    found = Run(lesson, parameters, null=null)
    cells = sum(cell["cell_type"] == "code" for cell in lesson.notebook["cells"])
    # The other process makes the folder, for it outlives this one, whatever happens, and then removes it.
    folder = Path(tempfile.gettempdir()) / f"medlab-run-{secrets.token_hex(8)}"
    try:
        _in_folder(found, folder, limits, lambda k: progress(lesson, k, cells), stop, start)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _in_folder(found: Run, folder: Path, limits: Limits, begun: Callable[[int], None], stop, start) -> None:
    marker, told, cells = f"medlab-{secrets.token_hex(8)}:", {}, 0

    def on_line(line: str) -> bool:
        nonlocal cells
        if marker in line:
            message = json.loads(line.partition(marker)[2])
            told.update(message.get("outcome", message))
            cells += "outcome" not in message
            begun(cells)
            if "outcome" in message:
                told["record"] = _collect(found, folder)
                return True
        return False

    job = {
        "folder": str(folder), "lesson": str(found.lesson.path.resolve()), "marker": marker,
        "parameters": found.parameters,
        "cwd": str(lesson_folder(found.lesson)), "cell_timeout": int(limits.seconds) + 5,
        "measure": found.parameters.get("preset", DEFAULT_PRESET) == DEFAULT_PRESET,
    }  # fmt: skip
    allowed = limits.memory_of(found.lesson)
    env = environment(folder / "record.json", limits.threads) | {"MEDLAB_NULL": "1" if found.null else ""}
    watched = watch(
        [sys.executable, "-m", "medlab.engine.child"], env=env,
        job=json.dumps(job), timeout=limits.seconds, memory_mb=allowed, on_line=on_line, stop=stop,
        start=start,
    )  # fmt: skip
    for name in ("cell", "source", "error", "cpu_s", "status", "speed"):
        setattr(found, name, told.get(name, getattr(found, name)))
    found.source, found.error = printable(found.source), printable(found.error)
    if found.status == "passed" and told.get("record"):
        found.status, found.cell, found.error = "malformed", None, told["record"]
    if "status" not in told:
        watched.log = "".join(line for line in watched.log.splitlines(keepends=True) if marker not in line)
        found.status, found.error = _ended(watched, limits.seconds, allowed)
        _collect(found, folder)
    found.seconds, found.cpu_s = watched.seconds, max(found.cpu_s, watched.cpu_s)
    found.peak_mb = max(watched.peak_mb, found.record.get("peak_mb", 0))


def _collect(found: Run, folder: Path) -> str:
    """Take what the run left; return what is wrong with its record, or ""."""
    found.record, complaint = read_record(folder / "record.json")
    with contextlib.suppress(OSError, ValueError):  # papermill does not write whole: what it left may be cut
        found.notebook = json.loads((folder / "executed.ipynb").read_text(encoding="utf-8"))
    return complaint


def _ended(watched: Watched, seconds: float, allowed: float) -> tuple[str, str]:
    """Return status and reason of a run that could not tell them itself."""
    reasons = {
        "timeout": f"not finished after {seconds:.0f} s",
        "memory": f"{watched.peak_mb:.0f} MB used, {allowed:.0f} MB allowed",
        "interrupted": "stopped by the user",
        "itself": f"the process ended before the lesson did (status {watched.code}): {watched.log[-4000:].strip()}",
    }
    status = "died" if watched.ended == "itself" else watched.ended
    return status, "; ".join(filter(None, [reasons[watched.ended], _HINTS.get(status, "")]))


def keep(done: Run, output: Path) -> Run:
    """Put the executed notebook in its place, whole or not at all, with its own record, without widgets' scripts.

    The record stands in the notebook itself: two runners on one folder cannot leave a record of one beside the notebook
    of the other.
    """
    if not done.notebook:
        return done
    output = Path(output).resolve()
    done.notebook["metadata"].pop("widgets", None)
    done.notebook["metadata"][KEPT] = done.summary()
    try:
        write_whole(output, json.dumps(done.notebook, indent=1, ensure_ascii=False))
    except OSError as error:
        if done.status == "passed":
            done.status, done.error = "unwritable", _told(error, str(output))
        else:
            done.error += f"\nThe notebook could not be kept either: {_told(error, str(output))}"
        return done
    done.output, done.notebook = output, {}
    return done


def kept(lesson: Lesson, output: Path) -> Run | None:
    """Return the run whose executed notebook lies at a path, or None if there is none that can be read."""
    try:
        told = json.loads(Path(output).read_text(encoding="utf-8"))["metadata"][KEPT]
        for name in ("lesson", "ref_s", "over_budget"):
            told.pop(name)
        found = Run(lesson, output=Path(output), resumed=True, **told)
        sound = all(isinstance(getattr(found, name), kind) for name, kind in _KINDS.items())
        return found if sound and not wrong_in(found.record) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def environment(record: Path, threads: int) -> dict[str, str]:
    """Return the environment of a kernel: absolute paths (kernels run in other folders), limited threads."""
    env = dict(os.environ, MEDLAB_RECORD=str(record), MEDLAB_STATIC="1", PYTHONUNBUFFERED="1")
    # Idle threads that spin instead of sleeping cost several times the work itself once cores are shared.
    env.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for name in ("MEDLAB_MIRROR", "MEDLAB_DATA", "MEDLAB_NOTEBOOKS"):
        if (value := env.get(name)) and "://" not in value:
            env[name] = str(Path(value).expanduser().resolve())
    if threads:
        env |= {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    return env


def lesson_folder(lesson: Lesson) -> Path:
    """Return the folder where a lesson's kernel runs."""
    return lesson.path.resolve().parent


def malformed(lesson: Lesson) -> str:
    """Return why a lesson's file is no valid notebook with readable parameters, or ""."""
    import nbformat

    try:
        if lesson.notebook.get("nbformat") != 4:
            return f"{lesson.path} is a notebook of format {lesson.notebook.get('nbformat')!r}; {_HINTS['malformed']}"
        nbformat.validate(nbformat.from_dict(lesson.notebook))
        _ = lesson.parameters
    except Exception as error:  # nbformat raises whatever it stumbles over: KeyError, AttributeError, its own
        text = printable(str(error)).strip().splitlines() or [type(error).__name__]
        return f"{lesson.path} is no valid notebook: {text[0]}; {_HINTS['malformed']}"
    return ""


def unwritable(output: Path) -> str:
    """Return why nothing can be written to a place, or "": told before the lesson runs, not minutes after."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output.parent):
            return ""
    except OSError as error:
        return _told(error, str(output.parent))


def _told(error: OSError, place: str) -> str:
    return f"cannot write to {place}: {error.strerror or error}; {_HINTS['unwritable']}"
