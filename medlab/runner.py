"""Execute lessons, compare their claims with the stored ones, and break them on purpose."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from medlab.errors import MedlabError, unknown
from medlab.lesson import PRESETS, Lesson

HOLDS = "holds"


@dataclass
class Run:
    """What one execution of a lesson came to.

    Parameters
    ----------
    lesson : Lesson
    parameters : dict
    status : {"passed", "failed", "timeout", "died"}
    cell, source, error
        Of the first failing cell: index, code, traceback.
    seconds : float
        Wall time.
    output : Path or None
        The executed notebook.
    record : dict
        What ``Lab.record`` kept; empty if the lesson did not get that far.
    """

    lesson: Lesson
    parameters: dict
    status: str = "passed"
    cell: int | None = None
    source: str = ""
    error: str = ""
    seconds: float = 0.0
    output: Path | None = None
    record: dict = field(default_factory=dict)

    @property
    def verdicts(self) -> list[str]:
        """Verdict of each claim, in order."""
        return [claim["verdict"] for claim in self.record.get("claims", [])]

    def complaints(self) -> list[str]:
        """What is wrong with this run as it is: failure, missing record, budget exceeded (preset "cpu" alone)."""
        if self.status != "passed":
            where = f" in cell {self.cell}" if self.cell is not None else ""
            return [f"{self.status}{where}: {self.error.strip().splitlines()[-1] if self.error.strip() else '?'}"]
        if not self.record:
            return ["the lesson kept no record: it never called lab.verdicts()"]
        if self.parameters.get("preset", "cpu") != "cpu":
            return []
        budget, found = self.lesson.budget, []
        if self.record["process_cpu_s"] > budget["cpu_s"]:
            found.append(f"{self.record['process_cpu_s']:.0f} CPU-seconds exceed the budget of {budget['cpu_s']}")
        if self.record["peak_mb"] > budget["ram_mb"]:
            found.append(f"{self.record['peak_mb']:.0f} MB exceed the budget of {budget['ram_mb']}")
        return found


def checked_parameters(lesson: Lesson, given: dict) -> dict:
    """Return parameters in the types that the lesson declares.

    Parameters
    ----------
    lesson : Lesson
    given : dict
        Names and values; text is converted to the type of the declared default.

    Raises
    ------
    MedlabError
        For a name that no cell declares, a value of another type, or an unknown preset or sabotage.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> checked_parameters(find("41"), {"seed": "3"})
    {'seed': 3}
    """
    declared, found = lesson.parameters, {}
    for name, value in given.items():
        if name not in declared:
            raise unknown(f"parameter of {lesson.id}", name, declared)
        found[name] = _as_type(lesson, name, value, type(declared[name]))
    if found.get("preset", "cpu") not in PRESETS:
        raise unknown("preset", found["preset"], PRESETS)
    if found.get("sabotage") and found["sabotage"] not in lesson.sabotages:
        raise unknown("sabotage", found["sabotage"], lesson.sabotages)
    return found


def run(
    lesson: Lesson,
    parameters: dict | None = None,
    *,
    output: Path | None = None,
    timeout: float = 1800,
    threads: int = 0,
) -> Run:
    """Execute one lesson in a process group of its own, which is gone when this returns.

    Parameters
    ----------
    lesson : Lesson
    parameters : dict, optional
        Checked against what the lesson declares.
    output : Path, optional
        Where the executed notebook goes; nowhere if not given.
    timeout : float
        Seconds for the whole lesson.
    threads : int
        Threads of the kernel's numerical libraries; 0 leaves their default.

    Returns
    -------
    Run

    Examples
    --------
    >>> from medlab.lesson import find
    >>> run(find("00"), {"preset": "smoke"}).status  # doctest: +SKIP
    'passed'
    """
    parameters = checked_parameters(lesson, parameters or {})
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="medlab-run-") as folder:
        paths = {name: Path(folder) / f"{name}.json" for name in ("job", "outcome", "record")}
        target = Path(output).resolve() if output else Path(folder) / "executed.ipynb"
        job = {
            "notebook": str(lesson.path), "output": str(target), "parameters": parameters,
            "cwd": str(lesson.path.parent), "cell_timeout": int(timeout), "outcome": str(paths["outcome"]),
        }  # fmt: skip
        paths["job"].write_text(json.dumps(job), encoding="utf-8")
        log, finished = _supervise(
            [sys.executable, "-m", "medlab.execute", str(paths["job"])], environment(paths["record"], threads), timeout
        )
        found = Run(lesson, parameters, seconds=time.perf_counter() - began, output=target if output else None)
        if paths["outcome"].exists():
            for key, value in json.loads(paths["outcome"].read_text(encoding="utf-8")).items():
                setattr(found, key, value)
        else:
            found.status = "died" if finished else "timeout"
            found.error = log[-4000:] if finished else f"not finished after {timeout:.0f} s"
        if paths["record"].exists():
            found.record = json.loads(paths["record"].read_text(encoding="utf-8"))
    return found


def run_many(
    jobs: Sequence[tuple[Lesson, dict, Path | None]],
    *,
    workers: int = 1,
    tell: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """Execute several lessons, ``workers`` at a time, most expensive first; one failure stops no other.

    Returns
    -------
    list of Run
        In the order of ``jobs``.
    """
    threads = max(1, (os.cpu_count() or 1) // workers)

    def one(job) -> Run:
        lesson, parameters, output = job
        done = run(lesson, parameters, output=output, threads=threads)
        tell(done)
        return done

    order = sorted(range(len(jobs)), key=lambda k: -jobs[k][0].budget["cpu_s"])
    with ThreadPoolExecutor(workers) as pool:
        futures = {k: pool.submit(one, jobs[k]) for k in order}
        return [futures[k].result() for k in range(len(jobs))]


def stored_verdicts(lesson: Lesson) -> list[tuple[str, str]]:
    """Return (verdict, statement) of each claim as the notebook stores them."""
    for cell in lesson.notebook["cells"]:
        if "nbval-check-output" in cell["metadata"].get("tags", []):
            text = "".join("".join(out.get("data", {}).get("text/plain", "")) for out in cell["outputs"])
            # Verdict and statement are two columns, parted by at least two spaces.
            return [tuple(part.strip() for part in line.split("  ", 1)) for line in text.splitlines() if line.strip()]
    return []


def verify(lesson: Lesson, *, data: str = "", seed: int | None = None, threads: int = 0) -> tuple[Run, list[str]]:
    """Run a lesson at preset "cpu" and compare its claims with the stored ones, and its cost with the budget.

    Returns
    -------
    Run, list of str
        The run, and what is wrong; nothing is wrong if the list is empty.
    """
    given = {"data": data} if data else {}
    if seed is not None:
        given["seed"] = seed
    done = run(lesson, {"preset": "cpu", **given}, threads=threads)
    return done, done.complaints() + compare(done, stored_verdicts(lesson))


def compare(done: Run, stored: list[tuple[str, str]]) -> list[str]:
    """Return where the claims of a run differ from the stored ones."""
    if done.status != "passed":
        return []
    found = [(claim["verdict"], claim["statement"]) for claim in done.record.get("claims", [])]
    if not stored:
        return ["the notebook stores no claims"]
    if [s for _, s in found] != [s for _, s in stored]:
        return ["the statements differ from the stored ones: run the claims cell and save it"]
    return [
        f"claim {k} {now}, stored: {then} ({text}; {_numbers(done, k)})"
        for k, ((now, text), (then, _)) in enumerate(zip(found, stored, strict=True), 1)
        if now != then
    ]


def verify_sabotage(lesson: Lesson, name: str, *, data: str = "", threads: int = 0) -> tuple[Run, list[str]]:
    """Break a lesson in one declared way; the claims that it names must not hold.

    Returns
    -------
    Run, list of str
        The run, and which named claims still hold: those are claims that cannot fail.
    """
    if name not in lesson.sabotages:
        raise unknown("sabotage", name, lesson.sabotages)
    done = run(lesson, {"preset": "cpu", "sabotage": name, **({"data": data} if data else {})}, threads=threads)
    if done.status != "passed" or not done.record:
        return done, done.complaints()
    still = [k for k in lesson.sabotages[name] if not 1 <= k <= len(done.verdicts) or done.verdicts[k - 1] == HOLDS]
    return done, [f"{name}: claim {k} still holds ({_numbers(done, k)})" for k in still]


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


def _supervise(command: list[str], env: dict[str, str], timeout: float) -> tuple[str, bool]:
    """Run a command as its own group; return its log and whether it ended by itself. Nothing of it is left running."""
    options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", **options,
    )  # fmt: skip
    try:
        return process.communicate(timeout=timeout)[0], True
    except subprocess.TimeoutExpired:
        _end(process)
        return "", False
    except BaseException:
        _end(process)
        raise


def _end(process: subprocess.Popen) -> None:
    import psutil

    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    if os.name != "nt":
        os.killpg(process.pid, signal.SIGTERM)
    process.terminate()
    _, alive = psutil.wait_procs(family, timeout=3)
    for child in alive:
        child.kill()
    process.kill()
    process.wait()


def _as_type(lesson: Lesson, name: str, value: object, wanted: type) -> object:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    try:
        if isinstance(value, str) and wanted is bool:
            return {"true": True, "false": False}[value.lower()]
        if isinstance(value, str) and wanted in (int, float):
            return wanted(value)
        if isinstance(value, int) and wanted is float:
            return float(value)
    except (KeyError, ValueError):
        pass
    raise MedlabError(
        f"parameter {name} of {lesson.id} is {value!r}; wanted {wanted.__name__}",
        hint=f"such as {name}={lesson.parameters[name]!r}",
    )


def _numbers(done: Run, k: int) -> str:
    claims: Iterable = done.record.get("claims", [])
    e = list(claims)[k - 1]["estimate"] if 0 < k <= len(done.verdicts) else None
    return f"{e['value']:.3f}, 95 % CI {e['low']:.3f} to {e['high']:.3f}" if e else "no such claim"
