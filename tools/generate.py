"""Write what the notebooks' metadata decide: ``python -m tools.generate``; ``--check`` says what is stale."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from textwrap import fill

from medlab.errors import MedlabError
from medlab.lesson import Lesson, catalogue, notebooks_folder
from tools import links, paths

LEVELS = ("first", "basic", "advanced")  # by what must be read before


def main() -> int:
    """Write all pages, or with --check name the stale ones; return 1 if there are some."""
    root = notebooks_folder().parent
    stale = [name for name, text in pages(root).items() if _read(root / name) != text]
    if "--check" not in sys.argv:
        for name in stale:
            (root / name).write_text(pages(root)[name], encoding="utf-8", newline="\n")
    sys.stdout.write("".join(f"{name}\n" for name in stale))
    return int(bool(stale) and "--check" in sys.argv)


def pages(root: Path) -> dict[str, str]:
    """Return each page that is made, wholly or in part, as it ought to be: name and text.

    Examples
    --------
    >>> sorted(pages(notebooks_folder().parent))
    ['CHANGELOG.md', 'CITATION.cff', 'README.md', 'docs/online.md', 'docs/paths.md']
    """
    lessons, place, docs = catalogue(), links.published(root), root / "docs"
    plan = paths.plan(docs / "paths.toml")
    parts: dict[str, list[tuple[str, Callable[[], str]]]] = {
        "README.md": [
            ("lessons", lambda: table(lessons, root)),
            ("idea", lambda: idea(root)),
            ("pictures", lambda: gallery(lessons, root)),
            ("clone", lambda: clone(place)),
        ],
        "CITATION.cff": [("address", lambda: address(place))],
        "CHANGELOG.md": [("lessons", lambda: names(lessons))],
        "docs/paths.md": [
            ("semester", lambda: paths.semester(plan["semester"], lessons, docs)),
            ("electives", lambda: paths.electives(plan, lessons, docs)),
            ("radiologists", lambda: paths.radiologists(plan["radiologists"], lessons, docs)),
            ("weekend", lambda: paths.weekend(plan["weekend"], lessons, docs)),
        ],
    }
    made = {"docs/online.md": links.page(lessons, place)}
    for name, blocks in parts.items():
        made[name] = _read(root / name)
        for block, text in blocks:
            made[name] = _filled(made[name], block, text(), name)
    return made


def table(lessons: Sequence[Lesson], root: Path) -> str:
    """Return the README's table: a heading for each part, a row for each lesson."""
    lines = []
    for part, group in groupby(lessons, key=lambda lesson: lesson.part):
        lines += [f"\n**{part}**\n", "| lesson | question | level | minutes |", "|---|---|---|---|"]
        for lesson in group:
            path = lesson.path.relative_to(root).as_posix()
            minutes = f"{lesson.minutes['teach']} + {lesson.minutes['exercise']}"
            lines.append(f"| [{lesson.id}]({path}) | {lesson.question} | {level(lesson, lessons)} | {minutes} |")
    return "\n".join(lines) + "\n"


def level(lesson: Lesson, lessons: Sequence[Lesson]) -> str:
    """Return how far into the series a lesson is: "first" needs nothing, "basic" the first, "advanced" more.

    Examples
    --------
    >>> level(catalogue()[0], catalogue())
    'first'
    """
    of = {each.id: each for each in lessons}

    def depth(each: Lesson) -> int:
        return 1 + max((depth(of[name]) for name in each.needs if name in of), default=-1)

    return LEVELS[min(depth(lesson), len(LEVELS) - 1)]


def names(lessons: Sequence[Lesson]) -> str:
    """Return the ids of all lessons, in lines of the changelog's width."""
    text = ", ".join(f"`{lesson.id}`" for lesson in lessons)
    return fill(text, 118, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False) + "\n"


def idea(root: Path) -> str:
    """Return the picture of a claim that holds and falls, if tools.pictures has made it, with its words."""
    if not (root / "docs" / "claim.png").is_file():
        return ""
    return (
        "![A claim with its interval above the bound, and the same below it when the lesson is broken]"
        "(docs/claim.png)\n\n"
        "*One claim of lesson 41. As written, the whole 95 % interval lies above the bound, and the claim holds. With\n"
        "shuffled training labels it does not: a test of the lesson that could not fail would prove nothing.*\n"
    )


def gallery(lessons: Sequence[Lesson], root: Path) -> str:
    """Return a picture of each part, of those that tools.pictures has made, in rows of three; each opens its lesson."""
    there = [lesson for lesson in lessons if (root / "docs" / "lessons" / f"{lesson.number}.png").is_file()]
    chosen = [next(group) for _, group in groupby(there, key=lambda lesson: lesson.part)]
    rows = []
    for lesson in chosen:
        image = f"![A figure of lesson {paths.named(lesson)}](docs/lessons/{lesson.number}.png)"
        where = lesson.path.relative_to(notebooks_folder().parent).as_posix()
        rows.append((f"**{paths.named(lesson)}**", f"[{image}]({where})"))
    if not rows:
        return ""
    width = min(3, len(rows))
    rows += [("", "")] * (-len(rows) % width)
    lines = ["| " + " | ".join([" "] * width) + " |", "|" + "---|" * width]
    for start in range(0, len(rows), width):
        for texts in zip(*rows[start : start + width], strict=True):
            lines.append("| " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def clone(place: links.Place) -> str:
    """Return the lines that get the repository: of a published one its address."""
    if not place.repository:
        return "Get the repository and open a terminal in its folder.\n"
    name = place.repository.rpartition("/")[2]
    return f"```\ngit clone https://github.com/{place.repository}.git\ncd {name}\n```\n"


def address(place: links.Place) -> str:
    """Return the line of CITATION.cff that says where the repository is, where that is known."""
    return f"repository-code: https://github.com/{place.repository}\n" if place.repository else ""


def _filled(text: str, block: str, content: str, name: str) -> str:
    left, right = ("# ", "") if name.endswith(".cff") else ("<!-- ", " -->")
    marks = f"{left}{block}: made by python -m tools.generate{right}\n", f"{left}end of {block}{right}"
    if text.count(marks[0]) != 1 or text.count(marks[1]) != 1:
        raise MedlabError(f"{name} has not exactly one block {block!r}", f"put {marks[0].strip()} and {marks[1]} there")
    return re.sub(
        f"{re.escape(marks[0])}.*?{re.escape(marks[1])}", lambda _: marks[0] + content + marks[1], text, flags=re.S
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
