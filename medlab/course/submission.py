"""What a student handed in: whose it is, which lesson, and what it defines. Nothing of it is executed here."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue

_COPY = re.compile(r"([ _-]*(\(\d+\)|copy\d*|\bnew\b|\bfinal\b|v\d+))+$", re.IGNORECASE)
_CALLS = re.compile(r"^\s*[%!?]|\?\s*$")  # lines for IPython, which Python cannot read
_MOST_BYTES = 50_000_000
STUB = "NotImplementedError"


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson.

    Parameters
    ----------
    name : str
        Name of the student's function.
    check : str
        Code of the cell that checks it, as the lesson has it.
    """

    name: str
    check: str


def exercises_of(lesson: Lesson) -> list[Exercise]:
    """Return the exercises of a lesson, in order.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> [one.name for one in exercises_of(find("00"))]
    ['auc_by_pairs', 'center_and_width']
    """
    code = [cell for cell in lesson.notebook["cells"] if cell["cell_type"] == "code"]
    found = []
    for cell, check in pairwise(code):
        if "exercise" in cell["metadata"].get("tags", []):
            names = [node.name for node in ast.parse("".join(cell["source"])).body if isinstance(node, ast.FunctionDef)]
            found.append(Exercise(names[0], "".join(check["source"])))
    return found


def imports_of(lesson: Lesson) -> str:
    """Return all that the cells of a lesson import, as code: what an exercise and its check may use."""
    lines = []
    for cell in lesson.notebook["cells"]:
        if cell["cell_type"] == "code":
            nodes = ast.parse("".join(cell["source"])).body
            lines += [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]
    return "\n".join(dict.fromkeys(lines))


@dataclass
class Submission:
    """One notebook that was handed in.

    Parameters
    ----------
    path : Path
    student : str
        From the folder or the name of the file.
    cells : list of str
        Source of its code cells, in order.
    lesson_id : str
        As its metadata say; "" if they were lost.
    """

    path: Path
    student: str
    cells: list[str] = field(default_factory=list)
    lesson_id: str = ""

    @classmethod
    def read(cls, path: Path, root: Path) -> Submission:
        """Read a notebook below ``root``.

        Raises
        ------
        MedlabError
            If it is no notebook, in one sentence.
        """
        student = student_of(path, root)
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError(f"{path.stat().st_size // 10**6} MB, more than {_MOST_BYTES // 10**6}")
            told = json.loads(path.read_text(encoding="utf-8-sig"))
            cells = ["".join(cell["source"]) for cell in told["cells"] if cell["cell_type"] == "code"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise MedlabError(
                f"{path.name} is no notebook that can be read ({error})", hint="ask the student for it again"
            ) from None
        about: Any = told.get("metadata")
        about = about.get("medlab") if isinstance(about, dict) else None
        return cls(path, student, cells, str(about.get("id", "")) if isinstance(about, dict) else "")

    def lesson_among(self, lessons: list[Lesson]) -> Lesson:
        """Return its lesson: by its metadata, or where these were lost by the functions that it defines.

        Raises
        ------
        MedlabError
            If it is of none of the lessons.
        """
        for lesson in lessons:
            if lesson.id == self.lesson_id:
                return lesson
        defined = {name for name, _ in self.definitions}
        shares = [(sum(one.name in defined for one in exercises_of(lesson)), lesson) for lesson in lessons]
        most = max(shares, key=lambda pair: pair[0], default=(0, None))
        if not most[0] or most[1] is None:
            raise MedlabError(
                f"{self.path.name} is not the notebook of a lesson: no exercise is in it, and its metadata name none",
                hint="--lesson NN says which one it is",
            )
        return most[1]

    @cached_property
    def _read(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        good, broken = [], []
        for source in self.cells:
            text = "\n".join("" if _CALLS.search(line) else line for line in source.splitlines())
            try:
                nodes = ast.parse(text).body
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                said = f"line {getattr(error, 'lineno', '?')}: {getattr(error, 'msg', error)}"
                broken += [(name, said) for name in re.findall(r"^def\s+(\w+)", text, re.MULTILINE)]
                continue
            good += [(name, ast.unparse(node)) for node in nodes if (name := _defined(node))]
        return good, broken

    @property
    def definitions(self) -> list[tuple[str, str]]:
        """Name and code of what the cells define, in order: imports, functions, classes, and plain values.

        Of a function that is defined more than once, an attempt counts before the stub, and the last attempt counts.
        """
        found = self._read[0]
        attempts = {name for name, code in found if not _is_stub(code)}
        return [(name, code) for name, code in found if name not in attempts or not _is_stub(code)]

    def unreadable(self, name: str) -> str:
        """Return why the cell that defines a function is no Python; "" if it is, or there is none."""
        return dict(self._read[1]).get(name, "")


def _defined(node: ast.stmt) -> str:
    """Return the name of what a statement defines without computing anything; "" if it computes."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return "import"
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        if isinstance(node.value, ast.Lambda):
            return node.targets[0].id
        try:
            ast.literal_eval(node.value)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return ""
        return node.targets[0].id
    return ""


def _is_stub(code: str) -> bool:
    body = ast.parse(code).body[0]
    if not isinstance(body, ast.FunctionDef):
        return False
    rest = [one for one in body.body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    return all(isinstance(one, ast.Pass) or (isinstance(one, ast.Raise) and STUB in ast.unparse(one)) for one in rest)


def student_of(path: Path, root: Path) -> str:
    """Return whose a file is: its folder below ``root``, or its name without the lesson's and marks of copies.

    Examples
    --------
    >>> root = Path("handed_in")
    >>> student_of(root / "jane" / "41.ipynb", root), student_of(root / "41_classification_li wei (1).ipynb", root)
    ('jane', 'li wei')
    """
    inside = path.relative_to(root)
    if len(inside.parts) > 1:
        return inside.parts[0]
    stem = inside.stem
    for name in _ids():
        stem = stem.replace(name, "")
    return _COPY.sub("", stem).strip(" _-.") or inside.stem


@cache
def _ids() -> tuple[str, ...]:
    return tuple(lesson.id for lesson in catalogue())
