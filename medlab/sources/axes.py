"""Find the axes of an array of images by its shape, or refuse where they can be meant in two ways."""

from __future__ import annotations

import numpy as np

from medlab.errors import DataError, unknown
from medlab.sources.asked import CHANNELS


def arrange(array: np.ndarray, *, channels: str | None = None, where: str = "an array") -> tuple[np.ndarray, list[str]]:
    """Return images as (N, C, [D,] H, W), and notes on what the shape alone did not say.

    Parameters
    ----------
    array : ndarray
        (N, H, W), (N, H, W, C), (N, C, H, W), (N, D, H, W), (N, D, H, W, C) or (N, C, D, H, W).
    channels : {"first", "last", "none"}, optional
        Which axis holds the channels. Without it the axis is found if only one can hold 1, 3 or 4 channels.
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        If the shape can be read in two ways and ``channels`` was not given.

    Examples
    --------
    >>> arrange(np.zeros((6, 16, 16, 1)))[0].shape
    (6, 1, 16, 16)
    """
    shape = array.shape
    if channels is not None and channels not in CHANNELS:
        raise unknown("channels", channels, CHANNELS)
    if array.ndim not in (3, 4, 5) or (channels in ("first", "last") and array.ndim == 3) or not array.size:
        raise DataError(f"images of shape {shape} in {where}", hint="(N, H, W), (N, H, W, 3) or (N, C, [D,] H, W)")
    if array.ndim == 3 and channels is None and shape[2] in (3, 4) and min(shape[:2]) > 4:
        raise DataError(
            f"images of shape {shape} in {where} are either one color picture or {shape[0]} narrow gray ones",
            hint="save one picture as images[None]; channels='none' reads gray ones",
        )
    if channels == "none" or array.ndim == 3:
        if array.ndim == 5:
            raise DataError(f"images of shape {shape} have an axis of channels", hint="channels='first' or 'last'")
        return array[:, None], []
    first, last = shape[1], shape[-1]
    if channels is None:
        if last in (1, 3, 4) and first > 4:
            channels = "last"
        elif last in (3, 4) or (last == 1 and first > 1) or (array.ndim == 4 and first > 4):
            readings = f"{first} channels first, {last} channels last" + (", volumes" if array.ndim == 4 else "")
            raise DataError(
                f"images of shape {shape} in {where} can be read in several ways: {readings}",
                hint="pass channels='first', 'last' or 'none' (volumes without an axis of channels)",
            )
        else:
            channels = "first"
    moved = np.moveaxis(array, -1, 1) if channels == "last" else array
    notes = [f"{moved.shape[1]} channels, of the axis of the shape {shape}"] if moved.shape[1] > 4 else []
    return moved, notes
