"""Numbers that are counted: histograms, and matrices such as confusion matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import finite, named, numbers


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
    xlabel, ylabel, title, bound, log, axis
        See ``medlab.figures``; ``ylabel`` is "number" or "share" if empty, bound is a value of x, only y can be log.
    bins : int
        Number of bins; whole numbers of a short range get one bin each.
    share : bool
        Divide each group by its size: to compare groups of different sizes.
    limits : two numbers, optional
        Range of the bins; the legend counts what lies outside.

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
        told += [f"{outside} outside"] if (outside := len(v) - len(inside)) else []
        told += [f"{missing} without a number"] if (missing := groups[name].size - len(v)) else []
        heights = np.histogram(inside, edges)[0] / (len(v) if share else 1)
        color, dashes, hatch = style.look(k)["color"], style.look(k)["linestyle"], style.HATCHES[k % 7]
        axis.stairs(heights, edges, fill=True, color=color, alpha=0.25, hatch=hatch, linewidth=0)
        name = f"{name} ({', '.join(told)})".strip()
        axis.stairs(heights, edges, color=color, linestyle=dashes, linewidth=1.8, label=name)
    style.label(axis, xlabel=xlabel, ylabel=ylabel or ("share" if share else "number"), title=title, log=log)
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
    xlabel, ylabel, title, axis
        See ``medlab.figures``.
    share : bool
        Color by the share of the row, where no number is below 0; otherwise by the number itself.

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
    alone, tall = axis is None, side * min(1.0, values.shape[0] / values.shape[1]) + 1.0
    axis = style.axes(axis, height=tall, width=min(style.WIDTH, side + 2.2))
    top = 1.0 if share else max(float(np.nanmax(np.abs(colored))), 1e-12)
    low, colors = (-top, "RdBu_r") if np.nanmin(colored) < 0 else (0.0, "Blues")
    drawn = axis.imshow(colored, cmap=colors, vmin=low, vmax=top, aspect="equal" if alone else "auto")
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
