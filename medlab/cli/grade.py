"""The command ``medlab grade``: marks with reasons for what students handed in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medlab.errors import MedlabError
from medlab.lesson import find

if TYPE_CHECKING:
    from medlab.course.grade import Graded


def grade(
    folder: Annotated[Path, typer.Argument(help="The notebooks: a folder or a file for each student.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for grades, summary and feedback.")] = Path("grades"),
    lessons: Annotated[list[str] | None, typer.Option("--lesson", help="What was handed out; repeatable.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Notebooks at a time.")] = 2,
    personal: Annotated[bool, typer.Option(help="Random cases of each student's own.")] = False,
) -> None:
    """Grade the exercises of notebooks. Functions are called with limits; stored outputs count for nothing."""
    from medlab.course.grade import grade as grade_all
    from medlab.course.grade import refuse, write

    if not folder.is_dir():
        raise MedlabError(f"{folder} is no folder", hint="give the folder in which the students' notebooks lie")
    refuse(to)

    def tell(one: Graded) -> None:
        typer.echo(f"{one.student}: {one.problem or f'{one.lesson}, {one.points:g} of {len(one.marks)}'}")

    done = grade_all(folder, [find(name) for name in lessons or []] or None, jobs=jobs, personal=personal, tell=tell)
    write(done, to)
    typer.echo(f"{len(done)} graded; see {to / 'summary.html'}, {to / 'grades.csv'} and {to / 'feedback'}")
