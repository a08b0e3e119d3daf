"""Read DICOM images and series: slices in order, HU, and no personal data."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut, get_decoder
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import Header, guarded, plausible
from medlab.sources.values import is_missing, text

DEFLATED = str(DeflatedExplicitVRLittleEndian)
# Some of them have rows and columns, but their values are no picture.
_NOT_IMAGES = ("RT ", "Segmentation", "Waveform", "Report", "Directory", "Presentation", "Parametric Map", "SR ")
_GRAYS = ("MONOCHROME1", "MONOCHROME2")
_COLORS = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420")


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
        If it is no DICOM file or no image, has several frames, is compressed in a way that cannot be undone here, or
        claims absurd numbers. The message quotes nothing of the file.
    """
    with private(path):
        return header_of(path, dataset_of(path, pixels=False))


def read_dicom(path: Path) -> np.ndarray:
    """Return the pixels (C, H, W), float32: through the modality LUT (HU for CT), or through the palette as color.

    Padding outside of the scanner's field gets the lowest value of the field.
    """
    with private(path), np.errstate(all="ignore"):
        dataset = dataset_of(path)
        wanted = header_of(path, dataset).shape
        stored = dataset.pixel_array
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            stored = apply_color_lut(stored, dataset)
            return np.moveaxis(stored, -1, 0).astype(np.float32)[:3] / np.iinfo(stored.dtype).max
        if wanted[0] == 3:
            return np.moveaxis(stored, -1, 0).astype(np.float32) / (2 ** int(dataset.BitsStored) - 1)
        padding = _padding(stored, dataset)
        values = apply_modality_lut(stored, dataset).astype(np.float32)
        if padding.any() and not padding.all():
            values[padding] = values[~padding].min()
        return values.reshape(wanted)


def _padding(stored: np.ndarray, dataset: pydicom.Dataset) -> np.ndarray:
    """Return which pixels the file declares to lie outside of the field."""
    if "PixelPaddingValue" not in dataset:
        return np.zeros(stored.shape, dtype=bool)
    low = int(dataset.PixelPaddingValue)
    high = int(dataset.get("PixelPaddingRangeLimit", low))
    return (stored >= min(low, high)) & (stored <= max(low, high))


def what_it_is(path: Path) -> str:
    """Return what a DICOM file holds if that is no image ("RT Structure Set Storage"), else nothing."""
    with private(path):
        return _kind(dataset_of(path, pixels=False))


def _kind(dataset: pydicom.Dataset) -> str:
    uid = UID(str(dataset.file_meta.get("MediaStorageSOPClassUID", dataset.get("SOPClassUID", ""))))
    name = uid.name if uid.name != str(uid) else ""  # the name of a UID that is not known is the UID
    if any(word in name for word in _NOT_IMAGES):
        return name
    return "" if "Rows" in dataset else (name or "a DICOM file without an image")


@contextmanager
def private(path: Path) -> Iterator[None]:
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


def dataset_of(path: Path, *, pixels: bool = True) -> pydicom.Dataset:
    """Return what a DICOM file holds, without trusting the lengths that it claims; call it under `private`."""
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


def header_of(path: Path, dataset: pydicom.Dataset) -> Header:
    """Return what `peek_dicom` does of a file that was opened before."""
    if kind := _kind(dataset):
        raise DataError(f"{path} is no image but {kind}, which medlab does not read", hint="take it out of the folder")
    rows, columns, frames = int(dataset.Rows), int(dataset.Columns), int(dataset.get("NumberOfFrames") or 1)
    samples, photometric = int(dataset.get("SamplesPerPixel", 1)), str(dataset.get("PhotometricInterpretation", ""))
    plausible(path, pixels=rows * columns * frames)
    if frames != 1 or samples not in (1, 3):
        raise DataError(f"{path} has {frames} frames of {samples} channels", hint="export single frames, or NIfTI")
    if photometric not in (*(_GRAYS if samples == 1 else _COLORS), *(["PALETTE COLOR"] * (samples == 1))):
        raise DataError(f"{path} has pixels of a kind that medlab does not read", hint="export as MONOCHROME2 or RGB")
    _decodable(path, dataset)
    channels = 3 if samples == 3 or photometric == "PALETTE COLOR" else 1
    check_memory(path, 12 * rows * columns * channels)
    spacing = tuple(float(mm) for mm in dataset.get("PixelSpacing") or (float("nan"),) * 2)
    modality = str(dataset.get("Modality", "unknown"))
    modality = modality if modality.isalnum() and len(modality) <= 4 else "unknown"
    intensity, notes = _unit(dataset, modality)
    if channels == 3:
        intensity, notes = "relative brightness, 0 to 1", []
    elif photometric == "MONOCHROME1":
        intensity += " (low values are bright: MONOCHROME1)"
    if not all(mm > 0 for mm in spacing):
        if "ImagerPixelSpacing" in dataset and "PixelSpacing" not in dataset:
            notes.append("only the spacing on the detector is known, which is larger than that in the patient")
        spacing = (float("nan"),) * 2
    patient = _pseudonym(text(dataset.get("PatientID", "") or ""))
    # A step along the rows comes first in DICOM too: the distance between the centers of two rows.
    shape = (channels, rows, columns)
    affine = _affine(dataset, spacing)
    return Header(shape, spacing, intensity, modality, patient, affine=affine, notes=tuple(notes))


def _decodable(path: Path, dataset: pydicom.Dataset) -> None:
    """Raise if the pixels are compressed in a way that nothing installed here can undo."""
    syntax = UID(str(dataset.file_meta.TransferSyntaxUID))
    try:
        ready = not syntax.is_compressed or get_decoder(syntax).is_available
    except (NotImplementedError, ValueError):
        ready = False
    if not ready:
        name = syntax.name if syntax.is_transfer_syntax else "a private form"
        raise DataError(
            f"{path} is compressed as {name}, which nothing installed here can read; the file may well be whole",
            hint="export it uncompressed (Explicit VR Little Endian), or pip install pylibjpeg pylibjpeg-libjpeg "
            "pylibjpeg-openjpeg",
        )


def _unit(dataset: pydicom.Dataset, modality: str) -> tuple[str, list[str]]:
    """Return what the values mean after the modality LUT, claimed only where a tag says so, and notes."""
    notes = ["padding outside of the field got its lowest value"] if "PixelPaddingValue" in dataset else []
    if dataset.get("LossyImageCompression") == "01":
        notes.append("the files were compressed with loss: fine texture is not the scanner's")
    scaled = "RescaleSlope" in dataset and "RescaleIntercept" in dataset
    kind = str(dataset.get("RescaleType", "HU" if scaled and modality == "CT" else ""))
    if "ModalityLUTSequence" in dataset:
        kind = str(dataset.ModalityLUTSequence[0].get("ModalityLUTType", ""))
        return ("HU" if kind == "HU" else "as the modality LUT gives"), notes
    if scaled and not (np.isfinite(float(dataset.RescaleSlope)) and float(dataset.RescaleSlope) != 0):
        raise DataError("a rescale slope of 0 or NaN makes all pixels one", hint="export the images again")
    if modality == "CT" and scaled and kind == "HU":
        return "HU", notes
    if modality == "CT":
        reason = "a rescale type other than HU" if scaled else "no rescale tags"
        return "as stored" + ", rescaled" * scaled, [*notes, f"CT with {reason}: the values are not claimed to be HU"]
    units = str(dataset.get("Units", ""))
    if modality == "PT" and scaled and units in ("BQML", "CNTS", "CPS", "GML"):
        return {"BQML": "Bq/ml", "CNTS": "counts", "CPS": "counts per second", "GML": "g/ml (SUV)"}[units], notes
    return "as stored, rescaled", notes


def _affine(dataset: pydicom.Dataset, spacing: tuple[float, ...]) -> np.ndarray | None:
    """Return where rows and columns of a slice lie, in mm to the right, front and top, if the file says it."""
    if (
        "ImagePositionPatient" not in dataset
        or "ImageOrientationPatient" not in dataset
        or not np.isfinite(spacing).all()
    ):
        return None
    axes = np.array([float(value) for value in dataset.ImageOrientationPatient]).reshape(2, 3)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = axes[1] * spacing[0], axes[0] * spacing[1], np.cross(*axes)
    affine[:3, 3] = [float(value) for value in dataset.ImagePositionPatient]
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@lru_cache(maxsize=4096)
def _pseudonym(identifier: str) -> str:
    """Return "patient_" and a hash; slow on purpose, because identifiers are short enough to be guessed."""
    if is_missing(identifier) or identifier.casefold() in ("anonymous", "anonymized", "anon", "unknown", "0"):
        return ""  # one word for many people is no identifier
    return "patient_" + hashlib.pbkdf2_hmac("sha256", identifier.encode(), b"medlab", 100_000).hex()[:10]
