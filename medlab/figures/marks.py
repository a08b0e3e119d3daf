"""What is drawn on an image: outlines of masks, boxes, points, and a scale bar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import numbers


def outline(axis, mask: np.ndarray, *, number: int = 0) -> None:
    """Draw the border of a mask on axes, in the color and line style of its number; an empty mask has none.

    Parameters
    ----------
    axis : matplotlib Axes
        That shows the picture, pixel centers at whole numbers.
    mask : array, shape (H, W), 0/1 or bool
    number : int
        Which of ``COLORS`` and ``STYLES``.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> outline(Figure().subplots(), np.ones((1, 1)), number=2)
    """
    mask = np.asarray(mask, dtype=bool)
    if not mask.any():
        return
    # A rim of zeros closes borders at the edge of the picture; white below keeps dark lines visible on dark tissue.
    rim = np.pad(mask.astype(float), 1)
    where = np.arange(-1, rim.shape[1] - 1), np.arange(-1, rim.shape[0] - 1)
    axis.contour(*where, rim, [0.5], colors="white", linewidths=2.6, alpha=0.6)
    look = style.look(number, marker=False)
    axis.contour(*where, rim, [0.5], colors=look["color"], linestyles=[look["linestyle"]], linewidths=1.6)


def draw_marks(panels: Sequence, shapes: Sequence[tuple[int, ...]], *, outlines, boxes, points) -> list:
    """Draw outlines, boxes and points on axes that show images of these shapes, and return keys for a legend."""
    from matplotlib.lines import Line2D

    keys: list = []
    for what, given in (("outlines", outlines), ("boxes", boxes), ("points", points)):
        for name, entries in _named_entries(what, given, len(panels)).items():
            look = style.look(len(keys), marker=what == "points", line=what != "points")
            for axis, shape, entry in zip(panels, shapes, entries, strict=True):
                if entry is not None:
                    _DRAW[what](axis, shape, entry, len(keys))
            keys.append(Line2D([], [], label=name, markersize=7, fillstyle="none", linewidth=1.6, **look))
    return [key for key in keys if key.get_label()]


def _named_entries(what: str, given, count: int) -> dict:
    if given is None:
        return {}
    groups = {str(name): entries for name, entries in given.items()} if isinstance(given, Mapping) else {"": given}
    for name, entries in groups.items():
        if not hasattr(entries, "__len__") or len(entries) != count:
            got = len(entries) if hasattr(entries, "__len__") else type(entries).__name__
            raise MedlabError(
                f"{what} {name!r}: {got} for {count} images", hint="one entry for each image; None for none"
            )
    return groups


def _draw_outline(axis, shape, mask, number: int) -> None:
    values = np.squeeze(numbers(mask, "outline", dims=(2, 3)))
    values = values.reshape(shape) if values.size == np.prod(shape) and values.ndim < 2 else values
    if values.shape != tuple(shape) or not np.isin(values, (0, 1)).all():
        raise MedlabError(
            f"an outline of shape {values.shape} on an image {tuple(shape)}",
            hint="a mask of 0 and 1, one for each pixel",
        )
    outline(axis, values, number=number)


def _draw_boxes(axis, shape, boxes, number: int) -> None:
    from matplotlib.patches import Rectangle

    look = style.look(number, marker=False)
    for top, left, bottom, right in _positions(boxes, "boxes", 4):
        at = (left, top), right - left, bottom - top
        axis.add_patch(Rectangle(*at, fill=False, edgecolor="white", linewidth=2.8, alpha=0.6))
        axis.add_patch(Rectangle(*at, fill=False, edgecolor=look["color"], linewidth=1.6, linestyle=look["linestyle"]))


def _draw_points(axis, shape, points, number: int) -> None:
    look = style.look(number, line=False)
    for row, column in _positions(points, "points", 2):
        axis.plot(
            column,
            row,
            color="white",
            marker=look["marker"],
            markersize=8,
            markeredgewidth=3,
            fillstyle="none",
            clip_on=False,
        )
        axis.plot(column, row, markersize=8, markeredgewidth=1.5, fillstyle="none", clip_on=False, **look)
    axis.set(xlim=(-0.5, shape[1] - 0.5), ylim=(shape[0] - 0.5, -0.5))


def _positions(given, what: str, wide: int) -> np.ndarray:
    empty = hasattr(given, "__len__") and not len(given)
    values = np.empty((0, wide)) if empty else np.atleast_2d(numbers(given, what, dims=(1, 2)))
    if values.shape[1] != wide:
        raise MedlabError(f"{what} have shape {values.shape}", hint=f"(any, {wide}) in pixels, rows before columns")
    return values


_DRAW = {"outlines": _draw_outline, "boxes": _draw_boxes, "points": _draw_points}


def scale_bar(axis, width: int, spacing: float) -> None:
    """Draw a bar of 1, 2 or 5 times a power of ten mm, about a quarter of the image wide."""
    from matplotlib.patheffects import withStroke

    wanted = 0.3 * width * spacing
    power = 10.0 ** np.floor(np.log10(wanted))
    length = max(k * power for k in (1, 2, 5) if k * power <= wanted)
    axis.annotate(
        "", (0.05 + length / spacing / width, 0.07), (0.05, 0.07), xycoords="axes fraction", textcoords="axes fraction",
        arrowprops={"arrowstyle": "-", "color": "white", "linewidth": 3, "shrinkA": 0, "shrinkB": 0,
                    "path_effects": [withStroke(linewidth=5, foreground="black")]},
    )  # fmt: skip
    axis.text(0.05, 0.09, f"{length:g} mm", transform=axis.transAxes, color="white", fontsize=8, va="bottom",
              path_effects=[withStroke(linewidth=2, foreground="black")])  # fmt: skip
