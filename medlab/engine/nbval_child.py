"""nbval on one notebook, in a process that ends with its runner.

Started as ``python -m medlab.engine.nbval_child NOTEBOOK JUNIT SECONDS``.
"""

from __future__ import annotations

import os
import sys
import threading

CPU_S = "medlab-cpu-s:"


def main() -> int:
    """Run pytest with nbval on a notebook and write its report in JUnit's form."""
    import pytest

    notebook, junit, seconds = sys.argv[1:4]
    threading.Thread(target=_leave_with_the_runner, daemon=True).start()
    # No configuration of the folder and no plugin but nbval: the outcome depends on the notebook alone.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    code = pytest.main(
        ["-p", "nbval.plugin", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", os.path.dirname(notebook), "-q",
         "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", seconds, "--junitxml", junit, notebook]
    )  # fmt: skip
    used = os.times()  # of the kernel, which has ended; exact, where watching from outside only samples
    sys.stdout.write(f"\n{CPU_S}{used.children_user + used.children_system:.2f}\n")
    return int(code)


def _leave_with_the_runner() -> None:
    import psutil

    while os.read(0, 1):
        pass
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
