"""What a notebook says when a cell fails: errors of medlab in one line; of a missing name, which cell makes it."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

from medlab.errors import MedlabError


def install(shell=None) -> None:
    """Have the IPython of this kernel show errors so; without IPython, or with MEDLAB_DEBUG set, nothing changes.

    Examples
    --------
    >>> install()  # outside of a notebook
    """
    from IPython import get_ipython

    shell = shell or get_ipython()
    if shell is not None and not os.environ.get("MEDLAB_DEBUG"):
        shell.set_custom_exc((MedlabError, NameError), _show)


load_ipython_extension = install  # for the configuration of a server, as in binder/


def _show(shell, kind, error, trace, tb_offset=None):
    """Show an error of medlab in one line with its hint, and below another error where its name comes from."""
    if isinstance(error, MedlabError):
        lines = [f"\x1b[31m{error.message}\x1b[0m", *([f"  -> {error.hint}"] if error.hint else [])]
    else:
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        lines += [f"\x1b[31m{hint}\x1b[0m"] if (hint := missing(getattr(error, "name", "") or "", _cells())) else []
    shell._showtraceback(kind, error, lines)
    return lines


def missing(name: str, sources: list[str]) -> str:
    """Return which code cell of a notebook makes a name, or "".

    Examples
    --------
    >>> missing("train", ["import medlab", "train, test = halves(1)", "train = 3"])
    'train is made in code cell 2 of this notebook, which has not run: Run > Run All Above Selected Cell'
    """
    for number, source in enumerate(sources, start=1):
        if name in _made(source):
            return (
                f"{name} is made in code cell {number} of this notebook, which has not run: "
                "Run > Run All Above Selected Cell"
            )
    return ""


def _made(source: str) -> set[str]:
    """Return the names that a cell binds at its top level."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        else:
            stored = (each for each in ast.walk(node) if isinstance(each, ast.Name))
            names |= {each.id for each in stored if isinstance(each.ctx, ast.Store)}
    return names


def _cells() -> list[str]:
    """Return the code cells of the notebook that this kernel belongs to, as far as Jupyter tells which it is."""
    try:
        found = json.loads(Path(os.environ["JPY_SESSION_NAME"]).read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]
    except (KeyError, OSError, ValueError, TypeError):
        return []
