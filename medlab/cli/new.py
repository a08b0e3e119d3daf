"""The command ``medlab new``: the skeleton of a lesson."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(help="Id of the lesson: two digits, then words, such as 98_triage.")],
    to: Annotated[Path | None, typer.Option("--to", help="Folder; that of the lesson's part if not given.")] = None,
) -> None:
    """Write the skeleton of a lesson, complete and runnable: it passes the checks of form."""
    from medlab.course.skeleton import write

    path = write(name, to)
    typer.echo(f"{path}\nNext: medlab run {path} --preset smoke; then CONTRIBUTING.md, 'Add a lesson'")
