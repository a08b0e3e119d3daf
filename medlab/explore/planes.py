"""Explorer: a volume in three planes that share one cursor, each the way it is looked at in a hospital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.checks import masks_of, volume
from medlab.explore.controls import Slider
from medlab.explore.panel import Explorer

_NAMES = ("slice", "row", "column")
_PLANES = {"R": "sagittal", "L": "sagittal", "A": "coronal", "P": "coronal", "S": "axial", "I": "axial"}
_OPPOSITE = dict(zip("RLAPSI", "LRPAIS", strict=True))


def slices(
    image, masks: Mapping | None = None, *, spacing: Sequence[float] | None = None, axes: str = "", unit: str = ""
) -> Explorer:
    """Return an explorer of a volume: three planes through one point, which each of them marks.

    Parameters
    ----------
    image : array, shape (D, H, W), or a Cohort of one volume
    masks : dict of name to array of 0 and 1, shape (D, H, W), optional
        Drawn as outlines, each with a line style of its own; those of the cohort if not given.
    spacing : three numbers, mm, optional
        Along the axes of the array; that of the cohort, or 1, if not given.
    axes : str, optional
        Where each axis of the array runs to, such as "RAS": right, anterior (front), superior (top). That of the
        cohort if not given. Where it is known the front or the top is up, and the patient's right is on the left.
    unit : str
        Of the values.

    Returns
    -------
    Explorer
        Controls ``slice``, ``row``, ``column``, from 0; an axis of one voxel has none.

    Raises
    ------
    MedlabError
        If shapes, spacing or axes do not fit, or the volume holds NaN.

    Examples
    --------
    >>> slices(np.ones((2, 3, 4)), spacing=(2, 1, 1)).describe(slice=1, row=0, column=2)
    'Voxel (1, 0, 2), at 2.0, 0.0, 2.0 mm from the first: value 1.'
    """
    values, outlined, spacing, axes = taken(image, masks, spacing, axes)
    controls = tuple(
        Slider(name, f"{name} (of {n})", 0, n - 1, 1, n // 2)
        for name, n in zip(_NAMES, values.shape, strict=True)
        if n > 1
    )
    limits = figures.window(list(values[:: max(1, len(values) // 64)]))

    def render(**state):
        return _draw(values, outlined, spacing, axes, limits, _point(values, state))

    def describe(**state):
        return _tell(values, outlined, spacing, unit, _point(values, state))

    return Explorer(render, describe, controls)


def taken(image, masks, spacing, axes: str) -> tuple[np.ndarray, dict, tuple[float, ...], str]:
    """Return volume, masks, spacing in mm and axes, from the caller or from the cohort; refuse what does not fit."""
    values = volume(image)
    if masks is None and getattr(image, "masks", None) is not None:
        names = image.structures or [f"structure {k}" for k in range(image.masks.shape[1])]
        masks = {name: mask for name, mask in zip(names, image.masks[0], strict=True) if mask.any()}
    spacing = spacing if spacing is not None else getattr(image, "spacing", ()) or (1.0, 1.0, 1.0)
    steps = tuple(float(s) if np.isfinite(s) else 1.0 for s in spacing)
    if len(steps) != 3 or min(steps) <= 0:
        raise MedlabError(f"spacing {tuple(spacing)}", hint="three numbers above 0, in mm")
    axes = axes or getattr(image, "axes", "")
    if axes and sorted(_PLANES.get(letter, letter) for letter in axes) != ["axial", "coronal", "sagittal"]:
        raise MedlabError(f"axes {axes!r}", hint='one letter of each pair R L, A P, S I, such as "RAS"')
    return values, masks_of(values.shape, {} if masks is None else masks), steps, axes


def _point(image: np.ndarray, state: dict) -> tuple[int, ...]:
    return tuple(min(n - 1, max(0, round(state.get(k, 0)))) for k, n in zip(_NAMES, image.shape, strict=True))


def _draw(image, masks, spacing, axes, limits, point):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="none")  # type: ignore[arg-type]
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02 + 0.07 * -(-len(masks) // 5), top=0.9, wspace=0.03)
    for axis, number in zip(figure.subplots(1, 3), range(3), strict=True):
        down, across = (k for k in range(3) if k != number)
        upright = "".join(axes[k] for k in (down, across)) if axes else ""
        # The top is up, or the front where the plane has no top: else the picture is turned.
        turned = bool(upright) and (upright[1] in "SI" or (upright[1] in "AP" and upright[0] in "RL"))
        if turned:
            down, across = across, down
        _plane(axis, image, masks, number, down, across, spacing, limits, point)
        if axes:
            _orient(axis, axes[down], axes[across])
        name = _PLANES[axes[number]] if axes else f"across axis {number}"
        axis.set_title(f"{name}, {_NAMES[number]} {point[number]}", fontsize=9)
    if masks:
        figure.legend(
            handles=figures.line_keys(masks), loc="lower center", ncols=min(5, len(masks)), fontsize=8, frameon=False
        )
    return figure


def _plane(axis, image, masks, number, down, across, spacing, limits, point) -> None:
    def cut(values):
        plane = values.take(point[number], number)
        return plane if down < across else plane.T

    axis.imshow(cut(image), cmap="gray", vmin=limits[0], vmax=limits[1], aspect=spacing[down] / spacing[across])
    for k, mask in enumerate(masks.values()):
        figures.outline(axis, cut(mask), number=k)
    axis.axhline(point[down], color=figures.COLORS[5], linewidth=1.2, linestyle=":")
    axis.axvline(point[across], color=figures.COLORS[5], linewidth=1.2, linestyle=":")
    axis.set_axis_off()


def _orient(axis, down: str, across: str) -> None:
    """Turn axes so that top or front is up and the patient's right or front is on the left, and say so by letters."""
    if down in "SA":
        axis.invert_yaxis()
        down = _OPPOSITE[down]
    if across in "RA":
        axis.invert_xaxis()
        across = _OPPOSITE[across]
    for letter, x, y in ((_OPPOSITE[across], 0.03, 0.5), (across, 0.97, 0.5), (_OPPOSITE[down], 0.5, 0.96)):
        axis.text(x, y, letter, transform=axis.transAxes, color="white", fontsize=8, ha="center", va="center",
                  bbox={"facecolor": "black", "linewidth": 0, "pad": 1})  # fmt: skip


def _tell(image, masks, spacing, unit, point) -> str:
    place = ", ".join(f"{p * s:.1f}" for p, s in zip(point, spacing, strict=True))
    inside = [name for name, mask in masks.items() if mask[point]]
    told = f"Voxel {point}, at {place} mm from the first: value {image[point]:.4g} {unit}".strip()
    return told + (f"; inside {', '.join(inside) or 'no mask'}." if masks else ".")
