"""Lesson: what a notebook says about itself. The notebooks are the only list of lessons there is."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from medlab.errors import MedlabError, unknown

PRESETS = ("smoke", "cpu", "gpu")
PARAMETERS = {"preset": str, "seed": int, "data": str, "sabotage": str}
_REQUIRED = ("id", "title", "question", "part", "objectives", "minutes", "needs", "data", "budget", "sabotages")


@dataclass(frozen=True)
class Lesson:
    """The metadata of one notebook, from ``metadata.medlab``.

    Parameters
    ----------
    id : str
        Number and name, such as "41_classification"; also the file's name.
    title, question, part : str
    objectives : tuple of str
        Two to four things the reader can do afterwards.
    minutes : dict
        ``teach`` and ``exercise``.
    needs : tuple of str
        Ids of lessons to read first.
    data : dict
        ``default``: a source; ``alternatives``: sources on which the claims hold too, the first simulated.
    budget : dict
        ``cpu_s`` and ``ram_mb``, at preset "cpu".
    sabotages : dict
        Name of a way to break the lesson: which claims (numbers from 1) must then fall.
    path : Path
    """

    id: str
    title: str
    question: str
    part: str
    objectives: tuple[str, ...]
    minutes: dict
    needs: tuple[str, ...]
    data: dict
    budget: dict
    sabotages: dict
    path: Path

    @classmethod
    def read(cls, path: str | Path) -> Lesson:
        """Read a notebook's metadata.

        Raises
        ------
        MedlabError
            If the file is no notebook, or its metadata are missing or incomplete.
        """
        path = Path(path)
        try:
            told = json.loads(path.read_text(encoding="utf-8"))["metadata"]["medlab"]
        except FileNotFoundError:
            raise MedlabError(f"there is no notebook {path}", hint="medlab list shows the lessons") from None
        except (ValueError, KeyError, TypeError) as error:
            raise MedlabError(
                f"{path} is not a lesson ({type(error).__name__}: {error})",
                hint="metadata.medlab must be in the notebook",
            ) from None
        missing = [key for key in _REQUIRED if key not in told]
        extra = sorted(set(told) - set(_REQUIRED))
        if missing or extra:
            raise MedlabError(
                f"{path}: metadata.medlab lacks {missing or 'nothing'}, has unknown {extra or 'nothing'}",
                hint="see CONTRIBUTING.md, 'Add a lesson'",
            )
        tuples = {key: tuple(told[key]) for key in ("objectives", "needs")}
        return cls(**{**told, **tuples}, path=path)

    @property
    def number(self) -> str:
        """The leading digits of the id."""
        return re.match(r"\d*", self.id).group()

    @cached_property
    def notebook(self) -> dict:
        """The whole notebook, as JSON."""
        return json.loads(self.path.read_text(encoding="utf-8"))

    @property
    def parameters(self) -> dict[str, object]:
        """Names and default values that the cell tagged ``parameters`` declares."""
        try:
            for cell in self.notebook["cells"]:
                if "parameters" in cell["metadata"].get("tags", []):
                    return _literals("".join(cell["source"]))
        except (ValueError, KeyError, TypeError, AttributeError, SyntaxError) as error:
            raise MedlabError(
                f"{self.path}: its parameters cannot be read ({type(error).__name__}: {error})",
                hint="the cell tagged parameters holds simple assignments alone, such as seed = 0",
            ) from None
        return {}

    def record(self) -> dict:
        """The metadata as a plain dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "path"}


def notebooks_folder() -> Path:
    """Return the folder of lessons: MEDLAB_NOTEBOOKS, or ``notebooks/`` above the working folder or this package.

    Raises
    ------
    MedlabError
        If there is none: the package was installed without the checkout.
    """
    if named := os.environ.get("MEDLAB_NOTEBOOKS"):
        return Path(named).expanduser().resolve()
    starts = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parent.parent]
    for start in starts:
        if (start / "notebooks" / "00_start_here.ipynb").is_file():
            return (start / "notebooks").resolve()
    raise MedlabError(
        "no folder of lessons was found here or above",
        hint="go to a checkout of medlab, or set MEDLAB_NOTEBOOKS to its notebooks folder",
    )


def catalogue(
    folder: str | Path | None = None, *, on_broken: Callable[[Path, MedlabError], None] | None = None
) -> list[Lesson]:
    """Return all lessons, in order of their numbers.

    Parameters
    ----------
    folder : path, optional
    on_broken : callable, optional
        Called with the path and the error of each notebook that is no lesson, instead of raising it.

    Examples
    --------
    >>> [lesson.id for lesson in catalogue()][0]
    '00_start_here'
    """
    folder = Path(folder) if folder else notebooks_folder()
    paths = [p for p in sorted(folder.rglob("*.ipynb")) if not any(part.startswith(".") for part in p.parts)]
    lessons = []
    for path in paths:
        try:
            lessons.append(Lesson.read(path))
        except MedlabError as error:
            if not on_broken:
                raise
            on_broken(path, error)
    lessons.sort(key=lambda lesson: lesson.id)
    ids = [lesson.id for lesson in lessons]
    if twice := {name for name in ids if ids.count(name) > 1}:
        raise MedlabError(f"two notebooks have the id {sorted(twice)[0]!r}", hint="ids must be unique")
    return lessons


def find(name: str, folder: str | Path | None = None) -> Lesson:
    """Return one lesson by its id, number, or path.

    Raises
    ------
    MedlabError
        If there is none; the nearest id is suggested.

    Examples
    --------
    >>> find("41").id
    '41_classification'
    """
    if str(name).endswith(".ipynb"):
        return Lesson.read(Path(name).expanduser())
    lessons = catalogue(folder)
    for lesson in lessons:
        if str(name) in (lesson.id, lesson.number, lesson.id.partition("_")[2]):
            return lesson
    raise unknown("lesson", name, [lesson.id for lesson in lessons])


def _literals(source: str) -> dict[str, object]:
    """Return the simple assignments of a parameters cell, read without running it."""
    import ast

    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found
