"""The first page: a picture for each lesson, chosen by part, time and data."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from medlab.lesson import Lesson
from tools.generate import level
from tools.site.addresses import SIMULATED, doc, sources, title

MINUTES = (30, 45, 60, 75, 90)  # the choices of "time at most"
_HEAD = """---
html_theme.sidebar_secondary.remove: true
---

# Lessons on deep learning in medical imaging

Each lesson is a notebook that you run, on real images or in a simulated hospital whose truth is known. Each states
claims with confidence intervals. **The claims are tested**: one test checks that they hold, a second breaks the lesson
on purpose and checks that they fall, and a third repeats the lesson with fresh random seeds.

Where to begin: [lesson 00](notebooks/00_start_here.ipynb), or one of the [paths](docs/paths.md) through the lessons:
a semester, a half-day without code, a weekend.
Without installing anything: <a href="explorers/index.html">five explorers</a> in this browser. Not for clinical use.
"""


def page(lessons: Sequence[Lesson], pictures: set[str]) -> str:
    """Return the page in MyST Markdown.

    Parameters
    ----------
    lessons : sequence of Lesson
    pictures : set of str
        Numbers of the lessons that have a picture, ``_static/lessons/NN.png``.
    """
    cards = "".join(_card(lesson, lessons, lesson.number in pictures) for lesson in lessons)
    return (
        f"{_HEAD}\n{form(lessons)}\n\n<ul class='gallery' id='gallery'>{cards}</ul>\n\n"
        "<script src='_static/gallery.js' defer></script>\n\n" + toctrees(lessons)
    )


def form(lessons: Sequence[Lesson]) -> str:
    """Return the three choices as HTML; without scripts they stay hidden and all lessons are shown."""
    parts = list(dict.fromkeys(lesson.part for lesson in lessons))
    used = sorted({name for lesson in lessons for name in sources(lesson)})
    times = [(str(minutes), f"at most {minutes} minutes") for minutes in MINUTES]
    data = [("real", "real images"), ("simulated", "simulated hospital"), *((name, name) for name in used)]
    choices = (
        _select("part", "Part", [("", "all parts"), *((part, part) for part in parts)])
        + _select("time", "Time, exercises included", [("", "any time"), *times])
        + _select("data", "Data", [("", "any data"), *data])
    )
    return (
        f"<form class='choices' id='choices' aria-label='Choose lessons' hidden>{choices}"
        "<p id='count' role='status'></p></form>"
    )


def toctrees(lessons: Sequence[Lesson]) -> str:
    """Return the navigation: one list for each part, then the course and the reference."""
    blocks = [
        _toctree(part, [f"{lesson.number} {title(lesson)} <{doc(lesson)}>" for lesson in group])
        for part, group in groupby(lessons, key=lambda lesson: lesson.part)
    ]
    blocks.append(_toctree("Course", ["docs/paths", "docs/instructors", "glossary", "docs/online", "docs/jupyterhub"]))
    blocks.append(_toctree("Reference", ["data", "hospital", "api/index", "docs/cluster", "CONTRIBUTING", "CHANGELOG"]))
    return "\n".join(blocks)


def _toctree(caption: str, entries: Sequence[str]) -> str:
    lines = "\n".join(entries)
    return f"```{{toctree}}\n:caption: {caption}\n:hidden:\n\n{lines}\n```\n"


def _select(name: str, label: str, options: Sequence[tuple[str, str]]) -> str:
    inner = "".join(f"<option value='{escape(value, quote=True)}'>{escape(text)}</option>" for value, text in options)
    return f"<label>{label} <select name='{name}'>{inner}</select></label>"


def _card(lesson: Lesson, lessons: Sequence[Lesson], pictured: bool) -> str:
    used = sources(lesson)
    kinds = {"simulated" if name.startswith(SIMULATED) else "real" for name in used}
    minutes = lesson.minutes["teach"] + lesson.minutes["exercise"]
    image = (
        f"<img src='_static/lessons/{lesson.number}.png' alt='' class='dark-light' loading='lazy'>" if pictured else ""
    )
    words = f"{minutes} minutes · {level(lesson, lessons)} · {escape(lesson.data['default'])}"
    data = escape(" ".join([*sorted(kinds), *used]), quote=True)
    return (
        f"<li data-part='{escape(lesson.part, quote=True)}' data-time='{minutes}' data-data='{data}'>"
        f"<a href='{doc(lesson)}.html'><span class='frame'>{image}</span>"
        f"<strong>{lesson.number} {escape(title(lesson))}</strong></a>"
        f"<p>{escape(lesson.question)}</p><p class='small'>{words}</p></li>"
    )
