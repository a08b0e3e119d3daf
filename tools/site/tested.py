"""How a lesson was tested: each claim with its interval, fresh seeds, and what felled it."""

from __future__ import annotations

from html import escape

from medlab.lesson import Lesson
from tools.site.addresses import data_link, sources
from tools.site.held import Held
from tools.site.runs import Executed


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
