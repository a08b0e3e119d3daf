"""The students' edition: the lessons without solutions, stored verdicts and notes for instructors."""

from __future__ import annotations

import copy
import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from medlab.errors import MedlabError
from medlab.files import write_whole
from medlab.lesson import Lesson, notebooks_folder

MANIFEST = ".medlab-release.json"  # makes a folder one of ours: what was written there, by hash
INSTRUCTOR = "instructor"  # tag of cells for instructors alone
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*$", re.DOTALL | re.MULTILINE)
_STUB = r'\1raise NotImplementedError("write your answer here, in place of this line")'


@dataclass
class Released:
    """What a release did, as paths: new or renewed; left as they are; and of the new, those beside a student's work."""

    written: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    beside: list[Path] = field(default_factory=list)


def student(notebook: dict) -> dict:
    """Return the student's edition of a notebook: solutions are stubs, outputs and notes for instructors are gone.

    Raises
    ------
    MedlabError
        If the markers of a solution are not a pair.

    Examples
    --------
    >>> source = ["def f(x):\\n", "    ### BEGIN SOLUTION\\n", "    return x\\n", "    ### END SOLUTION"]
    >>> cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
    >>> print(student({"cells": [cell], "metadata": {}})["cells"][0]["source"])
    def f(x):
        raise NotImplementedError("write your answer here, in place of this line")
    """
    made = copy.deepcopy(notebook)
    made["cells"] = [cell for cell in made["cells"] if INSTRUCTOR not in cell["metadata"].get("tags", [])]
    for cell in made["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            source = _SOLUTION.sub(_STUB, source)
            cell["outputs"], cell["execution_count"] = [], None
        if "### BEGIN SOLUTION" in source or "### END SOLUTION" in source:
            raise MedlabError(
                f"a solution has only one of its two markers: {source.strip().splitlines()[0]!r}",
                hint="put it between '### BEGIN SOLUTION' and '### END SOLUTION', each on a line of its own",
            )
        cell["source"] = source
    return made


def release(lessons: list[Lesson], folder: Path) -> Released:
    """Write the students' edition of some lessons into a folder, as they lie below ``notebooks/``.

    Called again, it renews what nobody changed. Where a student worked in a notebook (changed a cell, or ran one) and
    the lesson has changed since, the new edition is put beside it as ``NAME.new.ipynb``.

    Parameters
    ----------
    lessons : list of Lesson
    folder : Path
        Empty, not there yet, or made by this function before.

    Raises
    ------
    MedlabError
        If the folder holds something else, or cannot be written.

    Examples
    --------
    >>> from medlab.lesson import catalogue
    >>> len(release(catalogue(), Path("lessons")).written)  # doctest: +SKIP
    26
    """
    done, root = Released(), notebooks_folder()
    try:
        known = _manifest(folder)
        for lesson in lessons:
            inside = lesson.path.is_relative_to(root)
            name = (lesson.path.relative_to(root) if inside else Path(lesson.path.name)).as_posix()
            _place(folder, name, student(lesson.notebook), known, done)
        write_whole(folder / MANIFEST, json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    except OSError as error:
        raise MedlabError(
            f"{folder} cannot be written: {error.strerror or error}", hint="choose another folder with --to"
        ) from None
    return done


def _place(folder: Path, name: str, notebook: dict, known: dict[str, str], done: Released) -> None:
    """Write one notebook, unless a student's work lies there; ``known`` holds the state in which each was released."""
    target, new = folder / name, _state(notebook)
    now = _state_of(target)
    if now == new or (now and known.get(name) == new):
        done.same.append(target)  # it is the latest edition, or the one that the student works in
    elif now and now != known.get(name):
        _place(folder, name.removesuffix(".ipynb") + ".new.ipynb", notebook, known, done)
        done.beside += [path for path in done.written[-1:] if path.name.endswith(".new.ipynb")]
    else:
        write_whole(target, json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        known[name] = new
        done.written.append(target)


def _state(notebook: dict) -> str:
    """Return a hash of all that a student can change in a notebook; JupyterLab's own marks do not count."""
    cells = [(cell["cell_type"], "".join(cell["source"]), bool(cell.get("outputs"))) for cell in notebook["cells"]]
    text = json.dumps([notebook["metadata"].get("medlab"), cells], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _state_of(path: Path) -> str:
    """Return the state of a notebook on disk: "" if there is none, and no known one if it cannot be read."""
    if not path.exists():
        return ""
    try:
        return _state(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "unreadable"


def _manifest(folder: Path) -> dict[str, str]:
    """Return name and state of what was released into a folder before; refuse a folder that holds something else."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return {}
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise MedlabError(
            f"{folder} is not empty, and not a release of lessons", hint="choose a new folder, with --to DIR"
        )
    return {str(name): str(state) for name, state in found.items()}
