"""Read NIfTI volumes: header first, axes to the right, to the front and to the top (RAS+)."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, io_orientation

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import GZIP_RATIO, Header, guarded


def peek_nifti(path: Path) -> Header:
    """Return what the header of a .nii or .nii.gz file says, after comparing it with the size of the file.

    Returns
    -------
    Header
        Shape (C, D, H, W) in RAS+ order; a volume of one slice is an image (C, H, W); a fourth axis is the channels.

    Raises
    ------
    DataError
        If it is no NIfTI file, or claims more than its bytes can hold or the memory has.

    Examples
    --------
    >>> peek_nifti(Path("hippocampus_001.nii.gz")).shape  # doctest: +SKIP
    (1, 35, 51, 35)
    """
    with guarded(path):
        return _header(path, *_load(path))


def read_nifti(path: Path) -> np.ndarray:
    """Return the numbers of a NIfTI file, float32, in the shape that `peek_nifti` gives."""
    with guarded(path), np.errstate(all="ignore"):
        image, shape, turn = _load(path)
        wanted = _header(path, image, shape, turn).shape
        numbers = image.get_fdata(dtype=np.float32, caching="unchanged").reshape(shape)
        return np.ascontiguousarray(np.moveaxis(apply_orientation(numbers, turn), 3, 0)).reshape(wanted)


def _load(path: Path) -> tuple[nibabel.Nifti1Image, tuple[int, ...], np.ndarray]:
    """Return the image, its shape (X, Y, Z, C) and its orientation, without having read a voxel."""
    image = nibabel.load(path)
    if not isinstance(image, nibabel.Nifti1Image):
        raise DataError(f"{path} is {type(image).__name__}, not NIfTI", hint="convert it to .nii.gz")
    claimed, dtype = image.shape, image.get_data_dtype()
    shape = tuple(int(length) for length in claimed)
    while len(shape) > 4 and shape[-1] == 1:
        shape = shape[:-1]
    if not 2 <= len(shape) <= 4 or min(shape) < 1 or dtype.kind not in "buif":
        raise DataError(f"{path} holds {dtype} of shape {claimed}", hint="wanted numbers (X, Y, Z) or (X, Y, Z, C)")
    _compare(path, shape, dtype, image)
    shape += (1,) * (4 - len(shape))
    if not np.isfinite(image.affine).all() or np.isnan(turn := io_orientation(image.affine)).any():
        raise DataError(f"the affine of {path} has no inverse: where its axes point is not known", hint="export again")
    return image, shape, turn


def _compare(path: Path, shape: tuple[int, ...], dtype: np.dtype, image: nibabel.Nifti1Image) -> None:
    """Raise if a header claims more than the file can hold or the memory has."""
    count = 1
    for length in shape:
        count *= length
    size, packed = path.stat().st_size, path.name.lower().endswith(".gz")
    most = size * GZIP_RATIO if packed else size - int(image.dataobj.offset)
    if count * dtype.itemsize > most:
        raise DataError(
            f"{path} claims shape {shape} of {dtype}, which {size} bytes cannot hold: cut short, or damaged",
            hint="copy or download it again",
        )
    check_memory(path, count * (dtype.itemsize + 8))


def _header(path: Path, image: nibabel.Nifti1Image, shape: tuple[int, ...], turn: np.ndarray) -> Header:
    steps = nibabel.affines.voxel_sizes(image.affine)
    order = np.argsort(turn[:, 0])
    axes = [(shape[k], float(steps[k])) for k in order]
    if flat := sum(length == 1 for length, _ in axes) == 1:
        axes = [axis for axis in axes if axis[0] != 1]
    return Header(
        (shape[3], *(n for n, _ in axes)), tuple(mm for _, mm in axes), "as stored in the file",
        axes="" if flat else "RAS",
    )  # fmt: skip
