"""The tables of docs/paths.md: the plan of docs/paths.toml with titles, times and references of the lessons."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from medlab.errors import MedlabError
from medlab.lesson import Lesson

_EXPLORER = re.compile(r"\bexplorer\(")
_PAPER = re.compile(r"([^,]+), (.*), doi:(\S+)")


def plan(path: Path) -> dict[str, list[dict]]:
    """Return the paths as the file has them.

    Raises
    ------
    MedlabError
        If the file lacks a path.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        return {name: list(told[name]) for name in ("semester", "radiologists", "weekend")}
    except (OSError, ValueError, KeyError) as error:
        raise MedlabError(f"{path} does not say the paths: {error}", "see the comment at its beginning") from None


def semester(weeks: Sequence[dict], lessons: Sequence[Lesson], folder: Path) -> str:
    """Return the table of a semester: a row for each week.

    Parameters
    ----------
    weeks : sequence of dict
        ``topic``, ``lessons`` (numbers), ``reading`` (words and a DOI) and ``plan``.
    lessons : sequence of Lesson
    folder : Path
        Where the page lies, for its links.
    """
    heads = ["week", "topic", "lessons", "minutes: class + home", "reading", "together"]
    rows = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for number, week in enumerate(weeks, 1):
        chosen = _chosen(week["lessons"], lessons)
        paper = _PAPER.sub(r"[\1](https://doi.org/\3), \2", week["reading"])
        linked = "<br>".join(link(lesson, folder) for lesson in chosen)
        rows.append(
            f"| {number} | {week['topic']} | {linked} | {minutes(chosen, 'teach')} + {minutes(chosen, 'exercise')} "
            f"| {paper} | {week['plan']} |"
        )
    return "\n".join(rows) + "\n"


def electives(paths: dict[str, list[dict]], lessons: Sequence[Lesson], folder: Path) -> str:
    """Return the lessons that no week of the semester names, as a list."""
    planned = {number for week in paths["semester"] for number in week["lessons"]}
    rest = [lesson for lesson in lessons if lesson.number not in planned]
    return "".join(f"- {link(lesson, folder)}: {_time(lesson)}\n" for lesson in rest)


def radiologists(stations: Sequence[dict], lessons: Sequence[Lesson], folder: Path) -> str:
    """Return the table of the half-day: half an hour for each lesson, and what to find out with its explorer.

    A lesson without an explorer is left out: there is nothing to do in it without code.
    """
    rows = ["| minutes | lesson | find out with the explorer |", "|---|---|---|"]
    for station in stations:
        for lesson in _chosen([station["lesson"]], lessons):
            if has_explorer(lesson):
                rows.append(f"| 30 | {link(lesson, folder)} | {station['ask']} |")
    return "\n".join(rows) + "\n"


def weekend(sessions: Sequence[dict], lessons: Sequence[Lesson], folder: Path) -> str:
    """Return the table of the weekend; a session of which no lesson exists is left out."""
    rows = ["| when | lessons | to read and run | exercises |", "|---|---|---|---|"]
    for session in sessions:
        if chosen := _chosen(session["lessons"], lessons):
            linked = "<br>".join(link(lesson, folder) for lesson in chosen)
            times = f"{minutes(chosen, 'teach')} min | {minutes(chosen, 'exercise')} min"
            rows.append(f"| {session['day']} | {linked} | {times} |")
    return "\n".join(rows) + "\n"


def has_explorer(lesson: Lesson) -> bool:
    """Return whether a lesson has an explorer.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> has_explorer(find("41")), has_explorer(find("00"))
    (True, False)
    """
    code = ("".join(cell["source"]) for cell in lesson.notebook["cells"] if cell["cell_type"] == "code")
    return any(_EXPLORER.search(source) for source in code)


def link(lesson: Lesson, folder: Path) -> str:
    """Return a link to a lesson's notebook."""
    return f"[{named(lesson)}]({Path(os.path.relpath(lesson.path, folder)).as_posix()})"


def named(lesson: Lesson) -> str:
    """Return number and title, also of a lesson whose title begins with the number.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> named(find("13"))
    '13 Patients, not images'
    """
    return f"{lesson.number} {lesson.title.removeprefix(f'{lesson.number} ')}"


def minutes(lessons: Sequence[Lesson], kind: str) -> int:
    """Return the minutes of some lessons together; ``kind`` is "teach" or "exercise"."""
    return sum(lesson.minutes[kind] for lesson in lessons)


def _time(lesson: Lesson) -> str:
    return f"{lesson.minutes['teach']} + {lesson.minutes['exercise']} minutes"


def _chosen(numbers: Sequence[str], lessons: Sequence[Lesson]) -> list[Lesson]:
    return [lesson for number in numbers for lesson in lessons if lesson.number == number]
