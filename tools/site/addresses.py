"""Where things stand on the site: lessons, data sets."""

from __future__ import annotations

import re
from html import escape

from medlab.lesson import Lesson

SIMULATED = "hospital:"  # the beginning of every simulated source


def doc(lesson: Lesson) -> str:
    """Return the name of a lesson's page, which lies as its notebook does.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> doc(find("41"))
    'notebooks/4_tasks/41_classification'
    """
    return f"notebooks/{lesson.path.parent.name}/{lesson.id}".replace("notebooks/notebooks/", "notebooks/")


def sources(lesson: Lesson) -> list[str]:
    """Return the default data set of a lesson and its alternatives."""
    return list(dict.fromkeys([lesson.data["default"], *lesson.data["alternatives"]]))


def data_link(name: str, up: str) -> str:
    """Return a link to the page of a source."""
    page = "hospital.html" if name.startswith(SIMULATED) else f"data.html#{anchor(name)}"
    return f'<a href="{up}{page}">{escape(name)}</a>'


def anchor(name: str) -> str:
    """Return the anchor of a data set on the page of all data sets; files of other sizes share one.

    Examples
    --------
    >>> anchor("pathmnist_64"), anchor("lidc_readings")
    ('data-pathmnist', 'data-lidc-readings')
    """
    return "data-" + re.sub(r"_\d+$", "", name).replace("_", "-")


def title(lesson: Lesson) -> str:
    """Return the title without the number that some begin with."""
    return lesson.title.removeprefix(f"{lesson.number} ")
