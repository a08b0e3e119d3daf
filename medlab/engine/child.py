"""One notebook, executed by papermill in a process of its own: ``python -m medlab.engine.child``, the job on its input.

The runner starts this module and ends it with all its children. What happens is reported line by line on the output,
so that the runner knows it even when the kernel is dead or the disk full; papermill's own status marks cells as
completed that never ran. This process makes the folder of the run, and removes it when its input closes: when the
runner has read what it wants, or is gone, and then the kernel ends too, at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import threading
from pathlib import Path

from medlab.engine.outputs import shorten
from medlab.engine.process import MARK, adopt_orphans, end_descendants
from medlab.engine.reference import Speed

_LONGEST = 1_000_000  # characters of one output of a kept notebook
_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def main(engine: str | None = None) -> None:
    """Execute the job that stands, as JSON, in the first line of the input; report progress and outcome on the output.

    Does not return: the process ends when the input closes.

    Parameters
    ----------
    engine : str, optional
        Name of the papermill engine; a kernel in a process of its own if not given.
    """
    adopt_orphans()
    job = json.loads(_first_line()) | {"report": os.dup(1)}
    watcher = threading.Thread(target=_leave_with_the_runner, args=(job["folder"],), daemon=True)
    watcher.start()
    if job["measure"]:
        with Speed() as speed:
            outcome = _execute(job, engine)
        outcome["speed"] = round(speed.value, 4)
    else:
        outcome = _execute(job, engine)
    _end_children()
    _tell(job, {"outcome": outcome | {"cpu_s": _cpu_s(own=engine is not None)}})
    watcher.join()


def _first_line() -> bytes:
    """Read one line and no byte more, without a lock: a thread goes on to read the input while Python ends."""
    line = bytearray()
    while not line.endswith(b"\n"):
        piece = os.read(0, 1)
        if not piece:
            raise SystemExit("the runner left before it gave a job")
        line += piece
    return bytes(line)


def _leave_with_the_runner(folder: str) -> None:
    """Wait until the input closes, which even kill -9 of the runner does; then end and remove everything."""
    while os.read(0, 1):
        pass
    _end_children()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _end_children() -> None:
    """End what the kernel left, also in sessions of their own."""
    import psutil

    end_descendants(psutil.Process(), mark=os.environ.get(MARK, ""))
    if os.name != "nt":
        with contextlib.suppress(ChildProcessError):  # reaped, their CPU time counts
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _tell(job: dict, message: dict) -> None:
    with contextlib.suppress(ValueError):  # closed, by a lesson that ran in this process
        sys.stdout.flush()
    os.write(job["report"], f"\n{job['marker']}{json.dumps(message)}\n".encode())


def _execute(job: dict, engine: str | None) -> dict:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    os.environ["MEDLAB_STATIC"] = "1"
    told = {"cell": None, "source": ""}

    def ends(cell, cell_index, **_) -> None:
        shorten(cell, _LONGEST)

    def starts(cell, cell_index) -> None:
        if cell.cell_type == "code":
            told.update(cell=cell_index, source=cell.source)
            _tell(job, {"cell": cell_index, "source": cell.source})

    folder = Path(job["folder"])
    try:
        folder.mkdir(mode=0o700)
        shutil.copyfile(job["lesson"], folder / "lesson.ipynb")
        # papermill formats paths as templates: a folder named "b{1}" would be an error, so it sees only safe names.
        book = papermill.execute_notebook(
            str(folder / "lesson.ipynb"), str(folder / "executed.ipynb"),
            parameters=job["parameters"], cwd=job["cwd"], kernel_name="python3", progress_bar=False,
            execution_timeout=job["cell_timeout"], start_timeout=120, config=_transport(job["folder"]),
            on_cell_start=starts, on_cell_executed=ends, engine_name=engine,
            request_save_on_cell_execute=engine is None,  # smoke has many small cells: saving takes a third of its time
        )  # fmt: skip
    except PapermillExecutionError as error:
        trace = _COLOR_CODES.sub("", "\n".join(error.traceback))
        return {"status": "failed", "cell": error.cell_index, "error": trace, "source": error.source}
    except CellTimeoutError as error:
        return told | {"status": "timeout", "error": str(error)}
    except DeadKernelError as error:
        return told | {"status": "died", "error": f"the kernel died, often for want of memory: {error}"}
    except OSError as error:
        return told | {"status": "unwritable", "error": f"{error.filename or job['folder']}: {error.strerror or error}"}
    return _left_early(book) or {"status": "passed", "cell": None, "source": "", "error": ""}


def _left_early(book) -> dict | None:
    """Return the failure of a cell that left with ``exit()`` or ``sys.exit()``: papermill takes that for the end."""
    for k, cell in enumerate(book.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                error = f"{output.ename}: {output.evalue}: the lesson ended here; the cells below did not run"
                return {"status": "failed", "cell": k, "source": cell.source, "error": error}
    return None


def _transport(folder: str):
    """Sockets of this run alone: kernels that start at the same time race for TCP ports, and for socket files."""
    from traitlets.config import Config

    socket = str(Path(folder) / "k")
    if sys.platform == "win32" or len(socket) > 90:  # names of sockets end at about 100 characters
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": socket}})


def _cpu_s(*, own: bool) -> float:
    """CPU-seconds of the kernel and its children, which have ended by now, or of this process if it is the kernel."""
    used = os.times()
    return round(used.children_user + used.children_system + own * (used.user + used.system), 2)


if __name__ == "__main__":
    main()
