"""Read NIfTI volumes: header first, axes to the right, to the front and to the top (RAS+), lengths in mm."""

from __future__ import annotations

import logging
from pathlib import Path

import nibabel
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import GZIP_RATIO, Header, guarded

# What it says about a header that it repairs is said by `_steps`, in the notes.
logging.getLogger("nibabel.global").setLevel(logging.CRITICAL + 1)
_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # of the codes: not told, meter, mm, micron


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
    with guarded(path), np.errstate(all="ignore"):
        return _header(path, *_load(path))


def read_nifti(path: Path) -> np.ndarray:
    """Return the numbers of a NIfTI file, float32, in the shape that `peek_nifti` gives."""
    with guarded(path), np.errstate(all="ignore"):
        image, shape, affine, turn = _load(path)
        wanted = _header(path, image, shape, affine, turn).shape
        numbers = image.get_fdata(dtype=np.float32, caching="unchanged").reshape(shape)
        return np.ascontiguousarray(np.moveaxis(apply_orientation(numbers, turn), 3, 0)).reshape(wanted)


def _load(path: Path) -> tuple[nibabel.Nifti1Image, tuple[int, ...], np.ndarray, np.ndarray]:
    """Return the image, its shape (X, Y, Z, C), affine in mm and orientation, without having read a voxel."""
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
    affine = image.affine.copy()
    affine[:3] *= _MM.get(_unit(image), 1.0)
    if not np.isfinite(affine).all() or np.isnan(turn := io_orientation(affine)).any():
        raise DataError(f"the affine of {path} has no inverse: where its axes point is not known", hint="export again")
    return image, shape, affine, turn


def _unit(image: nibabel.Nifti1Image) -> int:
    return int(image.header["xyzt_units"]) & 7


def _compare(path: Path, shape: tuple[int, ...], dtype: np.dtype, image: nibabel.Nifti1Image) -> None:
    """Raise if a header claims more than the file can hold or the memory has."""
    count = 1
    for length in shape:
        count *= length
    size, packed = path.stat().st_size, path.name.lower().endswith(".gz")
    most = size * GZIP_RATIO if packed else size - int(image.dataobj.offset)  # type: ignore[union-attr, attr-defined]
    if count * dtype.itemsize > most:
        raise DataError(
            f"{path} claims shape {shape} of {dtype}, which {size} bytes cannot hold: cut short, or damaged",
            hint="copy or download it again",
        )
    check_memory(path, count * (dtype.itemsize + 8))


def _header(
    path: Path, image: nibabel.Nifti1Image, shape: tuple[int, ...], affine: np.ndarray, turn: np.ndarray
) -> Header:
    steps, notes = _steps(image, affine, shape)
    order = np.argsort(turn[:, 0])
    axes = [(shape[k], float(steps[k])) for k in order]
    # Without a form in the header nobody knows where the axes run to.
    named = "RAS" if int(image.header["sform_code"]) > 0 or int(image.header["qform_code"]) > 0 else ""
    turned = affine @ inv_ornt_aff(turn, shape[:3])
    if sum(length == 1 for length, _ in axes) == 1:
        flat = next(k for k, (length, _) in enumerate(axes) if length == 1)
        turned = turned[:, [*(k for k in range(3) if k != flat), flat, 3]]
        axes = [axis for axis in axes if axis[0] != 1]
        named = ""
    if shape[3] > 1:
        notes.append(f"the fourth axis ({shape[3]}) is taken for channels: it may be time")
    return Header(
        (shape[3], *(n for n, _ in axes)),
        tuple(mm for _, mm in axes),
        "as stored in the file",
        axes=named,
        affine=turned,
        notes=tuple(notes),
    )


def _steps(image: nibabel.Nifti1Image, affine: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, list[str]]:
    """Return the size of a voxel in mm along each axis, nan where nobody says it, and what the file contradicts."""
    # As it is stored: loading an image repairs its header, and makes 1 of a pixdim of 0.
    with image.file_map["image"].get_prepare_fileobj("rb") as file:
        head = type(image.header).from_fileobj(file, check=False)
    unit = _unit(image)
    steps, told, notes = nibabel.affines.voxel_sizes(affine), np.abs(head["pixdim"][1:4]).astype(float), []
    told *= _MM.get(unit, 1.0)
    axes = [k for k in range(3) if shape[k] > 1]
    if unit not in _MM or unit == 0:
        notes.append("the header names no unit of length: mm is assumed")
    elif unit != 2:
        notes.append("lengths in the header are in meters or microns: they became mm")
    known = int(head["sform_code"]) > 0 or int(head["qform_code"]) > 0
    if not known:
        notes.append("neither sform nor qform: which side is left is not known")
        if any(not told[k] > 0 for k in axes):
            notes.append("pixdim is 0: the spacing is not known")
            return np.where(told > 0, steps, np.nan), notes
    elif any(not np.isclose(told[k], steps[k], rtol=0.01) for k in axes):
        notes.append(f"pixdim ({_by(told)} mm) and affine ({_by(steps)} mm) disagree: the affine is used")
    if int(head["sform_code"]) > 0 and int(head["qform_code"]) > 0:
        other = image.get_qform() * np.array([_MM.get(unit, 1.0)] * 3 + [1])[:, None]
        corner = np.array([*(n - 1 for n in shape[:3]), 1])
        apart = max(np.abs(((other - affine) @ at)[:3]).max() for at in (corner, np.array([0, 0, 0, 1])))
        if not apart < 0.1 * steps.min():
            notes.append(f"sform and qform disagree by up to {apart:.3g} mm: the sform is used")
    unit_axes = affine[:3, :3] / steps
    if np.abs(unit_axes.T @ unit_axes - np.eye(3)).max() > 0.01:
        notes.append("the axes are sheared (gantry tilt?): lengths across slices are wrong")
    elif (turned := np.degrees(np.arccos(np.abs(unit_axes).max(axis=0).clip(max=1)).max())) > 3:
        notes.append(f"the axes are oblique, up to {turned:.0f} degrees from right, front and top")
    if steps.max() > 50 or steps.min() < 1e-4:
        notes.append(f"a spacing of {_by(steps)} mm is unlikely: look at the unit")
    return steps, notes


def _by(steps: np.ndarray) -> str:
    return " x ".join(f"{mm:.4g}" for mm in steps)
