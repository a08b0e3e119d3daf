"""Editions of the lessons: for students without solutions, for instructors with notes, for nbgrader with points."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from medlab.errors import MedlabError
from medlab.files import write_whole
from medlab.lesson import Lesson, notebooks_folder

MANIFEST = ".medlab-release.json"  # makes a folder one of ours: what was written there, by hash
INSTRUCTOR = "instructor"  # tag of cells for instructors alone
_SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION[ \t]*$", re.DOTALL | re.MULTILINE)
# nbgrader gives the points if the cell raises nothing, and a check raises nothing.
_HIDDEN = """### BEGIN HIDDEN TESTS
from medlab.exercises import RESULTS
assert RESULTS["{name}"].status == "right", RESULTS["{name}"].reason
### END HIDDEN TESTS"""
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


def instructor(notebook: dict) -> dict:
    """Return the instructor's edition of a notebook: a plan on top, solutions, typical mistakes below each exercise.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> made = instructor(find("00").notebook)
    >>> sum(INSTRUCTOR in cell["metadata"].get("tags", []) for cell in made["cells"])
    3
    """
    made, cells = copy.deepcopy(notebook), []
    for cell in made["cells"]:
        cells.append(cell)
        if len(cells) == 1:
            cells.append(_plan(notebook))
        if "check" in cell["metadata"].get("tags", []):
            cells.append(_notes("".join(cell["source"]), len(cells)))
    made["cells"] = cells
    return made


def _notes(check: str, number: int) -> dict:
    """Return a cell that tells an instructor what students are told."""
    given = {}
    for node in ast.walk(ast.parse(check)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "medlab.exercise":
            given = {word.arg: word.value for word in node.keywords}
    mistakes, hints = given.get("mistakes"), given.get("hints")
    keys = mistakes.keys if isinstance(mistakes, ast.Dict) else []
    texts = [str(key.value) for key in keys if isinstance(key, ast.Constant)]
    said = [f"- {text}" for text in texts] or [
        "- The check judges each result by a rule; its reasons stand in the cell above."
    ]
    steps = [str(one.value) for one in getattr(hints, "elts", []) if isinstance(one, ast.Constant)]
    lines = ["**For instructors.** Typical mistakes, as students are told:", "", *said]
    lines += ["", f"Hints, in order: {' '.join(steps)}"] if steps else []
    return _cell(f"notes-{number}", lines)


def _plan(notebook: dict) -> dict:
    """Return a cell with what an instructor needs before class: times, sabotages to show, questions, work in groups."""
    about = notebook["metadata"].get("medlab", {})
    minutes, sabotages = about.get("minutes", {}), about.get("sabotages", {})
    exercises = sum("exercise" in cell["metadata"].get("tags", []) for cell in notebook["cells"])
    lines = ["**For instructors.** Plan of this lesson:", ""]
    if minutes:
        lines.append(
            f"- **Time**: {minutes.get('teach')} minutes for the lesson, {minutes.get('exercise')} for "
            f"{exercises} exercises. Ask for the predictions in writing before the first figure."
        )
    lines += [
        f'- **To show**: `sabotage = "{name}"` fells claim {", ".join(map(str, fallen))}. Let the class predict it.'
        for name, fallen in sabotages.items()
    ]
    told = _teaching().get(str(about.get("id", ""))[:2], {})
    lines += [f"- **To discuss**: {question}" for question in told.get("questions", ())]
    lines += [f"- **In groups**: {told['groups']}"] if told.get("groups") else []
    return _cell("plan", lines)


def _teaching() -> dict[str, dict]:
    return tomllib.loads((files("medlab.course") / "teaching.toml").read_text(encoding="utf-8"))


def _cell(name: str, lines: list[str]) -> dict:
    """Return a cell for instructors alone."""
    tags = {"tags": [INSTRUCTOR]}
    return {"cell_type": "markdown", "id": name, "metadata": tags, "source": "\n".join(lines)}


def nbgrader(notebook: dict) -> dict:
    """Return a notebook as a source of nbgrader: one point for each exercise, which its check decides.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> made = nbgrader(find("00").notebook)
    >>> [cell["metadata"]["nbgrader"].get("points") for cell in made["cells"] if "nbgrader" in cell["metadata"]]
    [None, 1, None, 1]
    """
    made, name = copy.deepcopy(notebook), ""
    for cell in made["cells"]:
        tags, source = cell["metadata"].get("tags", []), "".join(cell["source"])
        about = {"schema_version": 3, "locked": False, "task": False}
        if "exercise" in tags:
            name = next(node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
            cell["metadata"]["nbgrader"] = about | {"grade": False, "solution": True, "grade_id": name}
        elif "check" in tags:
            marks = {"grade": True, "solution": False, "locked": True, "points": 1, "grade_id": f"check_{name}"}
            cell["metadata"]["nbgrader"] = about | marks
            cell["source"] = f"{source}\n{_HIDDEN.format(name=name)}"
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return made


def personal_seed(student: str) -> int:
    """Return the seed of a student, from the name: of the notebooks and of the cases in grading.

    Examples
    --------
    >>> personal_seed("ada") == personal_seed("ada") != personal_seed("bo")
    True
    """
    return int(hashlib.sha256(student.encode()).hexdigest()[:8], 16) % 1_000_000


def personal(notebook: dict, student: str) -> dict:
    """Return a notebook whose cell of parameters sets the seed of a student.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "seed = 0", "metadata": {"tags": ["parameters"]}}
    >>> personal({"cells": [cell]}, "ada")["cells"][0]["source"] == f"seed = {personal_seed('ada')}"
    True
    """
    made, line = copy.deepcopy(notebook), f"seed = {personal_seed(student)}"
    cell = next(cell for cell in made["cells"] if "parameters" in cell["metadata"].get("tags", []))
    cell["source"] = re.sub(r"(?m)^seed = .*$", line, "".join(cell["source"]))
    return made


EDITIONS = {"student": student, "instructor": instructor, "nbgrader": nbgrader}


def release(lessons: list[Lesson], folder: Path, *, edition: str = "student", students: Sequence[str] = ()) -> Released:
    """Write an edition of some lessons into a folder, as they lie below ``notebooks/``.

    Called again, it renews what nobody changed. Where a student worked in a notebook (changed a cell, or ran one) and
    the lesson has changed since, the new edition is put beside it as ``NAME.new.ipynb``.

    Parameters
    ----------
    lessons : list of Lesson
    folder : Path
        Empty, not there yet, or made by this function before.
    edition : {"student", "instructor", "nbgrader"}
    students : sequence of str
        With names, each student has a folder with notebooks of the seed `personal_seed`.

    Raises
    ------
    MedlabError
        If the folder holds something else, or cannot be written; if a name cannot be that of a folder, or comes twice.

    Examples
    --------
    >>> from medlab.lesson import catalogue
    >>> len(release(catalogue(), Path("lessons")).written)  # doctest: +SKIP
    26
    """
    done, root = Released(), notebooks_folder()
    folded = [name.casefold() for name in students]
    for name in students:
        if not name.strip(" .") or set(name) & set('/\\:*?"<>|\0') or folded.count(name.casefold()) > 1:
            raise MedlabError(f"{name!r} is no name of a folder, or comes twice", "give one id a line, each once")
    try:
        known = _manifest(folder)
        for lesson in lessons:
            inside = lesson.path.is_relative_to(root)
            name = (lesson.path.relative_to(root) if inside else Path(lesson.path.name)).as_posix()
            made = EDITIONS[edition](lesson.notebook)
            for one in students or ("",):
                _place(folder, f"{one}/{name}".lstrip("/"), personal(made, one) if one else made, known, done)
        write_whole(folder / MANIFEST, json.dumps(dict(sorted(known.items())), indent=1) + "\n")
    except OSError as error:
        raise MedlabError(f"{folder} cannot be written: {error.strerror or error}", "choose another --to") from None
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
        raise MedlabError(f"{folder} is not empty, and not a release of lessons", "choose a new folder, with --to DIR")
    return {str(name): str(state) for name, state in found.items()}
