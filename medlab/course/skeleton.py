"""The skeleton of a lesson: a whole one, of which each part is to be replaced."""

from __future__ import annotations

import json
import re
from pathlib import Path

from medlab.errors import MedlabError
from medlab.files import write_whole
from medlab.lesson import Lesson, catalogue, notebooks_folder
from medlab.metadata import is_name

TEMPLATE = Path(__file__).with_name("skeleton.ipynb")


def write(name: str, folder: Path | None = None) -> Path:
    """Write a lesson called so, and return its path.

    Parameters
    ----------
    name : str
        Two digits and words, such as "98_triage".
    folder : Path, optional
        Where; the folder of the lessons of the same part (the first digit) if not given.

    Raises
    ------
    MedlabError
        If the name is no id of a lesson, or is taken.

    Examples
    --------
    >>> write("98_triage", Path("drafts"))  # doctest: +SKIP
    PosixPath('drafts/98_triage.ipynb')
    """
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", name) or not is_name(name):
        raise MedlabError(f"{name!r} is no id of a lesson", "two digits and words in small letters: 98_triage")
    lessons = catalogue(on_broken=lambda *_: None)
    if taken := [lesson.id for lesson in lessons if lesson.number == name[:2]]:
        raise MedlabError(f"the number {name[:2]} is taken by {taken[0]}", "choose another number")
    part, home = _part(name[0], lessons)
    path = (folder or home) / f"{name}.ipynb"
    if path.exists():
        raise MedlabError(f"{path} is there already", "choose another name, or remove it")
    title = name[3:].replace("_", " ").capitalize()
    notebook = json.loads(TEMPLATE.read_text(encoding="utf-8"))
    notebook["metadata"]["medlab"] |= {"id": name, "title": f"{name[:2]} {title}", "part": part}
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("TITLE", f"{name[:2]} {title}").replace("00_skeleton", name)
    write_whole(path, json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return path


def _part(digit: str, lessons: list[Lesson]) -> tuple[str, Path]:
    """Return the part of lessons with that first digit, and its folder."""
    for lesson in lessons:
        if lesson.number.startswith(digit) and lesson.number != "00":
            return lesson.part, lesson.path.parent
    return f"{digit} New part", notebooks_folder() / f"{digit}_new_part"
