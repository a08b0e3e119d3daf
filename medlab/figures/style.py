"""Colors, line styles and markers, and what every plot shares: axes, wrapped words, a legend beside the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill, shorten

from medlab.figures.checks import numbers

# Okabe and Ito's colors are told apart with every common kind of color blindness; each has its own line style too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "+++", "ooo")
WIDTH = 8.0  # inches: no figure is wider, so that its words are legible on a page


def style() -> None:
    """Set matplotlib's defaults for a lesson: legible sizes, one cycle of color and line style."""
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.dpi": 100, "savefig.dpi": 100, "font.size": 10, "axes.titlesize": 11, "image.cmap": "gray",
            "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=STYLES),
        }
    )  # fmt: skip


def look(number: int, *, marker: bool = True, line: bool = True) -> dict:
    """Return color, marker and line style of a series, as keywords of ``Axes.plot``.

    Examples
    --------
    >>> look(1, line=False)["linestyle"]
    'none'
    """
    # After all seven colors the line styles go on by one, so that 14 series still differ.
    color, turn = number % len(COLORS), number // len(COLORS)
    return {
        "color": COLORS[color],
        "marker": MARKERS[(color + turn) % len(MARKERS)] if marker else "",
        "linestyle": STYLES[(color + turn) % len(STYLES)] if line else "none",
    }


def line_keys(names: Iterable[str], *, numbers: Sequence[int] | None = None) -> list:
    """Return handles for a legend of outlines: each name with the color and line style of its number.

    Parameters
    ----------
    names : iterable of str
    numbers : sequence of int, optional
        As given to ``outline``; 0, 1, 2, ... if not given.

    Examples
    --------
    >>> [key.get_label() for key in line_keys(["A", "B"])]
    ['A', 'B']
    """
    from matplotlib.lines import Line2D

    places = numbers if numbers else range(len(COLORS) * 9)
    return [
        Line2D([], [], linewidth=1.6, label=name, **look(k, marker=False))
        for k, name in zip(places, names, strict=False)
    ]


def axes(axis, *, height: float, width: float = WIDTH):
    """Return the axes to draw on: those given, or the only ones of a new figure of this size in inches."""
    if axis is not None:
        return axis
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").subplots()


def label(axis, *, xlabel: str, ylabel: str, title: str, log: str = "") -> None:
    """Name both axes, wrap the title to the width of the axes, and make the axes named in ``log`` logarithmic."""
    width = axis.get_position().width * axis.figure.get_figwidth()
    axis.set(xlabel=wrapped(xlabel, width, size=10), ylabel=ylabel, title=wrapped(title, width, size=11))
    for name in log:
        getattr(axis, f"set_{name}scale")("log")
    axis.spines[["top", "right"]].set_visible(False)


def legend(axis, *, title: str = "") -> None:
    """Put the legend to the right of the axes, where it covers no data."""
    handles, names = axis.get_legend_handles_labels()
    if len(handles) > 1 or (handles and title):
        names = [wrapped(name, 2.0, size=9) for name in names]
        axis.legend(
            handles, names, title=wrapped(title, 2.0, size=9), title_fontsize=9, fontsize=9, frameon=False,
            loc="upper left", bbox_to_anchor=(1.01, 1.0), alignment="left", handlelength=3.2,
        )  # fmt: skip


def references(axis, lines: float | Mapping[str, float] | None, *, across: bool) -> None:
    """Draw dotted reference lines with their names, at values of y if ``across``, else of x; after ``label``."""
    from matplotlib.patheffects import withStroke

    if lines is None:
        return
    named = {str(k): v for k, v in lines.items()} if isinstance(lines, Mapping) else {"": lines}
    for k, (name, given) in enumerate(named.items()):
        value = float(numbers(given, name or "bound", dims=(0,)))
        (axis.axhline if across else axis.axvline)(value, color="0.25", linestyle=":", linewidth=1.3, zorder=1)
        place = (1, value) if across else (value, 1)
        axis.annotate(
            name, place, xycoords=("axes fraction", "data")[:: 1 if across else -1], fontsize=8, va="bottom",
            ha="right" if across else "center", xytext=(0, 1 if across else 1 + 9 * k), textcoords="offset points",
            path_effects=[withStroke(linewidth=2, foreground="white")],
        )  # fmt: skip
    if not across and any(named):
        axis.set_title(axis.get_title(), pad=6 + 10 * len(named))


def wrapped(text: object, width: float, *, size: float, lines: int = 4) -> str:
    """Return text in lines that fit a width in inches at a size in points; what exceeds all lines ends in "...".

    Examples
    --------
    >>> wrapped("a long title for a small picture", 1.0, size=10)
    'a long title\\nfor a small\\npicture'
    """
    letters = max(4, int(width * 72 / (0.55 * size)))
    kept = [fill(part, letters) for part in str(text).replace("$", r"\$").split("\n")]
    full = "\n".join(kept)
    if full.count("\n") < lines:
        return full
    return fill(
        shorten(" ".join(str(text).split()).replace("$", r"\$"), letters * (lines - 1), placeholder=" ..."), letters
    )
