"""Bring images of different sizes onto one grid, in the way that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from medlab.errors import DataError, MedlabError

FITS = ("pad", "crop", "resample")


@dataclass(frozen=True)
class Fit:
    """How different sizes become one: one of ``FITS`` or None, and the pixels along every axis."""

    how: str | None = None
    size: int | tuple[int, ...] | None = None


def common_shape(shapes: list[tuple[int, ...]], paths: list[Path], fit: Fit) -> tuple[int, ...]:
    """Return the shape that all images will have.

    Parameters
    ----------
    shapes : list of tuple of int
        Spatial shape of every image, all with as many axes.
    paths : list of Path
        Their files, for the message.
    fit : Fit
        What the reader asked for.

    Raises
    ------
    DataError
        If sizes differ and nothing was asked for, or the size that was asked for does not fit an image.

    Examples
    --------
    >>> common_shape([(4, 6), (5, 5)], [Path("a.png"), Path("b.png")], Fit("pad"))
    (5, 6)
    """
    largest, smallest = tuple(map(max, zip(*shapes, strict=True))), tuple(map(min, zip(*shapes, strict=True)))
    if fit.how is None:
        if largest == smallest:
            return largest
        other = next(k for k, shape in enumerate(shapes) if shape != shapes[0])
        raise DataError(
            f"{len(shapes)} images have {len(set(shapes))} sizes, from {_by(smallest)} to {_by(largest)}: "
            f"{paths[0].name} is {_by(shapes[0])}, {paths[other].name} is {_by(shapes[other])}",
            hint=f"pass fit='pad' (to {_by(largest)}), fit='crop' (to {_by(smallest)}), "
            f"or fit='resample', size={largest}",
        )
    if fit.size is None:
        if fit.how == "resample":
            raise MedlabError("fit='resample' needs a size", hint=f"such as size={largest}")
        return largest if fit.how == "pad" else smallest
    wanted = tuple(fit.size) if isinstance(fit.size, (tuple, list)) else (fit.size,) * len(largest)
    if len(wanted) != len(largest) or not all(isinstance(k, Integral) and 0 < k <= 4096 for k in wanted):
        raise MedlabError(
            f"size {fit.size!r} for images of {_by(largest)}", hint=f"a number of pixels, 1 to 4096, or {len(largest)}"
        )
    for shape, path in zip(shapes, paths, strict=True):
        wrong = any(n > k if fit.how == "pad" else n < k for n, k in zip(shape, wanted, strict=True))
        if wrong and fit.how != "resample":
            raise DataError(
                f"{path.name} is {_by(shape)}: fit={fit.how!r} cannot make it {_by(wanted)}",
                hint=f"fit='pad' from {_by(largest)}, fit='crop' up to {_by(smallest)}, or fit='resample'",
            )
    return tuple(int(k) for k in wanted)


def fitted(array: Tensor, shape: tuple[int, ...], fit: Fit) -> Tensor:
    """Return an image (C, ...) or a mask (M, ...) of bytes on the common grid.

    Images are padded with their lowest value and resampled linearly; masks are padded with 0 and keep their values.
    """
    old = tuple(array.shape[1:])
    if old == shape:
        return array
    if fit.how == "resample":
        if array.dtype == torch.uint8:
            return F.interpolate(array[None], size=shape, mode="nearest-exact")[0]
        if len(shape) == 2:
            return F.interpolate(array[None], size=shape, mode="bilinear", antialias=True)[0]
        if all(new <= was for new, was in zip(shape, old, strict=True)):
            return F.interpolate(array[None], size=shape, mode="area")[0]
        return F.interpolate(array[None], size=shape, mode="trilinear", align_corners=False)[0]
    if fit.how == "crop":
        return array[_middle(shape, old)]
    grid = array.new_full((len(array), *shape), 0 if array.dtype == torch.uint8 else float(array.min()))
    grid[_middle(old, shape)] = array
    return grid


def moved(boxes: Tensor, old: tuple[int, ...], shape: tuple[int, ...], fit: Fit) -> Tensor:
    """Return boxes (B, 2 * dims) on the common grid; cropping cuts them, and one that lies outside becomes empty."""
    was, new = torch.tensor(old, dtype=torch.float32), torch.tensor(shape, dtype=torch.float32)
    if fit.how == "resample":
        return boxes * (new / was).repeat(2)
    shift = torch.floor((new - was) / 2) if fit.how == "pad" else -torch.floor((was - new) / 2)
    return torch.minimum((boxes + shift.repeat(2)).clamp(min=0), new.repeat(2))


def scaled(spacing: tuple[float, ...], old: tuple[int, ...], shape: tuple[int, ...], fit: Fit) -> tuple[float, ...]:
    """Return the spacing in mm after fitting: only resampling changes it."""
    if fit.how != "resample":
        return spacing
    return tuple(float(mm * was / new) for mm, was, new in zip(spacing, old, shape, strict=True))


def _middle(small: tuple[int, ...], large: tuple[int, ...]) -> tuple[slice, ...]:
    """Return where a small array lies in the middle of a large one, all channels."""
    starts = [(b - a) // 2 for a, b in zip(small, large, strict=True)]
    return (slice(None), *(slice(start, start + a) for start, a in zip(starts, small, strict=True)))


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(str(k) for k in shape)
