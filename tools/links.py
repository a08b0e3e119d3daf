"""Links that open a lesson on Binder or pull it into a JupyterHub: ``python -m tools.links`` writes docs/online.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from medlab.lesson import Lesson, catalogue, notebooks_folder

# The one place that names where this repository is published: put owner and name here, then write the page anew.
REPOSITORY = "OWNER/medlab"
BRANCH = "main"
HUB = "https://hub.example.org"

_HEAD = """# Lessons without installing anything

<!-- made by python -m tools.links from the notebooks' metadata; a test compares -->

**Binder** builds the environment of `binder/` and opens a lesson in the browser, for anybody, with 1 to 2 GB of memory
and one core or so; after ten minutes without a key press it is gone, so download what you want to keep.
Lessons stay within what Binder guarantees; open one at a time.

**nbgitpuller** brings the same notebooks into the home folder of a student on a JupyterHub, and later updates them
without overwriting what the student wrote. Put the address of your hub in place of `{hub}`;
[jupyterhub.md](jupyterhub.md) tells how to set one up.

| lesson | open on Binder | pull into a hub |
|---|---|---|
"""


def binder(lesson: Lesson) -> str:
    """Return the address that opens a lesson in JupyterLab on mybinder.org.

    Examples
    --------
    >>> binder(catalogue()[0]).partition("?")[2]
    'urlpath=lab%2Ftree%2Fnotebooks%2F00_start_here.ipynb'
    """
    return f"https://mybinder.org/v2/gh/{REPOSITORY}/{BRANCH}?urlpath={quote(f'lab/tree/{_path(lesson)}', safe='')}"


def pull(lesson: Lesson) -> str:
    """Return the nbgitpuller address that brings the lessons into a hub and opens one.

    Examples
    --------
    >>> pull(catalogue()[0]).startswith(HUB + "/hub/user-redirect/git-pull?repo=https%3A%2F%2F")
    True
    """
    where = f"lab/tree/{REPOSITORY.rpartition('/')[2]}/{_path(lesson)}"
    repo = quote(f"https://github.com/{REPOSITORY}", safe="")
    return f"{HUB}/hub/user-redirect/git-pull?repo={repo}&branch={BRANCH}&urlpath={quote(where, safe='')}"


def page(lessons: Sequence[Lesson]) -> str:
    """Return docs/online.md: a badge and a link for each lesson.

    Examples
    --------
    >>> page(catalogue()).count("badge_logo.svg") == len(catalogue())
    True
    """
    rows = [
        f"| {x.id} | [![Open {x.id} on Binder](https://mybinder.org/badge_logo.svg)]({binder(x)}) | "
        f"[pull {x.id}]({pull(x)}) |"
        for x in lessons
    ]
    return _HEAD.replace("{hub}", HUB) + "\n".join(rows) + "\n"


def _path(lesson: Lesson) -> str:
    return lesson.path.resolve().relative_to(notebooks_folder().parent).as_posix()


def main() -> int:
    """Write the page into the checkout."""
    target: Path = notebooks_folder().parent / "docs" / "online.md"
    target.write_text(page(catalogue()), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
