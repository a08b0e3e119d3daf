"""What a view of a volume accepts: arrays, tensors, or a Cohort of one volume; all else is refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medlab.errors import MedlabError
from medlab.figures.checks import numbers


def volume(thing, name: str = "volume") -> np.ndarray:
    """Return a volume as finite numbers, shape (D, H, W): an array, a tensor, or a Cohort of one volume.

    Raises
    ------
    MedlabError
        If it is no volume, is empty, or holds NaN or infinity.

    Examples
    --------
    >>> volume(np.zeros((2, 3, 4))).shape
    (2, 3, 4)
    """
    if hasattr(thing, "images"):
        if len(thing.images) != 1:
            raise MedlabError(f"the cohort holds {len(thing.images)} images; wanted one", hint="pass cohort[0]")
        thing = thing.images[0, 0]
    values = numbers(thing, name, dims=(3,))
    if not np.isfinite(values).all():
        raise MedlabError(
            f"{name} holds {int((~np.isfinite(values)).sum())} values that are NaN or infinite",
            hint="find out where they come from before you look at the picture",
        )
    return values


def masks_of(shape: tuple[int, ...], masks: object) -> dict[str, np.ndarray]:
    """Return masks by name as bool arrays, each of the shape of the volume.

    Parameters
    ----------
    shape : tuple of int
    masks : dict of name to array of 0 and 1, or one such array

    Raises
    ------
    MedlabError
        If a shape differs, or a value is neither 0 nor 1; the message names the mask.

    Examples
    --------
    >>> masks_of((1, 1, 2), {"A": [[[0, 1]]]})["A"].tolist()
    [[[False, True]]]
    """
    found = {}
    for key, thing in (masks if isinstance(masks, Mapping) else {"mask": masks}).items():
        values = numbers(thing, f"mask {key}", dims=(len(shape),))
        if values.shape != tuple(shape):
            raise MedlabError(
                f"mask {key!r} has shape {values.shape}, the volume {tuple(shape)}", hint="one value per voxel"
            )
        if not np.isin(values, (0, 1)).all():
            raise MedlabError(f"mask {key!r} holds more than 0 and 1", hint="pass mask == number, or mask > 0.5")
        found[str(key)] = values.astype(bool)
    return found
