"""Runs in copies of one warm process: most of a run at smoke is the start of a kernel and its imports.

One process (``_serve``) imports what lessons use, then waits and forks itself for each run. The copy executes the
notebook with papermill, as ``medlab.engine.child`` does, but in its own memory instead of in a kernel. The runner
watches the copy like any other run. Only on Linux: elsewhere, forking after such imports is not safe.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import psutil

from medlab import sources
from medlab.engine.parameters import checked_parameters
from medlab.engine.process import adopt_orphans, die_with_parent, end_descendants
from medlab.engine.run import Limits, Run, execute, keep, malformed
from medlab.errors import MedlabError
from medlab.lesson import Lesson

# What most lessons import; what is missing here, a lesson imports itself.
_IMPORTED = (
    "torch", "torch.nn.functional", "torch._dynamo",  # the last one: optimizers import it with their first step
    "monai.losses", "monai.metrics", "monai.networks.nets", "matplotlib.pyplot",
    "matplotlib_inline.backend_inline", "sklearn.metrics", "sklearn.linear_model", "skimage.measure",
    "skimage.transform", "skimage.filters", "scipy.ndimage", "scipy.stats", "scipy.optimize", "captum.attr", "nibabel",
    "pydicom", "SimpleITK", "pandas", "ipywidgets", "papermill", "medlab.hospital", "medlab.explore", "medlab.sources",
    "medlab.engine.shell",
)  # fmt: skip
_SIZE = struct.Struct("i")
POSSIBLE = sys.platform == "linux"


def smoke(lessons: Sequence[Lesson], *, jobs: int = 1, timeout: float = 600) -> list[Run]:
    """Execute every line of lessons at preset "smoke", each on data that are here.

    Parameters
    ----------
    lessons : sequence of Lesson
    jobs : int
        Lessons at a time.
    timeout : float
        Seconds for one lesson.

    Returns
    -------
    list of Run
        In the order of ``lessons``, with ``wrong`` set.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> smoke([find("00"), find("41")])  # doctest: +SKIP
    """
    with ThreadPoolExecutor(jobs) as pool:  # threads only wait: each run is a process of its own
        return list(pool.map(lambda lesson: smoke_run(lesson, timeout=timeout), lessons))


def smoke_run(lesson: Lesson, *, data: str | None = None, output: Path | None = None, timeout: float = 600) -> Run:
    """Execute every line of one lesson at preset "smoke" in a copy of the warm process.

    Parameters
    ----------
    lesson : Lesson
    data : str, optional
        A source; the lesson's default if it is here, else its first alternative that is.
    output : Path, optional
        Where the executed notebook goes.
    timeout : float
        Seconds.

    Returns
    -------
    Run
        With ``wrong`` set.
    """
    given = {"preset": "smoke"}
    if complaint := malformed(lesson):
        done = Run(lesson, given, status="malformed", error=complaint)
    else:
        given |= {"data": source_here(lesson) if data is None else data} if "data" in lesson.parameters else {}
        start = _WARM.start if POSSIBLE else None
        done = execute(lesson, checked_parameters(lesson, given), Limits(timeout, threads=1), start=start)
        done = keep(done, output) if output else done
    done.wrong = done.complaints()
    return done


def source_here(lesson: Lesson) -> str:
    """Return the first of a lesson's sources that is on this machine, its default before the others; or the default.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> source_here(find("13"))
    'hospital:brain_mri'
    """
    named = [lesson.data["default"], *lesson.data["alternatives"]]
    return next((source for source in named if sources.here(source)), named[0])


class _Copy:
    """A copy of the warm process, with what ``watch`` needs of a process."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes]):
        self.pid, self.stdin, self.stdout = pid, stdin, stdout

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; whether it went well is known from what it said."""
        with contextlib.suppress(psutil.NoSuchProcess):
            try:
                psutil.Process(self.pid).wait(timeout)
            except psutil.TimeoutExpired:
                raise subprocess.TimeoutExpired("warm copy", timeout or 0) from None
        return 0


class _Warm:
    """The warm process of this one: started when it is first needed, and gone with this one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None

    def start(self, _command: list[str], env: dict[str, str]) -> _Copy:
        """Have a copy made, which reads its job from its input."""
        (in_read, in_write), (out_read, out_write) = os.pipe(), os.pipe()
        told = _packed(env)
        try:
            with self._lock:
                try:
                    pid = self._ask(told, [in_read, out_write])
                except (OSError, EOFError):  # a copy may have killed it a moment ago: a new one is begun
                    self._socket = None
                    pid = self._ask(told, [in_read, out_write])
        except (OSError, EOFError) as error:
            os.close(in_write)
            os.close(out_read)
            self._socket = None
            raise MedlabError("the warm process ended", hint="python -X importtime shows which import fails") from error
        finally:
            os.close(in_read)
            os.close(out_write)
        return _Copy(pid, os.fdopen(in_write, "wb"), os.fdopen(out_read, "rb"))

    def _ask(self, told: bytes, ends: list[int]) -> int:
        channel = self._open()
        socket.send_fds(channel, [_SIZE.pack(len(told))], ends)
        channel.sendall(told)
        return _SIZE.unpack(_exactly(channel, _SIZE.size))[0]

    def _open(self) -> socket.socket:
        if self._socket is None or self._process is None or self._process.poll() is not None:
            here, there = socket.socketpair()
            threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
            path = os.pathsep.join(filter(None, sys.path))
            code = f"from medlab.engine.warm import _serve; _serve({there.fileno()})"
            with there:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", code], env=os.environ | threads | {"PYTHONPATH": path},
                    pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            self._socket = here
            atexit.register(self.stop)
        return self._socket

    def stop(self) -> None:
        """End the warm process, which ends when nobody speaks to it."""
        if self._socket and self._process:
            self._socket.close()
            self._process.wait()
            self._socket = None


_WARM = _Warm()


def _packed(env: dict[str, str]) -> bytes:
    return b"\0".join(os.fsencode(f"{name}={value}") for name, value in env.items())


def _exactly(channel: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = channel.recv(count - len(found))
        if not piece:
            raise EOFError("the other side is gone")
        found += piece
    return found


def _serve(number: int) -> None:
    """Import what lessons use; then, for each request, make a copy that executes one job, until the runner is gone."""
    import importlib

    channel, folders = socket.socket(fileno=number), []
    for name in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # copies that ended leave nothing behind
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    adopt_orphans()
    while request := _request(channel):
        env, pipes = request
        folders.append(Path(os.fsdecode(env[b"MEDLAB_RECORD"])).parent)
        if pid := os.fork():
            for pipe in pipes:
                os.close(pipe)
            channel.sendall(_SIZE.pack(pid))
            continue
        channel.close()
        _become_a_run(env, *pipes)
    # A copy that is busy in one call of C code cannot notice by itself that the runner is gone.
    end_descendants(psutil.Process())
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _request(channel: socket.socket) -> tuple[dict[bytes, bytes], list[int]] | None:
    """Return environment and pipes of the next run, or None when the runner is gone."""
    try:
        head, pipes, *_ = socket.recv_fds(channel, _SIZE.size, 2)
        told = _exactly(channel, _SIZE.unpack(head)[0]) if head else b""
    except (OSError, EOFError):
        return None
    return ({k: v for k, _, v in (pair.partition(b"=") for pair in told.split(b"\0"))}, pipes) if told else None


def _become_a_run(env: dict[bytes, bytes], stdin: int, stdout: int) -> None:
    """Take environment, input and output of a run instead of the warm process's, and execute it; does not return."""
    import tempfile

    from medlab.engine.shell import execute_here

    die_with_parent()
    os.setsid()
    for name in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)
    for pipe, place in ((stdin, 0), (stdout, 1), (stdout, 2)):
        os.dup2(pipe, place)
    os.close(stdin)
    os.close(stdout)
    os.environ.clear()
    os.environb.update(env)
    tempfile.tempdir = None  # it is another process's, from another environment
    try:
        execute_here()
    finally:
        os._exit(1)  # whatever happens, a copy must not go on as the warm process
