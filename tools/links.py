"""Links that open a lesson on Binder or pull it into a JupyterHub, once pyproject.toml names the repository."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from medlab.lesson import Lesson, notebooks_folder

_HEAD = """# Lessons without installing anything

<!-- made by python -m tools.generate; a test compares -->

**Binder** builds the environment of `binder/` and opens a lesson in the browser, for anybody, with 1 to 2 GB of memory
and about one core. After ten minutes without a key press the session ends, so download what you want to keep. Open one
lesson at a time.

**nbgitpuller** copies the same notebooks into the home folder of a student on a JupyterHub, and later updates them
without overwriting what the student wrote. [jupyterhub.md](jupyterhub.md) says how to set up a hub.
"""
_UNSET = """
There are no links yet: this copy of the repository does not say where it is published. Whoever publishes it puts this
into `pyproject.toml`, and runs `python -m tools.generate`:

```toml
[tool.medlab]
repository = "owner/name"                # on GitHub
hub = "https://hub.your-university.edu"  # a JupyterHub, if there is one
```
"""


@dataclass(frozen=True)
class Place:
    """Where the repository is published: "owner/name", branch, and the address of a hub; empty where not known."""

    repository: str = ""
    branch: str = "main"
    hub: str = ""


def published(root: Path | None = None) -> Place:
    """Return the place that ``[tool.medlab]`` of pyproject.toml names.

    Examples
    --------
    >>> published().branch
    'main'
    """
    text = ((root or notebooks_folder().parent) / "pyproject.toml").read_text(encoding="utf-8")
    return Place(**tomllib.loads(text).get("tool", {}).get("medlab", {}))


def binder(lesson: Lesson, place: Place) -> str:
    """Return the address that opens a lesson in JupyterLab on mybinder.org.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> binder(find("00"), Place("me/medlab")).partition("?")[2]
    'urlpath=lab%2Ftree%2Fnotebooks%2F00_start_here.ipynb'
    """
    path = quote(f"lab/tree/{_path(lesson)}", safe="")
    return f"https://mybinder.org/v2/gh/{place.repository}/{place.branch}?urlpath={path}"


def pull(lesson: Lesson, place: Place) -> str:
    """Return the nbgitpuller address that brings the lessons into a hub and opens one.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> pull(find("00"), Place("me/medlab", hub="https://hub.x.edu")).startswith("https://hub.x.edu/hub/user-redirect/")
    True
    """
    where = quote(f"lab/tree/{place.repository.rpartition('/')[2]}/{_path(lesson)}", safe="")
    repo = quote(f"https://github.com/{place.repository}", safe="")
    return f"{place.hub}/hub/user-redirect/git-pull?repo={repo}&branch={place.branch}&urlpath={where}"


def page(lessons: Sequence[Lesson], place: Place) -> str:
    """Return docs/online.md: a link for each lesson, or how to get links.

    Examples
    --------
    >>> page([], Place()).count("mybinder.org/v2")
    0
    """
    if not place.repository:
        return _HEAD + _UNSET
    hub = bool(place.hub)
    rows = [f"\n| lesson | Binder |{' JupyterHub |' if hub else ''}", f"|---|---|{'---|' if hub else ''}"]
    for lesson in lessons:
        row = f"| {lesson.id} | [open {lesson.id} on Binder]({binder(lesson, place)}) |"
        rows.append(row + (f" [pull {lesson.id}]({pull(lesson, place)}) |" if hub else ""))
    return _HEAD + "\n".join(rows) + "\n"


def _path(lesson: Lesson) -> str:
    return lesson.path.resolve().relative_to(notebooks_folder().parent).as_posix()
