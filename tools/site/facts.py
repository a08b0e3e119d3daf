"""What one asks before a lesson: time, prerequisites, data, cost, claims, download."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from medlab.lesson import Lesson
from tools import links
from tools.generate import level
from tools.site.addresses import data_link, doc, sources, title
from tools.site.held import Held
from tools.site.runs import Executed


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
    linked = (f'<a href="{up}{doc(each)}.html">{each.number} {escape(title(each))}</a>' for each in needed)
    return "<br>".join(linked) or "nothing"


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
