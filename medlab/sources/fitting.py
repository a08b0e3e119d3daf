"""Bring images of different sizes onto one grid, in the way that was asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from medlab.errors import DataError, MedlabError
from medlab.sources.resample import Shape, resampled, rescaled, wanted_shape


@dataclass(frozen=True)
class Fit:
    """How different sizes become one: one of ``asked.FITS`` or None, and the pixels along every axis."""

    how: str | None = None
    size: int | Shape | None = None


def common_shape(shapes: list[Shape], paths: list[Path], fit: Fit) -> Shape:
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
    wanted = wanted_shape(fit.size, largest)
    for shape, path in zip(shapes, paths, strict=True):
        wrong = any(n > k if fit.how == "pad" else n < k for n, k in zip(shape, wanted, strict=True))
        if wrong and fit.how != "resample":
            raise DataError(
                f"{path.name} is {_by(shape)}: fit={fit.how!r} cannot make it {_by(wanted)}",
                hint=f"fit='pad' from {_by(largest)}, fit='crop' up to {_by(smallest)}, or fit='resample'",
            )
    return wanted


def fitted(array: Tensor, shape: Shape, fit: Fit) -> Tensor:
    """Return an image (C, ...) or a mask (M, ...) of bytes on the common grid.

    Images are padded with their lowest value and resampled linearly; masks are padded with 0 and keep their values.
    """
    old = tuple(array.shape[1:])
    if old == shape:
        return array
    if fit.how == "resample":
        return resampled(array[None], shape)[0]
    if fit.how == "crop":
        return array[_middle(shape, old)]
    grid = array.new_full((len(array), *shape), 0 if array.dtype == torch.uint8 else float(array.min()))
    grid[_middle(old, shape)] = array
    return grid


def moved(boxes: Tensor, old: Shape, shape: Shape, fit: Fit) -> Tensor:
    """Return boxes (B, 2 * dims) on the common grid; cropping cuts them, and one that lies outside becomes empty."""
    was, new = torch.tensor(old, dtype=torch.float32), torch.tensor(shape, dtype=torch.float32)
    if fit.how == "resample":
        return boxes * (new / was).repeat(2)
    shift = torch.floor((new - was) / 2) if fit.how == "pad" else -torch.floor((was - new) / 2)
    return torch.minimum((boxes + shift.repeat(2)).clamp(min=0), new.repeat(2))


def scaled(spacing: tuple[float, ...], old: Shape, shape: Shape, fit: Fit) -> tuple[float, ...]:
    """Return the spacing in mm after fitting: only resampling changes it."""
    return rescaled(spacing, old, shape) if fit.how == "resample" else spacing


def _middle(small: Shape, large: Shape) -> tuple[slice, ...]:
    """Return where a small array lies in the middle of a large one, all channels."""
    starts = [(b - a) // 2 for a, b in zip(small, large, strict=True)]
    return (slice(None), *(slice(start, start + a) for start, a in zip(starts, small, strict=True)))


def _by(shape: Shape) -> str:
    return "x".join(str(k) for k in shape)
