"""Verification: claims as stored, cost within budget, and claims that fall when a lesson is broken on purpose."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from medlab.engine.nbval_child import CPU_S
from medlab.engine.process import watch
from medlab.engine.run import HOLDS, Limits, Run, environment, malformed, run
from medlab.errors import MedlabError, unknown
from medlab.lesson import Lesson

_PACKAGE = ("medlab/", "data_fetch/", "pyproject.toml", "constraints.txt")


def verify(
    lesson: Lesson,
    *,
    data: str = "",
    seed: int | None = None,
    timeout: float = 1800,
    threads: int = 0,
    stop: threading.Event | None = None,
) -> Run:
    """Run a lesson at preset "cpu"; compare its claims with the stored ones, and its cost with the budget.

    As it stands, a lesson is run by nbval, as the tests do. nbval takes no parameters: with ``data`` or ``seed`` it is
    run by papermill.

    Returns
    -------
    Run
        ``wrong`` tells what is wrong; nothing if it is empty.
    """
    if data or seed is not None:
        given = {"preset": "cpu"} | ({"data": data} if data else {}) | ({} if seed is None else {"seed": seed})
        done = run(lesson, given, timeout=timeout, threads=threads, stop=stop)
    else:
        done = nbval(lesson, Limits(timeout, threads=threads), stop=stop)
    done.wrong = done.complaints()
    if done.status in ("passed", "failed"):
        done.wrong += compare(done, stored_verdicts(lesson))
    return done


def verify_sabotage(
    lesson: Lesson,
    name: str,
    *,
    data: str = "",
    timeout: float = 1800,
    threads: int = 0,
    stop: threading.Event | None = None,
) -> Run:
    """Break a lesson in one declared way; the claims that it names must not hold, the others may.

    Returns
    -------
    Run
        ``wrong`` tells which named claims still hold: those are claims that cannot fail.
    """
    if name not in lesson.sabotages:
        raise unknown("sabotage", name, lesson.sabotages)
    given = {"preset": "cpu", "sabotage": name, **({"data": data} if data else {})}
    done = run(lesson, given, timeout=timeout, threads=threads, stop=stop)
    if done.status != "passed" or not done.record:
        done.wrong = done.complaints()
        return done
    still = [k for k in lesson.sabotages[name] if not 1 <= k <= len(done.verdicts) or done.verdicts[k - 1] == HOLDS]
    done.wrong = [f"{name}: claim {k} still holds ({numbers(done, k)})" for k in still]
    return done


def fell_too(done: Run) -> list[int]:
    """Return the claims that a sabotage made fall without naming them, numbered from 1."""
    named = done.lesson.sabotages.get(done.parameters.get("sabotage", ""), [])
    return [k for k, verdict in enumerate(done.verdicts, 1) if verdict != HOLDS and k not in named]


def nbval(lesson: Lesson, limits: Limits, *, stop: threading.Event | None = None) -> Run:
    """Run a lesson as it stands by nbval in a process of its own; its outputs must be the stored ones where marked.

    nbval notices a dead kernel only after the time for a cell is over; here its process is watched, which takes 3 s.
    """
    found = Run(lesson, {})
    if complaint := malformed(lesson):
        found.status, found.error = "malformed", complaint
        return found
    allowed = limits.memory_of(lesson)
    with tempfile.TemporaryDirectory(prefix="medlab-nbval-", ignore_cleanup_errors=True) as folder:
        junit, record = Path(folder) / "junit.xml", Path(folder) / "record.json"
        module = [sys.executable, "-m", "medlab.engine.nbval_child"]
        seen = watch(
            [*module, str(lesson.path.resolve()), str(junit), str(int(limits.seconds))],
            env=environment(record, limits.threads), timeout=limits.seconds, memory_mb=allowed, notice_death=True,
            stop=stop,
        )  # fmt: skip
        found.seconds, found.peak_mb = seen.seconds, seen.peak_mb
        told = re.findall(rf"^{CPU_S}([\d.]+)$", seen.log, flags=re.M)
        found.cpu_s = max(seen.cpu_s, float(told[-1]) if told else 0)
        with suppress(OSError, ValueError):
            found.record = json.loads(record.read_text(encoding="utf-8"))
        found.peak_mb = max(found.peak_mb, found.record.get("peak_mb", 0))
        if seen.ended != "itself":
            reason = {"memory": f"{seen.peak_mb:.0f} MB used, {allowed:.0f} MB allowed", "died": "the kernel died"}
            found.status = seen.ended
            found.error = reason.get(seen.ended, f"not finished after {limits.seconds:.0f} s")
        else:
            _read_junit(found, junit, seen.log)
    return found


def compare(done: Run, stored: list[tuple[str, str]]) -> list[str]:
    """Return where the claims of a run differ from the stored ones."""
    if not done.record:
        return []
    found = [(claim["verdict"], claim["statement"]) for claim in done.record.get("claims", [])]
    if not stored:
        return ["the notebook stores no claims"]
    if [s for _, s in found] != [s for _, s in stored]:
        return ["the statements differ from the stored ones: run the claims cell and save it"]
    return [
        f"claim {k} {now}, stored: {then} ({text}; {numbers(done, k)})"
        for k, ((now, text), (then, _)) in enumerate(zip(found, stored, strict=True), 1)
        if now != then
    ]


def stored_verdicts(lesson: Lesson) -> list[tuple[str, str]]:
    """Return (verdict, statement) of each claim as the notebook stores them."""
    for cell in lesson.notebook["cells"]:
        if "nbval-check-output" in cell["metadata"].get("tags", []):
            text = "".join("".join(out.get("data", {}).get("text/plain", "")) for out in cell["outputs"])
            # Verdict and statement are two columns, parted by at least two spaces.
            return [tuple(part.strip() for part in line.split("  ", 1)) for line in text.splitlines() if line.strip()]
    return []


def numbers(done: Run, k: int) -> str:
    """Return claim k, from 1, as numbers with their interval."""
    claims: Iterable = done.record.get("claims", [])
    e = list(claims)[k - 1]["estimate"] if 0 < k <= len(done.verdicts) else None
    return f"{e['value']:.3f}, 95 % CI {e['low']:.3f} to {e['high']:.3f}" if e else "no such claim"


def changed(lessons: list[Lesson], root: Path) -> tuple[list[Lesson], str]:
    """Return the lessons that a change concerns, and why.

    The change is all that differs from where this branch left main, or, on main, from the last commit but one;
    uncommitted files included. A change of the package concerns every lesson.

    Raises
    ------
    MedlabError
        If the folder is no git checkout.
    """
    head, base, since = _git(root, "rev-parse", "HEAD"), "", ""
    for name in ("main", "origin/main"):
        with suppress(MedlabError):
            base, since = _git(root, "merge-base", "HEAD", name), f"the branch left {name}"
            break
    if not base or base == head:
        try:
            base, since = _git(root, "rev-parse", "HEAD~1"), "the last commit but one"
        except MedlabError:
            return lessons, "all: the history has one commit, there is nothing to compare with"
    files = _git(root, "diff", "--name-only", "-z", base).split("\0")
    files += _git(root, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    if found := [name for name in files if name.startswith(_PACKAGE)]:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        return lessons, f"all: {found[0]}{more} changed since {since}"
    touched = [x for x in lessons if any((root / name).resolve() == x.path.resolve() for name in files if name)]
    return touched, f"{', '.join(x.id for x in touched) or 'none'}: changed since {since} ({base[:10]})"


def _git(root: Path, *words: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", "") or str(error)
        raise MedlabError(
            f"git {words[0]}: {told.strip()}", hint="--changed needs a git checkout; or name lessons"
        ) from None


def _read_junit(found: Run, junit: Path, log: str) -> None:
    """Take status and first failure from the report of pytest."""
    try:
        cases = list(ElementTree.parse(junit).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        found.status, found.error = "died", f"nbval left no report: {log[-2000:]}"
        return
    failures = [(case, bad) for case in cases for bad in case if bad.tag in ("failure", "error")]
    if not cases or failures:
        found.status, found.error = "failed", "nbval found no cells"
    if failures:
        case, bad = failures[0]
        found.error = re.sub(r"\x1b\[[0-9;]*m|#x1B\[[0-9;]*m", "", bad.text or bad.get("message", ""))
        code = [k for k, cell in enumerate(found.lesson.notebook["cells"]) if cell["cell_type"] == "code"]
        if (number := re.search(r"Cell (\d+)", case.get("name", ""))) and int(number[1]) < len(code):
            found.cell = code[int(number[1])]
            found.source = "".join(found.lesson.notebook["cells"][found.cell]["source"])
