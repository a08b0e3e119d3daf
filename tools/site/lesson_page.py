"""The page of a lesson: its notebook with the outputs of a run, what it needs and costs, and how it was tested."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from medlab.course.edition import student
from medlab.lesson import Lesson
from tools import links
from tools.generate import level
from tools.site.held import Held
from tools.site.outputs import shown
from tools.site.runs import Executed

HIDDEN = ("exercise", "check")  # tags of cells whose outputs would give an answer away
SIMULATED = "hospital:"


def doc(lesson: Lesson) -> str:
    """Return the name of a lesson's page, which lies as its notebook does.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> doc(find("41"))
    'notebooks/4_tasks/41_classification'
    """
    return f"notebooks/{lesson.path.parent.name}/{lesson.id}".replace("notebooks/notebooks/", "notebooks/")


def page(run: Executed, held: Held, lessons: Sequence[Lesson], *, place: links.Place, figures: Path) -> dict:
    """Return the notebook that Sphinx makes the page of.

    Parameters
    ----------
    run : Executed
    held : Held
    lessons : sequence of Lesson
        All, to link those that are needed.
    place : Place
        Where the repository is published; without it there is no link to Binder.
    figures : Path
        Folder for the pictures.
    """
    lesson = run.lesson
    up = "../" * doc(lesson).count("/")
    of = {cell.get("id"): cell for cell in student(lesson.notebook)["cells"]}
    cells = []
    for cell in run.cells:
        if cell.get("id") not in of:
            continue
        made = {key: cell[key] for key in ("cell_type", "id")} | {"source": of[cell["id"]]["source"], "metadata": {}}
        if cell["cell_type"] == "code":
            hide = set(HIDDEN) & set(cell["metadata"].get("tags", []))
            pictures = _Pictures(figures / lesson.number, f"{up}_static/figures/{lesson.number}")
            made |= {"execution_count": None, "outputs": [] if hide else shown(cell["outputs"], pictures)}
        else:
            made["source"] = with_dois(made["source"])
        cells.append(made)
    cells[0]["source"] = numbered(cells[0]["source"], lesson)
    cells.insert(1, _markdown("facts", facts(run, held, lessons, place=place)))
    cells.append(_markdown("tested", how_tested(run, held, up=up)))
    return {"cells": cells, "metadata": {"kernelspec": _KERNEL}, "nbformat": 4, "nbformat_minor": 5}


_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class _Pictures:
    """Stores pictures by their hash, and returns their addresses."""

    def __init__(self, folder: Path, address: str):
        self.folder, self.address = folder, address

    def __call__(self, png: bytes) -> str:
        name = f"{hashlib.sha256(png).hexdigest()[:12]}.png"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_bytes(png)
        return f"{self.address}/{name}"


def numbered(source: str, lesson: Lesson) -> str:
    """Return the first cell with the lesson's number before its title.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> numbered("# Classification", find("41"))
    '# 41 Classification'
    """
    return re.sub(r"\A# (?!\d\d )", f"# {lesson.number} ", source)


def with_dois(text: str) -> str:
    """Return Markdown in which each DOI is a link.

    Examples
    --------
    >>> with_dois("He et al. 2016, doi:10.1109/CVPR.2016.90.")
    'He et al. 2016, [doi:10.1109/CVPR.2016.90](https://doi.org/10.1109/CVPR.2016.90).'
    """

    def linked(match: re.Match) -> str:
        doi = match[1].rstrip(".,;:")
        rest = match[1][len(doi) :]
        shown = doi.replace("<", "&lt;").replace("_", "\\_")
        return f"[doi:{shown}](https://doi.org/{quote(doi, safe='/:;().-_')}){rest}"

    return re.sub(r"(?<![\[/\w])doi:(10\.\d{4,9}/[^\s\]]+)", linked, text)


def facts(run: Executed, held: Held, lessons: Sequence[Lesson], *, place: links.Place) -> str:
    """Return what one asks before a lesson, as a list in HTML: time, prerequisites, data, cost, claims, download."""
    lesson = run.lesson
    up = "../" * doc(lesson).count("/")
    minutes = lesson.minutes
    rows = {
        "Time": f"{minutes['teach']} minutes to read and run, {minutes['exercise']} for the exercises",
        "Level": level(lesson, lessons),
        "Before this": before(lesson, lessons, up),
        "Data": ", ".join(data_link(name, up) for name in sources(lesson)),
        "Cost": cost(run),
        "Claims": summary(run, held),
        "Results": of_when(run),
        "Get it": f'<a href="{up}downloads/{lesson.id}.ipynb" download>notebook</a> (without solutions)',
    }
    if place.repository:
        rows["Open it"] = f'<a href="{escape(links.binder(lesson, place))}">on Binder</a>'
        if place.hub:
            rows["Open it"] += f', <a href="{escape(links.pull(lesson, place))}">on the JupyterHub</a>'
    items = "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in rows.items())
    note = f"\n\n:::{{note}}\nThis page shows no results: {run.missing}.\n:::" if run.missing else ""
    return f'<dl class="facts">{items}</dl>{note}'


def before(lesson: Lesson, lessons: Sequence[Lesson], up: str) -> str:
    """Return links to the lessons that are needed, or "nothing"."""
    of = {each.id: each for each in lessons}
    needed = [of[name] for name in lesson.needs if name in of]
    linked = (f'<a href="{up}{doc(each)}.html">{each.number} {escape(each.title)}</a>' for each in needed)
    return "<br>".join(linked) or "nothing"


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


def cost(run: Executed) -> str:
    """Return measured seconds and memory beside the budget, or the budget alone."""
    budget = run.lesson.budget
    unit = '<abbr title="CPU-seconds, scaled to a reference machine">reference-seconds</abbr>'
    if not run.run:
        return f"at most {budget['cpu_s']:.0f} {unit} and {budget['ram_mb']:.0f} MB"
    memory = max(run.run.get("peak_mb") or 0, run.run["record"].get("peak_mb") or 0)
    return (
        f"{run.run['ref_s']:.0f} {unit} (budget {budget['cpu_s']:.0f}), "
        f"{memory:.0f} MB of memory (budget {budget['ram_mb']:.0f})"
    )


def of_when(run: Executed) -> str:
    """Return when and on what the results of the page were computed."""
    record = run.run.get("record", {})
    torch = record.get("versions", {}).get("torch", "")
    parts = [
        str(record.get("finished", "")).partition("T")[0],
        record.get("device", ""),
        f"torch {torch}" * bool(torch),
    ]
    return escape(", ".join(filter(None, parts))) or "none on this page"


def summary(run: Executed, held: Held) -> str:
    """Return in one line how the claims fare, with a link to the table at the end of the page."""
    verdicts = [claim["verdict"] for claim in run.claims] or [verdict for verdict, _ in run.lesson.stored_claims]
    counts = ", ".join(f"{word}: {verdicts.count(word)}" for word in dict.fromkeys(verdicts))
    fresh = held.seeds.get(run.lesson.data["default"], [])
    times = f"; the weakest held in {'{} of {}'.format(*min(fresh))} fresh seeds" if fresh else ""
    return f'{counts or "none"}{times} (<a href="#how-this-lesson-was-tested">all</a>)'


def how_tested(run: Executed, held: Held, *, up: str) -> str:
    """Return the section on the tests: each claim with its interval, verdict, fresh seeds and what felled it."""
    heads = ("Claim", "Estimate (95 % interval)", "Verdict", "Held in fresh seeds", "Falls when")
    stored = [{"verdict": v, "statement": s, "estimate": {}} for v, s in run.lesson.stored_claims]
    rows = "".join(f"<tr>{_row(k, claim, run, held, up)}</tr>" for k, claim in enumerate(run.claims or stored))
    head = "".join(f'<th scope="col">{text}</th>' for text in heads)
    stale = ""
    if held.stale:
        stale = f"{held.stale} older runs were made with another state of the lesson and do not count here.\n\n"
    return (
        "## How this lesson was tested\n\n"
        "A claim *holds* if its whole interval satisfies the bound. *Held in fresh seeds*: in how many of the runs "
        "with random seeds that the author never saw, on these data, it held; a dash means that none was run yet. "
        "*Falls when*: ways to break the lesson on purpose that must make the claim fall, and what it came to then. A "
        f"claim about networks must not hold either when no network learns.\n\n{stale}"
        f'<div class="wide" tabindex="0" role="region" aria-label="Claims of this lesson"><table class="claims">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(k: int, claim: dict, run: Executed, held: Held, up: str) -> str:
    lesson = run.lesson
    felled = [escape(name) + _came_out(held.broken.get(name, ()), k) for name in _fellers(lesson, k)]
    if lesson.about_networks(k + 1):
        felled.append("no network learns" + _came_out(held.null, k))
    seeds = (f"{data_link(name, up)}: {held.words(k, name) or '–'}" for name in sources(lesson))
    cells = [estimate(claim), claim["verdict"], "<br>".join(seeds), "<br>".join(felled) or "–"]
    first = f'<th scope="row">{escape(claim["statement"])}</th>'
    return first + "".join(f"<td>{text}</td>" for text in cells)


def _fellers(lesson: Lesson, k: int) -> list[str]:
    return [name for name, which in lesson.sabotages.items() if k + 1 in which]


def _came_out(verdicts: tuple[str, ...], k: int) -> str:
    return f": {verdicts[k]}" if k < len(verdicts) else ""


def estimate(claim: dict) -> str:
    """Return an estimate with its interval and bound as text.

    Examples
    --------
    >>> estimate({"estimate": {"value": 0.96, "low": 0.93, "high": 0.98, "unit": ""}, "above": 0.8, "below": None})
    '0.96 (0.93 to 0.98), bound: above 0.8'
    """
    e = claim["estimate"]
    if not e:
        return "–"
    unit = f" {escape(e['unit'])}" if e.get("unit") else ""
    bounds = [f"{side} {claim[side]:.3g}" for side in ("above", "below") if claim.get(side) is not None]
    return f"{e['value']:.3g} ({e['low']:.3g} to {e['high']:.3g}){unit}, bound: {' and '.join(bounds)}"


def _markdown(name: str, source: str) -> dict:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}
