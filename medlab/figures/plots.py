"""Numbers against numbers: curves with bands, and scatters of points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import finite, named, numbers, positive
from medlab.stats import Estimate


def curves(
    values: Mapping,
    *,
    x: Sequence[float] | None = None,
    xlabel: str = "epoch",
    ylabel: str = "",
    title: str = "",
    bound: float | Mapping[str, float] | None = None,
    limits: tuple[float | None, float | None] | None = None,
    log: str = "",
    axis=None,
):
    """Return a figure with curves that share one x: means with a band where there are several seeds.

    Parameters
    ----------
    values : dict of name to array, shape (T,) or (S, T), or of name to T Estimates
        With S seeds the line is their mean and the band reaches from the lowest to the highest; with Estimates the
        band is the 95 % interval. NaN leaves a gap, and the legend says so.
    x : T numbers, optional
        1, 2, 3, ... if not given: epochs.
    xlabel, ylabel, title, bound, limits, log, axis
        See ``medlab.figures``; bound and limits are values of y.

    Raises
    ------
    MedlabError
        If curves differ in length from x, or hold no finite number.

    Examples
    --------
    >>> figure = curves({"loss": [[3, 2, 1], [4, 2, 2]]}, ylabel="loss")
    >>> figure.axes[0].lines[0].get_ydata().tolist()
    [3.5, 2.0, 1.5]
    """
    drawn = {name: _band(thing, name or "curve") for name, thing in named(values, "curve").items()}
    length = len(next(iter(drawn.values()))[0])
    at = np.arange(1, length + 1.0) if x is None else numbers(x, "x", dims=(1,))
    for name, (middle, *_) in drawn.items():
        if len(middle) != len(at):
            raise MedlabError(f"curve {name!r} has {len(middle)} points, x has {len(at)}", hint="one value for each x")
    positive(log, {"x": at, "y": np.concatenate([low for _, low, _, _ in drawn.values()])})
    axis = style.axes(axis, height=3.2)
    for k, (name, (middle, low, high, _)) in enumerate(drawn.items()):
        gaps = int((~np.isfinite(middle)).sum())
        told = f"{name} (no number at {gaps} of {len(at)})".strip() if gaps else name
        few = max(1, len(at) // 12)
        axis.plot(at, middle, label=told, markersize=5, markevery=(k % few, few), **style.look(k))
        axis.fill_between(at, low, high, color=style.look(k)["color"], alpha=0.18, linewidth=0)
    if x is None:
        from matplotlib.ticker import MaxNLocator

        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if length == 1:
            axis.set_xlim(0, 2)
    style.label(axis, xlabel=xlabel, ylabel=ylabel, title=title, log=log)
    style.references(axis, bound, across=True)
    if limits is not None:
        axis.set_ylim(*limits)
    bands = dict.fromkeys(band for *_, band in drawn.values() if band)
    style.legend(axis, title="; ".join(bands))
    return axis.figure


def _band(thing, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
    """Return middle, low and high of a curve, and what the band is."""
    if isinstance(thing, Sequence) and thing and all(isinstance(e, Estimate) for e in thing):
        middle, low, high = (np.array([getattr(e, k) for e in thing]) for k in ("value", "low", "high"))
        return middle, low, high, "shaded: 95 % interval"
    values = np.atleast_2d(numbers(thing, name, dims=(1, 2)))
    values = np.where(np.isfinite(values), values, np.nan)
    finite(values, name)
    if len(values) == 1:
        return values[0], values[0], values[0], ""
    # A seed that has no number makes the mean of that epoch none: a mean over the other seeds would look too good.
    middle = values.mean(0)
    return middle, values.min(0), values.max(0), f"mean of {len(values)} seeds; shaded: lowest to highest"


def scatter(
    groups: Mapping,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    limits: bool | float | Mapping[str, float] | None = None,
    identity: bool = False,
    join: bool = False,
    log: str = "",
    axis=None,
):
    """Return a figure with points, each group by a marker of its own.

    Parameters
    ----------
    groups : dict of name to (x, y), each of shape (N,)
        Points with NaN are left out, and the legend counts them.
    xlabel, ylabel, title, log, axis
        See ``medlab.figures``.
    limits : True, float or dict of name to float, optional
        Dotted lines at values of y. True draws the limits of agreement of the first group: its mean difference and
        1.96 standard deviations around it (Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8).
    identity : bool
        Draw the line y = x: points on it agree, or are calibrated.
    join : bool
        Connect the points of a group in their order, such as those of an ROC curve.

    Raises
    ------
    MedlabError
        If x and y differ in length, or nothing is left to draw.

    Examples
    --------
    >>> figure = scatter({"scans": ([1, 2, 3], [2, 1, 3])}, xlabel="mean, ml", ylabel="difference, ml", limits=True)
    >>> [round(line.get_ydata()[0], 2) for line in figure.axes[0].lines[1:]]
    [0.04, 2.0, 3.96]
    """
    pairs = {name: _pair(pair, name) for name, pair in named(groups, "group").items()}
    xs, ys = (np.concatenate([pair[k] for pair in pairs.values()]) for k in (0, 1))
    positive(log, {"x": xs, "y": ys})
    axis = style.axes(axis, height=3.6)
    for k, (name, (x, y, left_out)) in enumerate(pairs.items()):
        told = f"{name} ({left_out} without a number)".strip() if left_out else name
        few = max(1, len(x) // 15) if join else None
        dense = 1.0 if join else float(np.clip(3 / np.sqrt(len(x)), 0.25, 0.8))
        axis.plot(x, y, label=told, alpha=dense, markersize=5, markevery=few, **style.look(k, line=join))
    if identity:
        low, high = max(xs.min(), ys.min()), min(xs.max(), ys.max())
        ends = (low, high) if low < high else (min(xs.min(), ys.min()), max(xs.max(), ys.max()))
        axis.plot(ends, ends, color="0.25", linestyle=":", label="x = y", zorder=1)
    if limits is True:
        first = next(iter(pairs.values()))[1]
        mean, half = first.mean(), 1.96 * (first.std(ddof=1) if len(first) > 1 else 0.0)
        lines = (("lower limit", mean - half), ("bias", mean), ("upper limit", mean + half))
        limits = {f"{name}: {value:.3g}": value for name, value in lines}
    style.label(axis, xlabel=xlabel, ylabel=ylabel, title=title, log=log)
    style.references(axis, limits, across=True)
    style.legend(axis)
    return axis.figure


def _pair(pair, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise MedlabError(f"{name!r} is no pair of x and y", hint='such as {"patients": (age, error)}')
    x, y = (numbers(one, f"{name} {k}".strip(), dims=(1,)) for k, one in zip("xy", pair, strict=True))
    if len(x) != len(y):
        raise MedlabError(f"{name!r} has {len(x)} values of x and {len(y)} of y", hint="one of each for a point")
    kept = np.isfinite(x) & np.isfinite(y)
    if not kept.any():
        raise MedlabError(f"{name!r} holds no point with two finite numbers", hint="find out where the NaN comes from")
    return x[kept], y[kept], int((~kept).sum())
