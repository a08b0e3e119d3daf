"""The page of data sets: made of their cards."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from data_fetch.cards import Card, all_cards
from medlab.lesson import Lesson
from medlab.sources.packaged import PACKAGED
from tools.site.addresses import anchor, doc, sources, title

_HEAD = """# Data sets

Each data set has a card: who made it, its license, how patients are identified, and what is wrong with it.
`medlab fetch NAME` downloads it once, verified; `medlab fetch --list` shows what is here. Nothing is part of the
repository. **Read the license and the problems before you use one**, also outside these lessons.

"""


def page(lessons: Sequence[Lesson]) -> str:
    """Return the page in MyST Markdown: a table of all, then a section for each."""
    cards = sorted(all_cards().values(), key=lambda card: (card.modality.casefold(), card.name))
    used = {card.name: users(card.name, lessons) for card in cards}
    rows = "".join(_row(card, used[card.name]) for card in sorted(cards, key=lambda card: not used[card.name]))
    heads = "".join(f'<th scope="col">{text}</th>' for text in ("Name", "Images", "Task", "License", "Size", "Lessons"))
    table = (
        '<div class="wide" tabindex="0" role="region" aria-label="All data sets"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    sections = [
        f"## {modality[0].upper()}{modality[1:]}\n\n" + "\n".join(_section(card, lessons) for card in group)
        for modality, group in groupby(cards, key=lambda card: card.modality)
    ]
    return "\n".join([_HEAD + table + "\n", *sections, carried(lessons)])


def carried(lessons: Sequence[Lesson]) -> str:
    """Return the section on images that installed packages carry."""
    parts = ["## Carried by installed packages\n\nNothing is downloaded for these.\n"]
    for name, (line, _) in sorted(PACKAGED.items()):
        parts.append(f"({anchor(name)})=\n### {name}\n\n{_plain(line)}.\n{_used_by(users(name, lessons))}")
    return "\n".join(parts)


def users(name: str, lessons: Sequence[Lesson]) -> list[Lesson]:
    """Return the lessons whose data, or alternative data, are these, in whatever size.

    Examples
    --------
    >>> from medlab.lesson import catalogue
    >>> "41_classification" in [lesson.id for lesson in users("pneumoniamnist", catalogue())]
    True
    """
    return [lesson for lesson in lessons if anchor(name) in map(anchor, sources(lesson))]


def _row(card: Card, used: Sequence[Lesson]) -> str:
    linked = ", ".join(f'<a href="{doc(lesson)}.html">{lesson.number}</a>' for lesson in used) or "–"
    name = f'<a href="#{anchor(card.name)}">{card.name}</a>'
    cells = [escape(card.modality), escape(card.task), escape(card.licence), escape(card.size), linked]
    return f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _section(card: Card, lessons: Sequence[Lesson]) -> str:
    splits = ", ".join(f"{name} {count}" for name, count in card.splits.items())
    dois = ", ".join(f"[doi:{doi}](https://doi.org/{doi})" for doi in card.doi)
    lines = {
        "Images": f"{card.modality}; {card.task}",
        "Classes": ", ".join(card.classes),
        "Patients": card.patients,
        "Split": splits,
        "Size": card.size,
        "License": f"{card.licence}; {_allowed(card)}",
        "Access": card.access + (f": {card.how}" if card.how else ""),
        "Simulated alternative": card.alternative,
        "Citation": card.citation,
    }
    items = [f"- **{name}**: {_plain(text)}" for name, text in lines.items() if text]
    items += [f"- **Papers**: {dois}"] * bool(dois)
    items += ["- **Known problems**:", *(f"  - {_plain(text)}" for text in card.problems)] * bool(card.problems)
    listed = "\n".join(items)
    head = f"({anchor(card.name)})=\n### {_plain(card.title)}\n\n`{card.name}`\n\n"
    return f"{head}{listed}\n{_used_by(users(card.name, lessons))}"


def _allowed(card: Card) -> str:
    return (
        f"{'may' if card.redistribution else 'may not'} be passed on, "
        f"{'may' if card.commercial else 'may not'} be used commercially"
    )


def _used_by(lessons: Sequence[Lesson]) -> str:
    linked = ", ".join(f"[{lesson.number} {_plain(title(lesson))}]({doc(lesson)}.ipynb)" for lesson in lessons)
    return f"- **Lessons**: {linked}\n" if linked else ""


def _plain(text: str) -> str:
    """Return text whose signs have no meaning for Markdown."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#$|~{}" else sign for sign in str(text))
