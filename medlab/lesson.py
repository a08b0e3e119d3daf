"""Lesson: what a notebook says about itself. The notebooks are the only list of lessons there is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from medlab.errors import MedlabError, nearest, unknown
from medlab.metadata import checked

STUDENTS = "lessons"  # folder of the students' edition, beside notebooks/
PRESETS = ("smoke", "cpu", "gpu")
DEFAULT_PRESET = "cpu"  # the one that is judged, and to which budgets belong
HOLDS, OPEN, REFUTED, UNJUDGED = "holds", "open", "refuted", "not judged"  # what a claim can come to
PARAMETERS = {"preset": str, "seed": int, "data": str, "sabotage": str}


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
        ``default``: a source; ``alternatives``: sources on which the claims hold too, the first simulated; ``needs``:
        what other data must have, see ``medlab.sources.needs``.
    budget : dict
        ``cpu_s`` in reference-seconds (see ``medlab.engine.reference``) and ``ram_mb``, at the default preset.
    sabotages : dict
        Name of a way to break the lesson: which claims (numbers from 1) must then fall.
    path : Path
    claims : tuple of dict
        One for each claim: ``{"about": "networks"}``, or ``{"about": "data"}`` for one that may hold when no network
        learns. Where it is missing, all claims are about networks.
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
    claims: tuple[dict, ...] = ()

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
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise MedlabError(
                f"{path} is not a lesson ({type(error).__name__}: {error})",
                hint="metadata.medlab must be in the notebook",
            ) from None
        return cls(**checked(told, path), path=path)

    def checked_sabotage(self, name: str) -> str:
        """Return the name of a way to break this lesson, or "".

        Raises
        ------
        MedlabError
            If the lesson does not declare it.
        """
        if name and name not in self.sabotages:
            raise unknown("sabotage", name, self.sabotages)
        return name

    def about_networks(self, claim: int) -> bool:
        """Return whether a claim, counted from 1, is about networks, so that it must not hold when none learns."""
        return not 1 <= claim <= len(self.claims) or self.claims[claim - 1]["about"] == "networks"

    @property
    def stored_claims(self) -> list[tuple[str, str]]:
        """Verdict and statement of each claim, as the notebook stores them in the cell that nbval compares."""
        for cell in self.notebook["cells"]:
            if "nbval-check-output" in cell["metadata"].get("tags", []):
                shown = [out for out in cell.get("outputs", []) if out.get("output_type") == "execute_result"]
                text = "".join("".join(out.get("data", {}).get("text/plain", "")) for out in shown)
                # Verdict and statement are two columns, separated by at least two spaces.
                pairs = (line.partition("  ") for line in text.splitlines() if line.strip())
                return [(verdict.strip(), statement.strip()) for verdict, _, statement in pairs]
        return []

    @property
    def number(self) -> str:
        """The leading digits of the id."""
        return self.id[: len(self.id) - len(self.id.lstrip("0123456789"))]

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
    found = sorted(path.relative_to(folder) for path in folder.rglob("*.ipynb"))
    lessons: dict[str, Lesson] = {}
    for path in (folder / name for name in found if not any(part.startswith(".") for part in name.parts)):
        try:
            lesson = Lesson.read(path)
            if other := lessons.get(lesson.id.casefold()):
                raise MedlabError(f"{path} and {other.path} have one id: {lesson.id!r}", hint="ids must be unique")
            lessons[lesson.id.casefold()] = lesson
        except MedlabError as error:
            if not on_broken:
                raise
            on_broken(path, error)
    return sorted(lessons.values(), key=lambda lesson: lesson.id)


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
    broken: dict[str, MedlabError] = {}  # one broken notebook shuts nobody out of the others

    def note(path: Path, error: MedlabError) -> None:
        broken[path.stem] = error

    lessons = catalogue(folder, on_broken=note)
    for lesson in lessons:
        if str(name) in (lesson.id, lesson.number, lesson.id.partition("_")[2]):
            return lesson
    for stem, error in broken.items():
        if str(name) in (stem, stem.partition("_")[0], stem.partition("_")[2]):
            raise error
    raise unknown("lesson", name, [lesson.id for lesson in lessons], near=_nearest(str(name), lessons))


def _nearest(name: str, lessons: list[Lesson]) -> list[str]:
    """Return the three lessons nearest to what was typed: by number if it is one, else by name."""
    if name.isascii() and name.isdecimal():
        return [each.id for each in sorted(lessons, key=lambda each: abs(int(each.number or 0) - int(name)))[:3]]
    by_name = {text: each.id for each in lessons for text in (each.id, each.id.partition("_")[2])}
    near = list(dict.fromkeys(by_name[text] for text in nearest(name, by_name, count=6)))[:3]
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    return near or _nearest(digits.ljust(2, "1") if digits else "0", lessons)


def _literals(source: str) -> dict[str, object]:
    """Return the simple assignments of a parameters cell, read without running it."""
    import ast

    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found
