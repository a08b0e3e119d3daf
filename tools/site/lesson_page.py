"""The page of a lesson: its notebook with the outputs of a run, what it needs and costs, and how it was tested."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from medlab.course.edition import student
from medlab.lesson import Lesson
from tools import links
from tools.site.addresses import doc
from tools.site.facts import facts
from tools.site.held import Held
from tools.site.outputs import shown
from tools.site.runs import Executed
from tools.site.tested import how_tested

HIDDEN = ("exercise", "check")  # tags of cells whose outputs would give an answer away


def page(run: Executed, held: Held, lessons: Sequence[Lesson], *, place: links.Place, figures: Path) -> dict:
    """Return the notebook that Sphinx makes the page of.

    Parameters
    ----------
    run : Executed
    held : Held
    lessons : sequence of Lesson
        All, to link those that are needed.
    place : Place
        Where the repository is published; without it there is no link to Binder.
    figures : Path
        Folder for the pictures.
    """
    lesson = run.lesson
    up = "../" * doc(lesson).count("/")
    of = {cell.get("id"): cell for cell in student(lesson.notebook)["cells"]}
    cells = []
    for cell in run.cells:
        if cell.get("id") not in of:
            continue
        made = {key: cell[key] for key in ("cell_type", "id")} | {"source": of[cell["id"]]["source"], "metadata": {}}
        if cell["cell_type"] == "code":
            hide = set(HIDDEN) & set(cell["metadata"].get("tags", []))
            pictures = _Pictures(figures / lesson.number, f"{up}_static/figures/{lesson.number}")
            made |= {"execution_count": None, "outputs": [] if hide else shown(cell["outputs"], pictures)}
        else:
            made["source"] = with_dois(made["source"])
        cells.append(made)
    cells[0]["source"] = numbered(cells[0]["source"], lesson)
    cells.insert(1, _markdown("facts", facts(run, held, lessons, place=place)))
    cells.append(_markdown("tested", how_tested(run, held, up=up)))
    return {"cells": cells, "metadata": {"kernelspec": _KERNEL}, "nbformat": 4, "nbformat_minor": 5}


_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class _Pictures:
    """Stores pictures by their hash, and returns their addresses."""

    def __init__(self, folder: Path, address: str):
        self.folder, self.address = folder, address

    def __call__(self, png: bytes) -> str:
        name = f"{hashlib.sha256(png).hexdigest()[:12]}.png"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(png)
        return f"{self.address}/{name}"


def numbered(source: str, lesson: Lesson) -> str:
    """Return the first cell with the lesson's number before its title.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> numbered("# Classification", find("41"))
    '# 41 Classification'
    """
    return re.sub(r"\A# (?!\d\d )", f"# {lesson.number} ", source)


def with_dois(text: str) -> str:
    """Return Markdown in which each DOI is a link.

    Examples
    --------
    >>> with_dois("He et al. 2016, doi:10.1109/CVPR.2016.90.")
    'He et al. 2016, [doi:10.1109/CVPR.2016.90](https://doi.org/10.1109/CVPR.2016.90).'
    """

    def linked(match: re.Match) -> str:
        doi = match[1].rstrip(".,;:")
        rest = match[1][len(doi) :]
        shown = doi.replace("<", "&lt;").replace("_", "\\_")
        return f"[doi:{shown}](https://doi.org/{quote(doi, safe='/:;().-_')}){rest}"

    return re.sub(r"(?<![\[/\w])doi:(10\.\d{4,9}/[^\s\]]+)", linked, text)


def _markdown(name: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}
