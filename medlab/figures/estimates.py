"""Numbers with their intervals: side by side, and the claims of a lesson against their bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from medlab import claims as rules
from medlab import stats
from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import named
from medlab.stats import Estimate

if TYPE_CHECKING:
    from medlab.claims import Claim

OPEN = "Open: the interval lies on both sides of the bound, so these data do not decide."


def intervals(
    estimates: Mapping,
    *,
    bound: float | Mapping[str, float] | None = None,
    xlabel: str = "",
    title: str = "",
    limits: tuple[float | None, float | None] | None = None,
    axis=None,
):
    """Return a figure with one row for each estimate: a mark, its 95 % interval, and both in numbers.

    Parameters
    ----------
    estimates : dict of name to Estimate, or of name to dict of series to Estimate
        With series, each row holds one mark for each of them, and a legend names them.
    bound, xlabel, title, limits, axis
        See ``medlab.figures``; ``xlabel`` is made from the estimates if empty.

    Raises
    ------
    MedlabError
        If there is none, or a value is no Estimate.

    Examples
    --------
    >>> auc = {"network": Estimate(0.9, 0.85, 0.94, n_patients=90), "chance": Estimate(0.5, 0.4, 0.6, n_patients=90)}
    >>> [text.get_text() for text in intervals(auc, bound=0.5, xlabel="AUC").axes[0].get_yticklabels()]
    ['network', 'chance']
    """
    rows = _rows(estimates)
    series = list(dict.fromkeys(name for row in rows.values() for name in row))
    labels = [style.wrapped(name, 2.4, size=9) for name in rows]
    tall = max(0.16 + 0.15 * max(text.count("\n") + 1 for text in labels), 0.18 * len(series))
    axis = style.axes(axis, height=1.0 + tall * len(rows) + 0.25 * bool(title))
    every = []
    for k, marks in enumerate(rows.values()):
        for name, e in marks.items():
            number = series.index(name)
            at = k + (number - (len(series) - 1) / 2) * 0.7 / len(series)
            _mark(axis, e, at, number=number, name=name if name not in axis.get_legend_handles_labels()[1] else None)
            every.append((at, _short(e)))
    axis.set_yticks(range(len(rows)), labels, fontsize=9)
    axis.set_ylim(len(rows) - 0.4, -0.6)
    if limits is not None:
        axis.set_xlim(*limits)
    first = next(iter(rows[next(iter(rows))].values()))
    xlabel = xlabel or f"{first.name or 'estimate'}{f', {first.unit}' if first.unit else ''}"
    style.label(axis, xlabel=f"{xlabel} (95 % interval)", ylabel="", title=title)
    style.references(axis, bound, across=False)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    if len(series) > 1:
        style.legend(axis)
    else:
        for at, text in every:
            axis.annotate(text, (1.01, at), xycoords=("axes fraction", "data"), fontsize=8, va="center")
    return axis.figure


def _rows(estimates: Mapping) -> dict[str, dict[str, Estimate]]:
    """Return the estimates of each row by the name of their series, which is empty where a row has one."""
    rows = {
        name: named(e, "estimate") if isinstance(e, Mapping) else {"": e}
        for name, e in named(estimates, "estimate").items()
    }
    for name, row in rows.items():
        for e in row.values():
            if not isinstance(e, Estimate):
                raise MedlabError(f"{name!r} is a {type(e).__name__}", hint="pass Estimates, made by medlab.stats")
    return rows


def _short(e: Estimate) -> str:
    return e.interval.replace("95 % CI ", "")


def _mark(axis, e: Estimate, at: float, *, number: int = 0, name: str | None = None) -> None:
    look = style.look(number, line=False)
    ends = [v for v in (e.low, e.high) if np.isfinite(v)]
    axis.plot(ends, [at] * len(ends), color=look["color"], linestyle="-", linewidth=2.5, solid_capstyle="butt")
    axis.plot(e.value, at, label=name, markersize=7, markerfacecolor="white", markeredgewidth=1.6, **look)


def forest(claims: Sequence[Claim], *, title: str = "Claims and their intervals"):
    """Return a forest plot: for each claim its verdict, estimate, 95 % interval and bound, on a scale of its own.

    Raises
    ------
    MedlabError
        If there is no claim.
    """
    from matplotlib.figure import Figure

    if not claims:
        raise MedlabError("there is no claim to draw", hint="state one with lab.claim first")
    figure = Figure(figsize=(style.WIDTH, 0.5 + 0.85 * len(claims)), layout="constrained")
    figure.suptitle(title, fontsize=11)
    panels = figure.subplots(len(claims), 1, squeeze=False)[:, 0]
    for axis, claim in zip(panels, claims, strict=True):
        e = claim.estimate
        _mark(axis, e, 0)
        for bound in (claim.above, claim.below):
            if bound is not None:
                axis.axvline(bound, color="black", linestyle=":", linewidth=1.4)
        edges = [v for v in (e.value, e.low, e.high, claim.above, claim.below) if v is not None and np.isfinite(v)]
        room = 0.12 * (max(edges) - min(edges)) or 0.1
        axis.set(xlim=(min(edges) - room, max(edges) + room), ylim=(-1, 1), yticks=[0])
        said = f"{style.wrapped(claim.statement, 3.4, size=8)}\n{claim.verdict}: wanted {claim.bound}"
        axis.set_yticklabels([said], fontsize=8)
        axis.annotate(_short(e), (1.01, 0), xycoords=("axes fraction", "data"), fontsize=8, va="center")
        axis.tick_params(axis="x", labelsize=8)
        axis.tick_params(axis="y", length=0)
        axis.spines[["left", "top", "right"]].set_visible(False)
    panels[-1].set_xlabel("estimate with 95 % interval; dotted line: the bound", fontsize=9)
    return figure


def tell(claims: Sequence[Claim]) -> tuple[str, str]:
    """Return caption and alternative text of the forest of some claims.

    Examples
    --------
    >>> from medlab.claims import Claim
    >>> tell([Claim("It gains", Estimate(0.2, 0.1, 0.3, n_patients=9), above=0)])[1]
    'Forest plot of 1 claim. It gains: holds, 0.20 (95 % CI 0.10 to 0.30), bound above 0.'
    """
    verdicts = [claim.verdict for claim in claims]
    counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
    caption = f"{len(claims)} claim{'s' * (len(claims) > 1)}: {counts}. "
    if rules.OPEN in verdicts:
        caption += f"{OPEN} "
    if rules.UNJUDGED in verdicts:
        caption += "Not judged: the sizes of preset smoke are too small. "
    caption += stats.LEFT_OUT
    each = "; ".join(f"{c.statement}: {c.verdict}, {c.estimate.interval}, bound {c.bound}" for c in claims)
    return caption.strip(), f"Forest plot of {len(claims)} claim{'s' * (len(claims) > 1)}. {each}."
