"""One process with all its children: watched, limited in time and memory, and gone when its turn is over."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Protocol, cast

import psutil

from medlab.errors import MedlabError

MARK = "MEDLAB_PROCESS"  # in the environment of a process and of all that it starts: by this they are found again
_LOOK_S, _COUNT_S = 0.2, 0.8
_KEPT_LINES, _LONGEST_LINE = 400, 1 << 24
_ROUNDS = 50  # of ending processes, until none is left
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Process(Protocol):
    """What ``watch`` needs of a process: a part of ``subprocess.Popen``."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; raise ``subprocess.TimeoutExpired`` if the process has not ended by then."""


@dataclass
class Watched:
    """What became of a process.

    Parameters
    ----------
    ended : {"itself", "timeout", "memory", "interrupted"}
        Whether it ended by itself, or why it was ended.
    code : int or None
        Exit status, where it ended by itself.
    log : str
        The last lines of its output.
    seconds, peak_mb, cpu_s : float
        Wall time; peak resident memory and CPU time of the processes that count, in MB (10^6 bytes) and seconds, as
        sampled.
    """

    ended: str = "itself"
    code: int | None = None
    log: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0
    cpu_s: float = 0.0


def adopt_orphans() -> None:
    """Become the parent of all descendants whose parents end, where the system has it (Linux): none can hide."""
    _control(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """Be killed by the system when the parent ends (Linux), however busy this process is then."""
    _control(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _control(option: int, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def end_descendants(root: psutil.Process, *, mark: str = "", known: Iterable[psutil.Process] = ()) -> None:
    """End all descendants of a process, and all that bear a mark, until none is left: they may start others meanwhile.

    Parameters
    ----------
    root : psutil.Process
        Is itself spared.
    mark : str
        Value of the environment variable ``MARK``, which a process keeps that has left its parent and its session.
    known : iterable of psutil.Process
        Others to end.
    """
    found = {process.pid: process for process in known}
    for _ in range(_ROUNDS):
        with contextlib.suppress(psutil.Error):
            found |= {child.pid: child for child in root.children(recursive=True)}
        found |= {process.pid: process for process in _marked(mark) if process.pid not in (root.pid, os.getpid())}
        alive = [process for process in found.values() if _alive(process)]
        if not alive:
            return
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()  # psutil compares the time of creation: a number used again by another is spared
        psutil.wait_procs(alive, timeout=0.1)


def _marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter() if mark else ():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                found.append(process)
    return found


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


@dataclass
class _Family:
    """The children of a process, theirs included, and what they used; those that ended are remembered."""

    root: psutil.Process
    mark: str
    with_root: bool
    known: dict[int, psutil.Process] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    counted: float = -1e9

    def look(self) -> tuple[float, float]:
        """Return the memory that those who count hold now, and that of the largest process that does not, in MB."""
        now = time.monotonic()
        if now - self.counted > _COUNT_S:  # to count children means to read the whole list of processes
            self.counted = now
            with contextlib.suppress(psutil.Error):
                self.known |= {child.pid: child for child in self.root.children(recursive=True)}
        held = 0
        for pid, child in list(self.known.items()):
            used = self._use(child)
            if used is None:
                self.known.pop(pid)
            else:
                held += used
        own = self._use(self.root, count=self.with_root) or 0
        return (held + own) / 1e6 if self.with_root else held / 1e6, own / 1e6

    def _use(self, process: psutil.Process, *, count: bool = True) -> int | None:
        """Return the memory of a process in bytes, 0 if it has ended, None if it is gone; note its CPU time."""
        try:
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    return 0
                if count:
                    self.cpu[process.pid] = sum(process.cpu_times()[:2])
                return process.memory_info().rss
        except psutil.Error:
            return None

    def end(self) -> None:
        """End them all, while the root stands still: it starts no other, and those that lose a parent come to it."""
        with contextlib.suppress(psutil.Error):
            self.root.suspend()
        end_descendants(self.root, mark=self.mark, known=self.known.values())
        with contextlib.suppress(psutil.Error):
            self.root.kill()
        # Those that had a parent between them and the root are found by their mark alone where nobody adopts orphans.
        end_descendants(self.root, mark=self.mark, known=self.known.values())


def watch(
    command: list[str],
    *,
    env: dict[str, str],
    job: str = "",
    timeout: float,
    memory_mb: float,
    on_line: Callable[[str], bool] = lambda line: False,
    stop: threading.Event | None = None,
    start: Callable[[list[str], dict[str, str]], Process] | None = None,
) -> Watched:
    """Run a command until it ends or breaks a limit; nothing of it is left running, whatever happens here.

    Also what left its parents and its session is found, by a mark in its environment, and ended.

    Parameters
    ----------
    command : list of str
    env : dict
    job : str
        What to write to its input, which then stays open as long as this process lives.
    timeout : float
        Seconds.
    memory_mb : float
        MB (10^6 bytes) that its children may hold together.
    on_line : callable
        Called, in another thread, with each line of its output; where it returns True, the input is closed.
    stop : threading.Event, optional
        Set to end it early.
    start : callable, optional
        Called with command and environment instead of starting the command as a program; the process that it returns
        counts as one of the children, for it does their work.

    Returns
    -------
    Watched

    Raises
    ------
    MedlabError
        If it cannot be started.
    """
    stop, began, found = stop or threading.Event(), time.monotonic(), Watched()
    mark = secrets.token_hex(16)
    process = (start or _start)(command, env | {MARK: mark})
    lines, reader = _reader(process, on_line)
    family = _Family(psutil.Process(process.pid), mark, with_root=start is not None)
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{job}\n".encode())
            process.stdin.flush()
        while (code := _wait(process)) is None:
            held, beside = family.look()
            found.peak_mb = max(found.peak_mb, held)
            late = time.monotonic() - began > timeout
            greedy = max(held, beside) > memory_mb  # what prints without end fills the process that collects it
            if stop.is_set() or late or greedy:
                found.ended = "interrupted" if stop.is_set() else "timeout" if late else "memory"
                break
        found.code = code
    finally:
        family.end()
        process.wait()
        reader.join(timeout=2)
        _close(process)
    found.seconds, found.cpu_s = time.monotonic() - began, round(sum(family.cpu.values()), 2)
    found.peak_mb, found.log = round(found.peak_mb, 1), "".join(lines)
    return found


def _reader(process: Process, on_line: Callable[[str], bool]) -> tuple[list[str], threading.Thread]:
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines, on_line), daemon=True)
    reader.start()
    return lines, reader


def _start(command: list[str], env: dict[str, str]) -> Process:
    # A session of its own: Ctrl-C in the terminal reaches the runner alone, which then ends the others in order.
    options: dict = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    pipe = subprocess.PIPE
    try:
        begun = subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, **options)
        return cast(Process, begun)  # its pipes are there
    except OSError as error:
        text = f"{command[0]} cannot be started: {error}"
        raise MedlabError(text, hint="medlab doctor shows what is missing") from error


def _wait(process: Process) -> int | None:
    try:
        return process.wait(timeout=_LOOK_S)
    except subprocess.TimeoutExpired:
        return None


def _close(process: Process) -> None:
    with contextlib.suppress(OSError):
        process.stdin.close()


def _read(process: Process, lines: list[str], on_line: Callable[[str], bool]) -> None:
    for raw in iter(lambda: process.stdout.readline(_LONGEST_LINE), b""):
        line = raw.decode(errors="replace")
        if on_line(line):
            _close(process)
        lines.append(line[:4000])
        del lines[:-_KEPT_LINES]
