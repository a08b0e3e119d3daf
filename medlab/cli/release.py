"""The command ``medlab release``: editions of the lessons for a course."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medlab.errors import MedlabError, unknown
from medlab.lesson import STUDENTS, catalogue, find, notebooks_folder

EDITIONS = ("student", "instructor", "nbgrader")


def release(
    edition: Annotated[str, typer.Argument(help=f"One of: {', '.join(EDITIONS)}.")],
    lessons: Annotated[list[str] | None, typer.Option("--lesson", help="Only this one; may be given twice.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Folder; lessons/ of the checkout if not given.")] = None,
    personal: Annotated[
        typer.FileText | None, typer.Option(encoding="utf-8-sig", errors="replace", help="File of ids: a folder each.")
    ] = None,
) -> None:
    """Write an edition: student (no solutions, no stored verdicts), instructor (with notes), nbgrader (with points).

    A student's work is never overwritten.
    """
    from medlab.course.edition import release as write

    if edition not in EDITIONS:
        raise unknown("edition", edition, EDITIONS)
    if to is None and edition != "student":
        raise MedlabError(f"the edition {edition} needs a folder of its own", "give it with --to DIR")
    students = [line.strip() for line in personal or () if line.strip()]
    if personal and not (students and to):
        raise MedlabError("--personal needs a file with an id in each line, and --to", "give both")
    folder = to or notebooks_folder().parent / STUDENTS
    chosen = [find(name) for name in lessons or ()] or catalogue()
    done = write(chosen, folder, edition=edition, students=students)
    typer.echo(f"{folder}: {len(done.written)} notebooks written, {len(done.same)} left as they are")
    for path in done.beside:
        typer.echo(f"  you worked in an earlier edition; the new one is {path.relative_to(folder)}")
