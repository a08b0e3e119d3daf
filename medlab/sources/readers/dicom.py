"""Read DICOM images and series: slices in order, HU, and no personal data."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import Header, guarded, inside, plausible

DEFLATED = str(DeflatedExplicitVRLittleEndian)


def is_dicom(path: Path) -> bool:
    """Say whether a file has the mark of DICOM, whatever its name ends with."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def peek_dicom(path: Path) -> Header:
    """Return what a DICOM file of one image says: (C, H, W), pixel spacing in mm, and a pseudonym of the patient.

    Raises
    ------
    DataError
        If it is no DICOM file, has several frames, or claims absurd numbers. The message quotes nothing of the file.
    """
    with _private(path):
        return _header(path, _dataset(path, pixels=False))


def read_dicom(path: Path) -> np.ndarray:
    """Return the pixels (C, H, W), float32, rescaled by slope and intercept (HU for CT)."""
    with _private(path), np.errstate(all="ignore"):
        dataset = _dataset(path)
        wanted = _header(path, dataset).shape
        stored = dataset.pixel_array
        if wanted[0] == 3:
            return np.moveaxis(stored, -1, 0).astype(np.float32) / (2 ** int(dataset.BitsStored) - 1)
        slope, intercept = (float(dataset.get(f"Rescale{name}", k)) for name, k in (("Slope", 1), ("Intercept", 0)))
        return (stored.astype(np.float32) * np.float32(slope) + np.float32(intercept)).reshape(wanted)


def has_position(path: Path) -> bool:
    """Say whether an image knows where in the patient it lies: only then can it be a slice of a series."""
    with _private(path):
        return "ImagePositionPatient" in _dataset(path, pixels=False)


def read_series(paths: list[Path], *, root: Path) -> tuple[np.ndarray, Header]:
    """Return the volume (1, D, H, W) of the slices of one series, in the order of their positions.

    Parameters
    ----------
    paths : list of Path
        At least two DICOM files.
    root : Path
        The folder that they may not leave.

    Returns
    -------
    numpy.ndarray, Header
        Axes: along the normal of the slices, rows, columns. Spacing in mm: distance of the slices, rows, columns.

    Raises
    ------
    DataError
        If the files are of several series, differ in size, lie at one position, leave a gap, or are unevenly spaced.
    """
    slices = [_slice(inside(path, root)) for path in paths]
    series = Counter(one["series"] for one in slices)
    if len(series) > 1:
        counts = ", ".join(str(n) for _, n in series.most_common(8))
        raise DataError(
            f"{root} mixes {len(series)} series (SeriesInstanceUID) of {counts} files", hint="one folder per series"
        )
    first = slices[0]
    for one in slices[1:]:
        if one["header"] != first["header"] or not np.allclose(one["axes"], first["axes"], atol=1e-3):
            raise DataError(
                f"{one['path']} and {first['path']} differ in size, pixel spacing, direction or patient",
                hint="keep the slices of one scan: a localizer belongs into a folder of its own",
            )
    normal = np.cross(first["axes"][:3], first["axes"][3:])
    slices.sort(key=lambda one: float(one["position"] @ normal))
    step = _step(slices, np.array([one["position"] @ normal for one in slices]))
    _, height, width = first["header"].shape
    check_memory(root, 8 * len(slices) * height * width)
    volume = np.concatenate([read_dicom(one["path"]) for one in slices])[None]
    header = first["header"]
    axes = "".join(_runs_to(way) for way in (normal, first["axes"][3:], first["axes"][:3]))
    spacing = (step, *header.spacing)
    return volume, Header(volume.shape, spacing, header.intensity, header.modality, header.patient, axes)


def _runs_to(way: np.ndarray) -> str:
    """Return the letter of where a direction in DICOM's patient coordinates mostly goes: left, posterior, superior."""
    main = int(np.argmax(np.abs(way)))
    return ("LPS" if way[main] > 0 else "RAI")[main]


@contextmanager
def _private(path: Path) -> Iterator[None]:
    """Let neither an error, a warning nor a log of pydicom quote the file: it may quote the patient's name."""
    logger = logging.getLogger("pydicom")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), guarded(path, private=True):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _dataset(path: Path, *, pixels: bool = True) -> pydicom.Dataset:
    check_memory(path, 2 * path.stat().st_size)
    # From memory a read stops at the end; from a file pydicom allocates whatever length an element claims.
    buffer = io.BytesIO(path.read_bytes())
    # From the buffer, not from the path: a file object makes room for whatever length a damaged header claims.
    pydicom.filereader.read_preamble(buffer, force=False)
    meta = pydicom.filereader.read_dataset(buffer, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
    if meta.get("TransferSyntaxUID") == DEFLATED:
        raise DataError(f"{path} is deflated as a whole; it was not unpacked", hint="export it uncompressed")
    buffer.seek(0)
    return pydicom.dcmread(buffer, stop_before_pixels=not pixels)


def _header(path: Path, dataset: pydicom.Dataset) -> Header:
    rows, columns, frames = int(dataset.Rows), int(dataset.Columns), int(dataset.get("NumberOfFrames") or 1)
    channels = int(dataset.get("SamplesPerPixel", 1))
    plausible(path, pixels=rows * columns * frames)
    if frames != 1 or channels not in (1, 3):
        raise DataError(f"{path} has {frames} frames of {channels} channels", hint="export single frames, or NIfTI")
    check_memory(path, 12 * rows * columns * channels)
    spacing = dataset.get("PixelSpacing") or (float("nan"),) * 2
    modality = str(dataset.get("Modality", "unknown"))
    modality = modality if modality.isalnum() and len(modality) <= 4 else "unknown"
    intensity = "HU" if modality == "CT" else "as stored, rescaled"
    if channels == 3:
        intensity = "relative brightness, 0 to 1"
    elif dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        intensity += " (low values are bright: MONOCHROME1)"
    patient = _pseudonym(str(dataset.get("PatientID", "")))
    # A step along the rows comes first in DICOM too: the distance between the centers of two rows.
    return Header((channels, rows, columns), tuple(float(mm) for mm in spacing), intensity, modality, patient)


@lru_cache(maxsize=4096)
def _pseudonym(identifier: str) -> str:
    """Return "patient_" and a hash; slow on purpose, because identifiers are short enough to be guessed."""
    if not identifier:
        return ""
    return "patient_" + hashlib.pbkdf2_hmac("sha256", identifier.encode(), b"medlab", 100_000).hex()[:10]


def _slice(path: Path) -> dict:
    with _private(path):
        dataset = _dataset(path, pixels=False)
        return {
            "path": path,
            "series": str(dataset.SeriesInstanceUID),
            "axes": np.array([float(value) for value in dataset.ImageOrientationPatient]).reshape(6),
            "position": np.array([float(value) for value in dataset.ImagePositionPatient]).reshape(3),
            "header": _header(path, dataset),
        }


def _step(slices: list[dict], depth: np.ndarray) -> float:
    """Return the distance of the slices in mm, the same between all neighbors."""
    gaps = np.diff(depth)
    step = float(np.median(gaps))
    names = [one["path"].name for one in slices]
    if not np.isfinite(gaps).all() or len(same := np.flatnonzero(gaps < 1e-3)):
        at = int(same[0]) if np.isfinite(gaps).all() else 0
        raise DataError(f"{names[at]} and {names[at + 1]} lie at one position", hint="keep one scan, without copies")
    # A distance that is a multiple of the others is a slice that is missing; any other is how the scan was made.
    if len(holes := np.flatnonzero(gaps > 1.5 * step)):
        told = ", ".join(f"{gaps[k]:.4g} mm between {names[k]} and {names[k + 1]}" for k in holes[:5])
        raise DataError(
            f"{len(holes)} gaps where slices are {step:.4g} mm apart: {told}", hint="copy the missing slices too"
        )
    if np.abs(gaps - step).max() > max(0.01 * step, 0.01):
        raise DataError(
            f"the slices are unevenly spaced, {gaps.min():.4g} to {gaps.max():.4g} mm apart",
            hint="resample the scan to even slices first (a NIfTI of it)",
        )
    return step
