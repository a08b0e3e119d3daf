"""One notebook, executed by papermill in a process of its own: ``python -m medlab.execute job.json``.

The runner starts this module as a process group that it can end as a whole. What happened is told in a JSON file,
because papermill's own status marks cells as completed that never ran (after a dead kernel or a timeout).
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

_COLOR_CODES = re.compile(r"\x1b\[[0-9;]*m")


def main(job_path: str) -> int:
    """Execute the job that the JSON file describes and write its outcome beside it; 0 if the notebook ran through."""
    job = json.loads(Path(job_path).read_text(encoding="utf-8"))
    outcome = _execute(job)
    Path(job["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")
    return 0 if outcome["status"] == "passed" else 1


def _execute(job: dict) -> dict:
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    # papermill formats paths as templates: a folder named "b{1}" would be an error, so it sees only safe names.
    with tempfile.TemporaryDirectory(prefix="medlab-") as scratch:
        os.environ["MEDLAB_STATIC"] = "1"
        source = Path(scratch) / "lesson.ipynb"
        source.write_bytes(Path(job["notebook"]).read_bytes())
        executed = Path(scratch) / "executed.ipynb"
        outcome = {"status": "passed", "cell": None, "error": "", "source": ""}
        try:
            papermill.execute_notebook(
                str(source), str(executed), parameters=job["parameters"], cwd=job["cwd"], kernel_name="python3",
                progress_bar=False, execution_timeout=job["cell_timeout"], start_timeout=120,
                config=_transport(scratch),
            )  # fmt: skip
        except PapermillExecutionError as error:
            trace = _COLOR_CODES.sub("", "\n".join(error.traceback))
            outcome = {"status": "failed", "cell": error.cell_index, "error": trace, "source": error.source}
        except CellTimeoutError as error:
            outcome |= {"status": "timeout", "error": str(error)}
        except DeadKernelError as error:
            outcome |= {"status": "died", "error": f"the kernel died, often for want of memory: {error}"}
        _keep(executed, Path(job["output"]))
    return outcome


def _transport(scratch: str):
    """Sockets of this run alone: kernels that start at the same time race for TCP ports, and for socket files."""
    from traitlets.config import Config

    if sys.platform == "win32":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": str(Path(scratch) / "k")}})


def _keep(executed: Path, output: Path) -> None:
    """Put the executed notebook in its place, whole or not at all, without widget state (megabytes of scripts)."""
    import nbformat

    if not executed.exists():
        return
    notebook = nbformat.read(executed, as_version=4)
    notebook.metadata.pop("widgets", None)
    nbformat.validate(notebook)
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(f".{output.name}.partial")
    nbformat.write(notebook, partial)
    os.replace(partial, output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
