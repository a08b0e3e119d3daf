"""One notebook, executed by papermill in a process of its own: ``python -m medlab.engine.child``, the job on its input.

The runner starts this module and ends it with all its children. What happens is told line by line on the output, so
that the runner knows it even when the kernel is dead or the disk full; papermill's own status marks cells as completed
that never ran. When the input closes, the runner is gone, and so are, at once, the kernel and its files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import threading
from pathlib import Path

from medlab.engine.reference import Speed

_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def main() -> int:
    """Execute the job that stands, as JSON, in the first line of the input; tell progress and outcome on the output."""
    job = json.loads(_first_line())
    threading.Thread(target=_leave_with_the_runner, args=(job["folder"],), daemon=True).start()
    if job["measure"]:
        with Speed() as speed:
            outcome = _execute(job)
        outcome["speed"] = round(speed.value, 4)
    else:
        outcome = _execute(job)
    _tell(job, {"outcome": outcome | {"cpu_s": _children_cpu_s()}})
    return 0 if outcome["status"] == "passed" else 1


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
    """Wait until the input closes, which even kill -9 of the runner does; then end the kernel and remove its files."""
    import psutil

    while os.read(0, 1):
        pass
    for child in psutil.Process().children(recursive=True):
        child.kill()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def _tell(job: dict, message: dict) -> None:
    sys.stdout.flush()
    os.write(1, f"\n{job['marker']}{json.dumps(message)}\n".encode())


def _execute(job: dict) -> dict:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    os.environ["MEDLAB_STATIC"] = "1"
    told = {"cell": None, "source": ""}

    def starts(cell, cell_index) -> None:
        if cell.cell_type == "code":
            told.update(cell=cell_index, source=cell.source)
            _tell(job, {"cell": cell_index, "source": cell.source})

    try:
        # papermill formats paths as templates: a folder named "b{1}" would be an error, so it sees only safe names.
        papermill.execute_notebook(
            str(Path(job["folder"]) / "lesson.ipynb"), str(Path(job["folder"]) / "executed.ipynb"),
            parameters=job["parameters"], cwd=job["cwd"], kernel_name="python3", progress_bar=False,
            execution_timeout=job["cell_timeout"], start_timeout=120, config=_transport(job["folder"]),
            on_cell_start=starts,
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
    return {"status": "passed", "cell": None, "source": "", "error": ""}


def _transport(folder: str):
    """Sockets of this run alone: kernels that start at the same time race for TCP ports, and for socket files."""
    from traitlets.config import Config

    socket = str(Path(folder) / "k")
    if sys.platform == "win32" or len(socket) > 90:  # names of sockets end at about 100 characters
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": socket}})


def _children_cpu_s() -> float:
    """CPU-seconds of the kernel and its children, which have ended by now."""
    used = os.times()
    return round(used.children_user + used.children_system, 2)


if __name__ == "__main__":
    sys.exit(main())
