"""The command ``medlab list``."""

from __future__ import annotations

from itertools import groupby
from textwrap import fill
from typing import Annotated

import typer

from medlab.lesson import Lesson, catalogue

WIDTH = 80


def list_lessons(
    data: Annotated[str, typer.Option("--data", help="Only lessons that fit these images: a path or a name.")] = "",
) -> None:
    """List the lessons by part, each with its question; with --data those that fit your images."""
    from medlab.sources.asked import absolute
    from medlab.sources.needs import misfit
    from medlab.sources.peek import described

    lessons, refused = catalogue(), {}
    if data:
        facts = described(absolute(data))
        typer.echo(fill(f"{data}: {facts.line()}", WIDTH))
        refused = {lesson.id: why for lesson in lessons if (why := misfit(lesson, facts))}
    for part, group in groupby((lesson for lesson in lessons if lesson.id not in refused), key=lambda each: each.part):
        typer.echo(f"\n{part}")
        for lesson in group:
            typer.echo("\n".join(_lines(lesson)))
    if data:
        typer.echo(f"\n{len(lessons) - len(refused)} lessons fit, {len(refused)} do not:")
        for name, why in refused.items():
            typer.echo(fill(f"{name}: {why}", WIDTH, initial_indent="  ", subsequent_indent="    "))


def _lines(lesson: Lesson):
    minutes = f"{lesson.minutes['teach']}+{lesson.minutes['exercise']} min"
    yield f"  {lesson.id:<34} {minutes:>10}   data: {lesson.data['default']}"[:WIDTH]
    yield fill(lesson.question, WIDTH, initial_indent="     ", subsequent_indent="     ")
