"""Make a cohort of one array of images, whose axes are found or asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.axes import arrange


def from_arrays(
    images: Sequence | np.ndarray, patients: Sequence[str] | None = None, *, channels: str | None = None, **known
) -> Cohort:
    """Build a cohort from an array of images; bytes become 0 to 1.

    Parameters
    ----------
    images : array
        In one of the shapes of `arrange`. uint8 arrays are divided by 255; all others are taken as they are, as
        float32.
    patients : sequence of str, optional
        Patient of each image; without it each image counts as a patient of its own, and a note says so.
    channels : {"first", "last", "none"}, optional
        See `arrange`.
    **known
        Any other field of Cohort.
    """
    array = np.asarray(images)
    if array.dtype.kind not in "buif":
        kind = {"O": "Python objects", "c": "complex"}.get(array.dtype.kind, str(array.dtype))
        raise DataError(f"the images are {kind}, not real numbers", hint="save one numeric array (N, H, W)")
    array, said = arrange(array, channels=channels)
    notes = (*known.pop("notes", ()), *said)
    if array.dtype == np.uint8:
        pixels = torch.from_numpy(np.divide(array, np.float32(255), order="C", dtype=np.float32))
        known.setdefault("intensity", "relative brightness, 0 to 1")
    else:
        pixels = torch.from_numpy(np.array(array, dtype=np.float32, order="C"))  # a copy, in native byte order
    if patients is None:
        patients = list(map("image_{:06d}".format, range(len(pixels))))
        notes += (
            "no patient identifiers are published: each image counts as one patient, so intervals may be too narrow",
        )
    table = pd.DataFrame({"patient_id": list(patients)})
    for column, values in dict(known.pop("columns", {})).items():
        table[column] = values
    return Cohort(pixels, table, notes=notes, **known)
