"""Curves, histograms, scatters and matrices: one call for one plot."""

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
    xlabel, ylabel, title : str
        With units.
    bound : float or dict of name to float, optional
        Dotted lines at values of y.
    limits : two numbers, optional
        Of the y axis.
    log : {"", "x", "y", "xy"}
    axis : matplotlib Axes, optional
        Draw there, and not in a figure of its own.

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
    _finish(axis, xlabel=xlabel, ylabel=ylabel, title=title, log=log, bound=bound, limits=limits)
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
    xlabel, ylabel, title : str
        With units.
    limits : True, float or dict of name to float, optional
        Dotted lines at values of y. True draws the limits of agreement of the first group: its mean difference and
        1.96 standard deviations around it (Bland and Altman 1986, doi:10.1016/S0140-6736(86)90837-8).
    identity : bool
        Draw the line y = x: points on it agree, or are calibrated.
    join : bool
        Connect the points of a group in their order, such as those of an ROC curve.
    log : {"", "x", "y", "xy"}
    axis : matplotlib Axes, optional
        Draw there, and not in a figure of its own.

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
        half = 1.96 * (first.std(ddof=1) if len(first) > 1 else 0.0)
        mean = first.mean()
        limits = {
            f"{k}: {v:.3g}": v
            for k, v in {"lower limit": mean - half, "bias": mean, "upper limit": mean + half}.items()
        }
    _finish(axis, xlabel=xlabel, ylabel=ylabel, title=title, log=log, bound=limits, limits=None)
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


def histogram(
    values: Mapping,
    *,
    xlabel: str,
    ylabel: str = "",
    title: str = "",
    bins: int = 30,
    share: bool = False,
    bound: float | Mapping[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    log: str = "",
    axis=None,
):
    """Return a figure with one histogram for each group, over common bins.

    Parameters
    ----------
    values : dict of name to array
        Of any shape. NaN and infinity are left out, and the legend counts them.
    xlabel, ylabel, title : str
        With units; ``ylabel`` is "number" or "share" if empty.
    bins : int
        Number of bins; whole numbers of a short range get one bin each.
    share : bool
        Divide each group by its size: to compare groups of different sizes.
    bound : float or dict of name to float, optional
        Dotted lines at values of x, such as a threshold.
    limits : two numbers, optional
        Range of the bins; the legend counts what lies outside.
    log : {"", "y"}
    axis : matplotlib Axes, optional
        Draw there, and not in a figure of its own.

    Raises
    ------
    MedlabError
        If a group holds no finite number, or there is not at least one bin.

    Examples
    --------
    >>> figure = histogram({"ill": [1, 2, 2], "healthy": [0, 1, 1]}, xlabel="number of lesions")
    >>> figure.axes[0].get_legend_handles_labels()[1]
    ['ill (n = 3)', 'healthy (n = 3)']
    """
    groups = {name: numbers(v, name or "values", dims=tuple(range(1, 6))) for name, v in named(values, "group").items()}
    kept = {name: finite(v, name or "values") for name, v in groups.items()}
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1 or set(log) - {"y"}:
        raise MedlabError(f"bins={bins!r}, log={log!r}", hint='a whole number of bins, and log="y" or ""')
    edges = _edges(np.concatenate(list(kept.values())), bins, limits)
    axis = style.axes(axis, height=3.0)
    for k, (name, v) in enumerate(kept.items()):
        inside = v[(v >= edges[0]) & (v <= edges[-1])]
        told = [f"n = {len(v)}"]
        told += [f"{len(v) - len(inside)} outside"] if len(inside) < len(v) else []
        told += [f"{groups[name].size - len(v)} without a number"] if len(v) < groups[name].size else []
        heights = np.histogram(inside, edges)[0] / (len(v) if share else 1)
        axis.stairs(
            heights, edges, fill=True, color=style.COLORS[k % 7], alpha=0.25, hatch=style.HATCHES[k % 7], linewidth=0
        )
        axis.stairs(heights, edges, color=style.COLORS[k % 7], linestyle=style.look(k)["linestyle"], linewidth=1.8,
                    label=f"{name} ({', '.join(told)})".strip())  # fmt: skip
    _finish(
        axis,
        xlabel=xlabel,
        ylabel=ylabel or ("share" if share else "number"),
        title=title,
        log=log,
        bound=None,
        limits=None,
    )
    style.references(axis, bound, across=False)
    style.legend(axis)
    return axis.figure


def _edges(values: np.ndarray, bins: int, limits: tuple[float, float] | None) -> np.ndarray:
    low, high = (float(v) for v in (limits or (values.min(), values.max())))
    if limits is not None and not low < high:
        raise MedlabError(f"limits {low:g} to {high:g} leave no room", hint="the lower one first")
    if limits is None and high - low <= 30 and np.array_equal(values, np.round(values)):
        return np.arange(low - 0.5, high + 1)
    return np.linspace(low, high, bins + 1) if low < high else np.linspace(low - 0.5, low + 0.5, 2)


def _finish(axis, *, xlabel: str, ylabel: str, title: str, log: str, bound, limits) -> None:
    style.label(axis, xlabel=xlabel, ylabel=ylabel, title=title, log=log)
    style.references(axis, bound, across=True)
    if limits is not None:
        axis.set_ylim(*limits)


def matrix(
    counts,
    *,
    classes: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    xlabel: str = "predicted class",
    ylabel: str = "true class",
    title: str = "",
    share: bool = True,
    axis=None,
):
    """Return a figure of a matrix with its numbers written into it, such as a confusion matrix.

    Parameters
    ----------
    counts : array, shape (R, C)
        Whole numbers are written as they are, others with two digits. NaN stays white.
    classes : R names, optional
        Of the rows, and of the columns of a square matrix.
    columns : C names, optional
        Of the columns, where they differ from the rows.
    xlabel, ylabel, title : str
    share : bool
        Color by the share of the row, where no number is below 0; otherwise by the number itself.
    axis : matplotlib Axes, optional
        Draw there, and not in a figure of its own.

    Raises
    ------
    MedlabError
        If it is no matrix, or the number of names differs from that of rows or columns.

    Examples
    --------
    >>> figure = matrix([[8, 2], [1, 9]], classes=["healthy", "ill"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['8', '2', '1', '9']
    """
    values = numbers(counts, "matrix", dims=(2,))
    finite(values, "matrix")
    rows, across = _names(values.shape, classes, columns)
    share = share and np.nanmin(values) >= 0
    colored = values / np.maximum(np.nansum(values, 1, keepdims=True), 1e-12) if share else values
    side = min(6.2, 1.0 + 0.55 * max(values.shape))
    axis = style.axes(
        axis, height=side * min(1.0, values.shape[0] / values.shape[1]) + 1.0, width=min(style.WIDTH, side + 2.2)
    )
    top = 1.0 if share else max(float(np.nanmax(np.abs(colored))), 1e-12)
    low, colors = (-top, "RdBu_r") if np.nanmin(colored) < 0 else (0.0, "Blues")
    drawn = axis.imshow(
        colored, cmap=colors, vmin=low, vmax=top, aspect="equal" if axis.figure.axes == [axis] else "auto"
    )
    _write(axis, values, np.abs(colored) > 0.6 * top, cell=0.75 * side / max(values.shape))
    turned = sum(map(len, across)) > 9 * side
    turn = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if turned else {}
    axis.set_xticks(range(len(across)), [style.wrapped(n, 1.6, size=9) for n in across], fontsize=9, **turn)
    axis.set_yticks(range(len(rows)), [style.wrapped(n, 1.6, size=9) for n in rows], fontsize=9)
    style.label(axis, xlabel=xlabel, ylabel=ylabel, title=title)
    axis.spines[:].set_visible(False)
    axis.figure.colorbar(drawn, ax=axis, label="share of the row" if share else "", shrink=0.8)
    return axis.figure


def _write(axis, values: np.ndarray, dark: np.ndarray, *, cell: float) -> None:
    """Write the numbers into cells that are ``cell`` inches wide, as far as they stay legible."""
    known = values[np.isfinite(values)]
    digits = 0 if np.array_equal(known, np.round(known)) else 2
    size = min(9.0, cell * 72 / (0.7 * max(len(f"{v:.{digits}f}") for v in known)))
    for (i, j), value in np.ndenumerate(values if size >= 5 else np.empty((0, 0))):
        if np.isfinite(value):
            color = "w" if dark[i, j] else "k"
            axis.text(j, i, f"{value:.{digits}f}", ha="center", va="center", fontsize=size, color=color)


def _names(shape: tuple[int, ...], classes, columns) -> tuple[list[str], list[str]]:
    rows = [str(k) for k in range(shape[0])] if classes is None else [str(name) for name in classes]
    if columns is None:
        across = rows if shape[0] == shape[1] else [str(k) for k in range(shape[1])]
    else:
        across = [str(name) for name in columns]
    if (len(rows), len(across)) != shape:
        raise MedlabError(
            f"a matrix of {shape[0]} x {shape[1]} with {len(rows)} names of rows and {len(across)} of columns",
            hint="one name for each row in classes, and for each column in columns",
        )
    return rows, across
