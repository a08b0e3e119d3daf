"""Explorer: a volume in three planes that share one cursor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.checks import masks_of, span, volume
from medlab.explore.controls import Slider
from medlab.explore.panel import Explorer

_NAMES = ("slice", "row", "column")


def slices(
    image,
    masks=None,
    *,
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    planes: Sequence[str] = ("axial", "coronal", "sagittal"),
    unit: str = "",
) -> Explorer:
    """Return an explorer of a volume: three planes through one point, which each of them marks.

    Parameters
    ----------
    image : array, shape (D, H, W), or a Cohort of one volume
    masks : dict of name to array of 0 and 1, shape (D, H, W), optional
        Drawn as outlines, each with a line style of its own.
    spacing : three numbers, mm
        Along the axes of the array.
    planes : three words
        What the planes across the first, second and third axis are called; the default is that of a stack of
        transverse slices.
    unit : str
        Of the values.

    Returns
    -------
    Explorer
        Controls ``slice``, ``row``, ``column``, from 0; an axis of one voxel has none.

    Raises
    ------
    MedlabError
        If shapes do not fit, or the volume holds NaN.

    Examples
    --------
    >>> slices(np.ones((2, 3, 4)), spacing=(2, 1, 1)).describe(slice=1, row=0, column=2)
    'Voxel (1, 0, 2), at 2.0, 0.0, 2.0 mm from the first: value 1.'
    """
    image = volume(image)
    outlined = masks_of(image.shape, masks) if masks is not None else {}
    spacing = tuple(float(s) if np.isfinite(s) else 1.0 for s in spacing)
    if len(spacing) != 3 or min(spacing) <= 0 or len(planes) != 3:
        raise MedlabError(f"spacing {spacing}, planes {tuple(planes)}", hint="three of each, spacing above 0 mm")
    controls = tuple(
        Slider(name, f"{name} (of {n})", 0, n - 1, 1, n // 2)
        for name, n in zip(_NAMES, image.shape, strict=True)
        if n > 1
    )
    limits = span(image[:: max(1, image.shape[0] // 64)])

    def render(**state):
        return _draw(image, outlined, spacing, tuple(planes), limits, _point(image, state))

    def describe(**state):
        return _tell(image, outlined, spacing, unit, _point(image, state))

    return Explorer(render, describe, controls)


def _point(image: np.ndarray, state: dict) -> tuple[int, ...]:
    return tuple(min(n - 1, max(0, round(state.get(k, 0)))) for k, n in zip(_NAMES, image.shape, strict=True))


def _draw(image, masks, spacing, planes, limits, point):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.08 if masks else 0.02, top=0.9, wspace=0.03)
    for axis, number, plane in zip(figure.subplots(1, 3), range(3), planes, strict=True):
        down, across = (k for k in range(3) if k != number)
        axis.imshow(
            image.take(point[number], number), cmap="gray", vmin=limits[0], vmax=limits[1],
            aspect=spacing[down] / spacing[across],
        )  # fmt: skip
        for k, mask in enumerate(masks.values()):
            figures.outline(axis, mask.take(point[number], number), number=k)
        axis.axhline(point[down], color=figures.COLORS[5], linewidth=1.2, linestyle=":")
        axis.axvline(point[across], color=figures.COLORS[5], linewidth=1.2, linestyle=":")
        axis.set_title(f"{plane}, {_NAMES[number]} {point[number]}", fontsize=9)
        axis.set_axis_off()
    if masks:
        figure.legend(handles=figures.line_keys(masks), loc="lower center", ncols=len(masks), fontsize=8)
    return figure


def _tell(image, masks, spacing, unit, point) -> str:
    place = ", ".join(f"{p * s:.1f}" for p, s in zip(point, spacing, strict=True))
    inside = [name for name, mask in masks.items() if mask[point]]
    told = f"Voxel {point}, at {place} mm from the first: value {image[point]:.4g} {unit}".strip()
    return told + (f"; inside {', '.join(inside) or 'no mask'}." if masks else ".")
