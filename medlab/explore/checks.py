"""What an explorer accepts: plain arrays, tensors, or a Cohort of one image; all else is refused with a reason."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medlab.errors import MedlabError


def plane(thing, name: str = "image") -> np.ndarray:
    """Return a picture as finite numbers, shape (H, W): an array, a tensor, or a Cohort of one image.

    Of a volume the middle slice is taken, of colors their mean.

    Raises
    ------
    MedlabError
        If it is no picture, is empty, or holds NaN or infinity; the message names it.

    Examples
    --------
    >>> plane([[0, 1], [2, 3]]).shape
    (2, 2)
    """
    values = _numbers(thing, name)
    if hasattr(thing, "images"):
        values = values[0, :, values.shape[2] // 2] if values.ndim == 5 else values[0]
        values = values.mean(0)
    return _shaped(values, 2, name, "(H, W)")


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
    values = _numbers(thing, name)
    if hasattr(thing, "images"):
        values = values[0, 0]
    return _shaped(values, 3, name, "(D, H, W)")


def masks_of(shape: tuple[int, ...], masks: object, *, name: str = "mask") -> dict[str, np.ndarray]:
    """Return masks by name as bool arrays, each of the shape of the picture.

    Parameters
    ----------
    shape : tuple of int
    masks : dict of name to array of 0 and 1, or one such array
    name : str
        What the messages call them.

    Raises
    ------
    MedlabError
        If there is none, a shape differs, or a value is neither 0 nor 1; the message names the mask.

    Examples
    --------
    >>> masks_of((1, 2), {"A": [[0, 1]]})["A"].tolist()
    [[False, True]]
    """
    named = dict(masks) if isinstance(masks, Mapping) else {name: masks}
    if not named:
        raise MedlabError(f"no {name} was given", hint='such as {"reader A": array of 0 and 1}')
    found = {}
    for key, thing in named.items():
        values = _numbers(thing, f"{name} {key!r}")
        if values.shape != tuple(shape):
            raise MedlabError(
                f"{name} {key!r} has shape {values.shape}, the picture {tuple(shape)}", hint="one value per pixel"
            )
        if not np.isin(values, (0, 1)).all():
            raise MedlabError(f"{name} {key!r} holds more than 0 and 1", hint="pass mask == number, or mask > 0.5")
        found[str(key)] = values.astype(bool)
    return found


def binary(thing, name: str = "truth") -> np.ndarray:
    """Return labels of 0 and 1, shape (N,), with both present.

    Raises
    ------
    MedlabError
        If it is no list of 0 and 1, or one of them is missing.

    Examples
    --------
    >>> binary([0, 1, 1]).tolist()
    [0, 1, 1]
    """
    values = _shaped(_numbers(thing, name), 1, name, "(N,)")
    if set(np.unique(values)) != {0, 1}:
        raise MedlabError(f"{name} holds {np.unique(values)[:5].tolist()}", hint="0 and 1 are wanted, both present")
    return values.astype(int)


def probabilities(thing, truth: np.ndarray, *, name: str = "probability") -> np.ndarray:
    """Return probabilities, one for each label.

    Raises
    ------
    MedlabError
        If their number differs from that of the labels, or one lies outside 0 to 1.

    Examples
    --------
    >>> probabilities([0.1, 0.9], np.array([0, 1])).tolist()
    [0.1, 0.9]
    """
    values = _shaped(_numbers(thing, name), 1, name, "(N,)")
    if len(values) != len(truth):
        raise MedlabError(f"{len(values)} values of {name} for {len(truth)} labels", hint="one for each patient")
    if values.min() < 0 or values.max() > 1:
        raise MedlabError(
            f"{name} runs from {values.min():.3g} to {values.max():.3g}", hint="0 to 1; a logit needs a sigmoid first"
        )
    return values


def span(values: np.ndarray) -> tuple[float, float]:
    """Return lower and upper end of values, never the same: a constant picture has a range too.

    Examples
    --------
    >>> span(np.zeros(3))
    (0.0, 1.0)
    """
    low, high = float(values.min()), float(values.max())
    return (low, high) if high > low else (low, low + max(1.0, abs(low)))


def _numbers(thing, name: str) -> np.ndarray:
    taken = getattr(thing, "images", thing)
    if hasattr(thing, "images") and len(taken) != 1:
        raise MedlabError(f"the cohort holds {len(taken)} images; wanted one", hint="pass cohort[0]")
    if hasattr(taken, "detach"):
        taken = taken.detach().cpu()
    try:
        values = np.asarray(taken, dtype=float)
    except (TypeError, ValueError) as error:
        raise MedlabError(
            f"{name} is no array of numbers: {error}", hint="pass an array, a tensor or cohort[0]"
        ) from None
    if not np.isfinite(values).all():
        raise MedlabError(
            f"{name} holds {int((~np.isfinite(values)).sum())} values that are NaN or infinite",
            hint="find out where they come from before you look at the picture",
        )
    return values


def _shaped(values: np.ndarray, dims: int, name: str, wanted: str) -> np.ndarray:
    if values.ndim != dims or values.size == 0:
        raise MedlabError(f"{name} has shape {values.shape}; wanted {wanted}, not empty", hint="pick one image first")
    return values
