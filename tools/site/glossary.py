"""The glossary: the standard terms of docs/glossary.toml, with the lessons in whose text they stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from medlab.errors import MedlabError
from medlab.lesson import Lesson
from tools.site.addresses import doc, title

MOST = 6  # lessons that are listed for a term
_HEAD = """# Glossary

The standard terms that lessons use, so that you can search for more. After each term: the lessons that say most about
it, those that set it in bold first.
"""


@dataclass(frozen=True)
class Term:
    """A term, its meaning, and all its spellings.

    Examples
    --------
    >>> Term("Dice", "Overlap of two masks.", ("Dice", "Dice score")).count("The Dice score, or **Dice**, of dice.")
    2
    """

    name: str
    means: str
    spellings: tuple[str, ...]

    def count(self, text: str) -> int:
        """Return how often the term stands in a text. Abbreviations and names keep their capitals."""
        return sum(1 for _ in self._pattern.finditer(text))

    def bold(self, text: str) -> bool:
        """Return whether the text sets the term in bold, as lessons do where they explain it."""
        return any(self._pattern.fullmatch(found.strip()) for found in re.findall(r"\*\*([^*]+)\*\*", text))

    @cached_property
    def _pattern(self) -> re.Pattern:
        longest = sorted(map(_spelled, self.spellings), key=len, reverse=True)
        return re.compile(rf"(?<![\w-])(?:{'|'.join(longest)})(?![\w-])")


def terms(path: Path) -> list[Term]:
    """Return the terms of a glossary file, by alphabet.

    Raises
    ------
    MedlabError
        If the file is no glossary.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        found = [Term(name, one["means"], (name, *one.get("also", ()))) for name, one in told.items()]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MedlabError(f"{path} is no glossary: {error}", 'wanted ["term"], means = "...", also = [...]') from None
    return sorted(found, key=lambda term: term.name.casefold())


def users(term: Term, lessons: Sequence[Lesson], texts: Sequence[str]) -> list[Lesson]:
    """Return the lessons in whose text a term stands, those first that set it in bold, then by how often it stands.

    Parameters
    ----------
    term : Term
    lessons : sequence of Lesson
    texts : sequence of str
        What `words` returns of each.
    """
    weight = {}
    for lesson, text in zip(lessons, texts, strict=True):
        if count := term.count(text):
            weight[lesson.id] = (term.bold(text), count)
    used = [lesson for lesson in lessons if lesson.id in weight]
    return sorted(used, key=lambda lesson: weight[lesson.id], reverse=True)


def words(lesson: Lesson) -> str:
    """Return the text of a lesson: its Markdown cells, formulas left out."""
    cells = ("".join(cell["source"]) for cell in lesson.notebook["cells"] if cell["cell_type"] == "markdown")
    return re.sub(r"\s+", " ", re.sub(r"\$\$?.*?\$\$?", " ", "\n".join(cells), flags=re.S))


def page(lessons: Sequence[Lesson], path: Path) -> str:
    """Return the page in MyST Markdown."""
    entries, texts = [], [words(lesson) for lesson in lessons]
    for term in terms(path):
        if used := users(term, lessons, texts):
            linked = ", ".join(f"[{each.number} {title(each)}]({doc(each)}.ipynb)" for each in used[:MOST])
            more = f", and {len(used) - MOST} more" if len(used) > MOST else ""
            entries.append(f"{term.name}\n: {term.means}\n\n  Lessons: {linked}{more}.\n")
    return _HEAD + "\n" + "\n".join(entries)


def _spelled(name: str) -> str:
    """Return a pattern for one spelling: a word in small letters may begin with a capital, where a sentence begins."""
    first = name[0]
    begin = f"[{first}{first.upper()}]" if first.islower() else re.escape(first)
    return begin + re.escape(name[1:]).replace(r"\ ", r"\s")
