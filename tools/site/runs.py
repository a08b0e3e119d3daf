"""Executed lessons, as ``medlab run`` left them, for the site."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medlab.errors import MedlabError
from medlab.lesson import DEFAULT_PRESET, Lesson


@dataclass(frozen=True)
class Executed:
    """A lesson with the outputs of a run, or without if there is none that fits.

    Parameters
    ----------
    lesson : Lesson
    run : dict
        What ``medlab run`` noted: parameters, record, cost. Empty if the lesson was not executed.
    outputs : dict
        Id of each code cell: its outputs, as the notebook's format has them.
    missing : str
        Why there are no outputs; "" if there are.
    """

    lesson: Lesson
    run: dict = field(default_factory=dict)
    outputs: dict[str, list] = field(default_factory=dict)
    missing: str = ""

    @property
    def claims(self) -> list[dict]:
        """The claims of the run as its record has them."""
        return self.run.get("record", {}).get("claims", [])

    @property
    def cells(self) -> list[dict]:
        """The cells of the lesson as it stands, code cells with the outputs of the run."""
        return [
            dict(cell, outputs=self.outputs.get(cell.get("id", ""), [])) if cell["cell_type"] == "code" else cell
            for cell in self.lesson.notebook["cells"]
        ]


def executed(lesson: Lesson, folder: Path) -> Executed:
    """Return a lesson with the outputs of ``folder/ID.ipynb``, if that is a run of its present code at preset cpu.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> executed(find("00"), Path("no_such_folder")).missing
    'the lesson was not executed'
    """
    path = folder / f"{lesson.id}.ipynb"
    if not path.is_file():
        return Executed(lesson, missing="the lesson was not executed")
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        run, cells = notebook["metadata"]["medlab_run"], notebook["cells"]
        preset = run["record"]["preset"]
        if run["status"] != "passed" or preset != DEFAULT_PRESET or run["parameters"].get("sabotage"):
            return Executed(lesson, missing=f"its run is one at preset {preset} that {run['status']}")
        of = {cell["id"]: cell for cell in cells if cell["cell_type"] == "code"}
        if changed(lesson.notebook["cells"], of):
            return Executed(lesson, missing="its code has changed since it was executed")
        return Executed(lesson, run, {name: cell.get("outputs", []) for name, cell in of.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MedlabError(
            f"{path} is no executed lesson ({type(error).__name__}: {error})",
            hint=f"medlab run {lesson.number} --fresh",
        ) from None


def changed(cells: Sequence[dict], run: dict[str, dict]) -> bool:
    """Return whether a code cell of a lesson is another than in the run, parameters aside.

    Examples
    --------
    >>> cell = {"id": "a", "cell_type": "code", "metadata": {}, "source": ["x = 1"]}
    >>> changed([cell], {"a": cell}), changed([cell], {})
    (False, True)
    """
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    own = {cell.get("id", ""): _source(cell) for cell in code if "parameters" not in cell["metadata"].get("tags", [])}
    return any(name not in run or _source(run[name]) != source for name, source in own.items())


def _source(cell: dict) -> str:
    return "".join(cell["source"])
