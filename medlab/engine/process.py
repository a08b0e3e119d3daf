"""One process with all its children: watched, limited in time and memory, and gone when its turn is over."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from medlab.errors import MedlabError

_LOOK_S, _COUNT_S, _GONE_S = 0.2, 0.8, 3
_KEPT_LINES = 400


@dataclass
class Watched:
    """What became of a process.

    Parameters
    ----------
    ended : {"itself", "timeout", "memory", "died", "interrupted"}
        Whether it ended by itself, or why it was ended; "died": its children had gone and it did not notice.
    code : int or None
        Exit status, where it ended by itself.
    log : str
        The last lines of its output.
    seconds, peak_mb, cpu_s : float
        Wall time; peak resident memory and CPU time of its children, in MB (10^6 bytes) and seconds, as sampled.
    """

    ended: str = "itself"
    code: int | None = None
    log: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0
    cpu_s: float = 0.0


@dataclass
class _Family:
    """The children of a process, theirs included, and what they used; those that ended are remembered."""

    root: psutil.Process
    known: dict[int, psutil.Process] = field(default_factory=dict)
    cpu: dict[int, float] = field(default_factory=dict)
    counted: float = -1e9
    seen_alive: float = 0.0

    def look(self) -> float:
        """Return the memory that they hold now in MB."""
        now = time.monotonic()
        if now - self.counted > _COUNT_S:  # to count children means to read the whole list of processes
            self.counted = now
            with contextlib.suppress(psutil.Error):
                self.known |= {child.pid: child for child in self.root.children(recursive=True)}
        held = 0
        for pid, child in list(self.known.items()):
            self.seen_alive = self.seen_alive or now  # also one that lived too short to be seen at work
            try:
                with child.oneshot():
                    if child.status() == psutil.STATUS_ZOMBIE:
                        continue
                    held += child.memory_info().rss
                    self.cpu[pid] = sum(child.cpu_times()[:2])
                    self.seen_alive = now
            except psutil.Error:
                self.known.pop(pid)
        return held / 1e6

    def gone(self) -> bool:
        """Return whether there were children and there have been none for some seconds."""
        return bool(self.seen_alive) and time.monotonic() - self.seen_alive > _GONE_S

    def end(self) -> None:
        """End them all, and the root first, so that it starts no other."""
        with contextlib.suppress(psutil.Error):
            self.known |= {child.pid: child for child in self.root.children(recursive=True)}
        everyone = [self.root, *self.known.values()]
        for process in everyone:
            with contextlib.suppress(psutil.Error):
                process.kill()  # psutil compares the time of creation: a number used again by another is spared
        psutil.wait_procs(everyone, timeout=5)


def watch(
    command: list[str],
    *,
    env: dict[str, str],
    job: str = "",
    timeout: float,
    memory_mb: float,
    notice_death: bool = False,
    on_line: Callable[[str], None] = lambda line: None,
    stop: threading.Event | None = None,
) -> Watched:
    """Run a command until it ends or breaks a limit; nothing of it is left running, whatever happens here.

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
    notice_death : bool
        Also end it when it had children and has had none for 3 s: for programs that do not notice it themselves.
    on_line : callable
        Called, in another thread, with each line of its output.
    stop : threading.Event, optional
        Set to end it early.

    Returns
    -------
    Watched

    Raises
    ------
    MedlabError
        If it cannot be started.
    """
    stop, began, found = stop or threading.Event(), time.monotonic(), Watched()
    process = _start(command, env)
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(process, lines, on_line), daemon=True)
    reader.start()
    family = _Family(psutil.Process(process.pid))
    try:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{job}\n".encode())
            process.stdin.flush()
        while True:
            found.code = _wait(process)
            if found.code is not None:
                break
            held = family.look()
            found.peak_mb = max(found.peak_mb, held)
            late, gone = time.monotonic() - began > timeout, notice_death and family.gone()
            if stop.is_set() or late or held > memory_mb or gone:
                found.ended = _reason(stop.is_set(), late, held > memory_mb)
                break
    finally:
        family.end()
        process.wait()
        reader.join(timeout=2)
        with contextlib.suppress(OSError):
            process.stdin.close()
    found.seconds, found.cpu_s = time.monotonic() - began, round(sum(family.cpu.values()), 2)
    found.peak_mb, found.log = round(found.peak_mb, 1), "".join(lines)
    return found


def _reason(stopped: bool, late: bool, greedy: bool) -> str:
    return "interrupted" if stopped else "timeout" if late else "memory" if greedy else "died"


def _start(command: list[str], env: dict[str, str]) -> subprocess.Popen:
    # A session of its own: Ctrl-C in the terminal reaches the runner alone, which then ends the others in order.
    options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if os.name == "nt" else {"start_new_session": True}
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, **options)
    except OSError as error:
        text = f"{command[0]} cannot be started: {error}"
        raise MedlabError(text, hint="medlab doctor shows what is missing") from error


def _wait(process: subprocess.Popen) -> int | None:
    try:
        return process.wait(timeout=_LOOK_S)
    except subprocess.TimeoutExpired:
        return None


def _read(process: subprocess.Popen, lines: list[str], on_line: Callable[[str], None]) -> None:
    for raw in process.stdout:
        line = raw.decode(errors="replace")
        on_line(line)
        lines.append(line[:4000])
        del lines[:-_KEPT_LINES]
