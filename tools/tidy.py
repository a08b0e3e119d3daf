"""Strip notebooks for a commit: ``python -m tools.tidy FILE ...``; the claims of a lesson stay.

nbstripout does the work and keeps the outputs of cells tagged ``keep_output``. It takes their execution count, though,
and nbval refuses to compare an output whose cell seems never to have run: so kept cells get the count 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

_EXTRA_KEYS = [
    "metadata.widgets", "metadata.papermill", "metadata.language_info.version",
    "cell.metadata.execution", "cell.metadata.papermill", "cell.metadata.collapsed",
]  # fmt: skip


def tidy(path: str | Path) -> bool:
    """Strip a notebook in place, and return whether that changed it.

    Parameters
    ----------
    path : path
        A notebook; other files are refused by nbformat.

    Examples
    --------
    >>> tidy("notebooks/00_start_here.ipynb")
    False
    """
    import nbformat
    from nbstripout import strip_output

    path = Path(path)
    before = path.read_text(encoding="utf-8")
    whole = nbformat.reads(before, as_version=4)
    notebook = strip_output(whole, keep_output=False, keep_count=False, keep_id=True, extra_keys=_EXTRA_KEYS)
    for cell in notebook.cells:
        if cell.get("outputs"):  # the verdicts are kept, and their picture is not: its numbers change from run to run
            cell.outputs = [output for output in cell.outputs if output.output_type == "execute_result"]
            cell.execution_count = 1
    after = nbformat.writes(notebook) + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


if __name__ == "__main__":
    changed = [tidy(name) for name in sys.argv[1:]]
    sys.exit(any(changed))
