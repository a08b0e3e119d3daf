"""Random numbers by name: each patient, image and purpose has a stream of its own."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def stream(seed: int, purpose: str, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose, so that no draw depends on what else is drawn.

    Patient 17 is the same in a hospital of 20 and of 2000 patients, and at every image size, because the
    stream depends only on its name and keys.

    Parameters
    ----------
    seed : int
        Seed of the hospital, not negative.
    purpose : str
        What the numbers are for, such as ``"chest_xray/pose"``.
    *keys : int
        Number of the patient, then of the image, where they matter.

    Returns
    -------
    numpy.random.Generator

    Examples
    --------
    >>> bool(stream(0, "noise", 17).random() == stream(0, "noise", 17).random())
    True
    """
    # crc32 and not hash(): the latter changes from one Python process to the next.
    key = (crc32(purpose.encode()), *(int(k) for k in keys))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
