"""Assemble the pages and let Sphinx build them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from medlab.course.edition import student
from medlab.engine.ledger import Ledger
from medlab.errors import MedlabError
from medlab.lesson import Lesson
from tools import links
from tools.pictures import picture_of
from tools.site import addresses, api, datasets, gallery, glossary, hospital, lesson_page
from tools.site.held import held
from tools.site.runs import Executed, executed

OWN = Path(__file__).parent
EXPLORERS = OWN.parents[1] / "docs" / "explorers"  # a page of its own, without Python
DOCUMENTS = ("CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md")  # pages that the repository has already


@dataclass
class Built:
    """What a build came to: where the site is, what Sphinx warned of, which lessons have no results."""

    site: Path
    warnings: list[str] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)


def build(lessons: Sequence[Lesson], root: Path, *, runs: Path, to: Path, with_api: bool = True) -> Built:
    """Build the site of some lessons.

    Parameters
    ----------
    lessons : sequence of Lesson
    root : Path
        The checkout.
    runs : Path
        Folder of executed lessons.
    to : Path
        Folder for the site; what an earlier build left there goes.
    with_api : bool
        Whether with the reference, which takes the longest.

    Raises
    ------
    MedlabError
        If Sphinx or the theme is not installed, or a run cannot be read.
    """
    if to.exists() and any(to.iterdir()) and not (to / "searchindex.js").is_file():
        raise MedlabError(f"{to} is not empty, and no site", hint="choose a new folder with --to")
    source = to.with_name(f"{to.name}_source")
    for folder in (source, to):
        shutil.rmtree(folder, ignore_errors=True)
    done = [executed(lesson, runs) for lesson in lessons]
    assemble(done, root, source, with_api=with_api)
    warnings = _sphinx(source, to)
    shutil.rmtree(to / ".doctrees", ignore_errors=True)
    return Built(to, warnings, {each.lesson.id: each.missing for each in done if each.missing})


def assemble(runs: Sequence[Executed], root: Path, source: Path, *, with_api: bool = True) -> None:
    """Write the pages as Sphinx reads them; they lie as in the repository, so that links between them lead there."""
    lessons, place = [run.lesson for run in runs], links.published(root)
    ledger, static = Ledger(root / "ledger.jsonl"), source / "_static"
    shutil.copytree(OWN / "static", static)
    shutil.copy(OWN / "conf.py", _made(source / "conf.py"))
    for run in runs:
        notebook = lesson_page.page(run, held(run.lesson, ledger), lessons, place=place, figures=static / "figures")
        _write(source / f"{addresses.doc(run.lesson)}.ipynb", json.dumps(notebook))
        own = json.dumps(student(run.lesson.notebook), indent=1, ensure_ascii=False)
        _write(source / "_extra" / "downloads" / f"{run.lesson.id}.ipynb", own)
    pages = {
        "index": gallery.page(lessons, _pictures(runs, root, static / "lessons")),
        "data": datasets.page(lessons),
        "hospital": hospital.page(lessons),
        "glossary": glossary.page(lessons, root / "docs" / "glossary.toml"),
    } | (api.pages() if with_api else {})
    for name, text in pages.items():
        _write(source / f"{name}.md", text)
    _copy_documents(root, source, lessons)
    shutil.copytree(EXPLORERS, source / "_extra" / "explorers")


def _copy_documents(root: Path, source: Path, lessons: Sequence[Lesson]) -> None:
    """Copy the repository's own pages; links to what is no page of the site lead to the repository, or become text."""
    place = links.published(root)
    for path in sorted({path for pattern in DOCUMENTS for path in root.glob(pattern)}):
        name = path.relative_to(root)
        text = _linked(path.read_text(encoding="utf-8"), name.parent, root, place)
        _write(source / name, text)
    for path in root.glob("docs/*.png"):
        shutil.copy(path, _made(source / path.relative_to(root)))


def _linked(text: str, folder: Path, root: Path, place: links.Place) -> str:
    """Return a page whose links to files that are no pages lead to the repository, if it is published."""

    def new(match: re.Match) -> str:
        label, target = match.groups()
        file, _, _ = target.partition("#")
        if "://" in target or not file or match[0].startswith("!"):
            return match[0]
        path = (root / folder / file).resolve().relative_to(root.resolve()).as_posix()
        if path == "docs/explorers/index.html":  # no page of Sphinx: a plain address
            return f'<a href="{"../" * len(folder.parts)}explorers/index.html">{label}</a>'
        if path == "README.md":
            return f"[{label}]({'../' * len(folder.parts)}index.md)"
        if Path(path).suffix == ".ipynb" or any(Path(path).match(pattern) for pattern in DOCUMENTS):
            return match[0]
        return (
            f"[{label}](https://github.com/{place.repository}/blob/{place.branch}/{path})"
            if place.repository
            else label
        )

    return re.sub(r"!?\[([^\]]+)\]\(([^)\s]+)\)", new, text)


def _pictures(runs: Iterable[Executed], root: Path, folder: Path) -> set[str]:
    """Put a picture of each lesson into a folder: the committed one, else one of its run; return the numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    for run in runs:
        target, own = folder / f"{run.lesson.number}.png", root / "docs" / "lessons" / f"{run.lesson.number}.png"
        if own.is_file():
            shutil.copy(own, target)
        elif not run.missing:
            told = {"metadata": {"medlab": {"id": run.lesson.id}}, "cells": run.cells}
            try:
                target.write_bytes(picture_of(told, run.lesson.id)[1])
            except MedlabError:  # a lesson without any figure has a card without a picture
                continue
    return {path.stem for path in folder.glob("*.png")}


def _sphinx(source: Path, to: Path) -> list[str]:
    """Run Sphinx and return its warnings."""
    try:
        import myst_nb  # noqa: F401
        import sphinx_book_theme  # noqa: F401
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace
    except ImportError as error:
        raise MedlabError(f"{error.name} is not installed", 'pip install -c constraints.txt -e ".[site]"') from None
    import io

    told = io.StringIO()
    with docutils_namespace():
        app = Sphinx(source, source, to, to / ".doctrees", "html", status=None, warning=told, freshenv=True)
        app.build()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    return [line.replace(f"{source}/", "") for line in plain.splitlines() if line.strip()]


def _write(path: Path, text: str) -> None:
    _made(path).write_text(text, encoding="utf-8", newline="\n")


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
