"""Bring a cohort, or one image, to another number of pixels; everything that is counted in pixels or mm follows."""

from __future__ import annotations

from numbers import Integral

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from medlab.cohort import Cohort
from medlab.errors import MedlabError
from medlab.sources.npz import check_memory

Shape = tuple[int, ...]


def resampled(array: Tensor, shape: Shape) -> Tensor:
    """Return images (N, C, ...) or masks of bytes (N, M, ...) on a grid of this shape over the same field.

    Images are averaged where they shrink and interpolated linearly where they grow; masks keep their values.
    """
    old = tuple(array.shape[2:])
    if array.dtype == torch.uint8:
        return F.interpolate(array, size=shape, mode="nearest-exact")
    if len(shape) == 2:
        return F.interpolate(array, size=shape, mode="bilinear", antialias=True)
    if all(new <= was for new, was in zip(shape, old, strict=True)):
        return F.interpolate(array, size=shape, mode="area")
    return F.interpolate(array, size=shape, mode="trilinear", align_corners=False)


def rescaled(spacing: tuple[float, ...], old: Shape, new: Shape) -> tuple[float, ...]:
    """Return the spacing in mm after resampling.

    Examples
    --------
    >>> rescaled((1.0, 2.0), (8, 8), (16, 4))
    (0.5, 4.0)
    """
    return tuple(float(mm * was / now) for mm, was, now in zip(spacing, old, new, strict=True))


def resize(cohort: Cohort, size: int | Shape | None) -> Cohort:
    """Resample a cohort: images and masks, and with them boxes, landmarks, spacing and its columns ``spacing_0``, ...

    Parameters
    ----------
    cohort : Cohort
    size : int or tuple of int, optional
        Pixels along the longest axis (the others keep their proportion), or along every axis.

    Raises
    ------
    MedlabError
        If the size has no sense for these images.
    """
    if size is None:
        return cohort
    old = tuple(cohort.images.shape[2:])
    new = wanted_shape(size, old, in_proportion=True)
    if new == old:
        return cohort
    check_memory(cohort.source, 4 * len(cohort) * cohort.images.shape[1] * int(np.prod(new, dtype=object)))
    cohort.images = resampled(cohort.images, new)
    if cohort.masks is not None:
        drawn = cohort.masks.flatten(2).any(dim=2)
        cohort.masks = resampled(cohort.masks, new)
        if lost := int((drawn & ~cohort.masks.flatten(2).any(dim=2)).any(dim=1).sum()):
            cohort.notes += (f"masks of {lost} images hold structures too small for this size: they are empty now",)
    scale = torch.tensor([now / was for now, was in zip(new, old, strict=True)])
    if cohort.boxes is not None:
        cohort.boxes = [boxes * scale.repeat(2) for boxes in cohort.boxes]
    if cohort.landmarks is not None:
        # Positions are those of the centers of pixels, and the center of the first is at 0.
        cohort.landmarks = (cohort.landmarks + 0.5) * scale - 0.5
    if cohort.spacing:
        cohort.spacing = rescaled(cohort.spacing, old, new)
    columns = {name: cohort.patients[name] / float(scale[axis]) for axis, name in _spacing_columns(cohort)}
    cohort.patients = cohort.patients.assign(**columns)
    return cohort


def _spacing_columns(cohort: Cohort) -> list[tuple[int, str]]:
    names = [(axis, f"spacing_{axis}") for axis in range(cohort.dims)]
    return [(axis, name) for axis, name in names if name in cohort.patients]


def wanted_shape(size, old: Shape, *, in_proportion: bool = False) -> Shape:
    """Return the shape that a size stands for, or raise if it has no sense.

    Examples
    --------
    >>> wanted_shape(8, (16, 4), in_proportion=True), wanted_shape(8, (16, 4))
    ((8, 2), (8, 8))
    """
    sizes = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    if len(sizes) not in (1, len(old)) or not all(isinstance(k, Integral) and 0 < int(k) <= 4096 for k in sizes):
        raise MedlabError(
            f"size {size!r} for images of {'x'.join(map(str, old))}",
            hint=f"one number of pixels, 1 to 4096, or {len(old)}",
        )
    if len(sizes) == 1:
        return tuple(max(1, round(k * sizes[0] / max(old))) if in_proportion else int(sizes[0]) for k in old)
    return tuple(int(k) for k in sizes)
