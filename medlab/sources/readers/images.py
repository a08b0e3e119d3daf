"""Read one image of any kind: its header first, then its pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.dicom import peek_dicom, read_dicom
from medlab.sources.readers.guard import Header, guarded, plausible
from medlab.sources.readers.nifti import peek_nifti, read_nifti

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".nii", ".nii.gz", ".dcm")
# Only these: some of PIL's other formats start programs.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_GRAY = {"1": 1, "L": 255, "LA": 255, "I;16": 65535, "I;16L": 65535, "I;16B": 65535, "I": 0, "F": 0}
_COLOR = ("P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")


def ending(path: Path) -> str:
    """Return what a name ends with, in small letters: ".nii.gz" is one ending."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def stem(path: Path) -> str:
    """Return a name without its ending.

    Examples
    --------
    >>> stem(Path("case_01.nii.gz"))
    'case_01'
    """
    return path.name[: len(path.name) - len(ending(path))]


def is_image(path: Path) -> bool:
    """Say whether a name is that of an image; hidden files (such as ._copy.png of macOS) are not."""
    return ending(path) in SUFFIXES and not path.name.startswith(".")


def images_in(folder: Path) -> list[Path]:
    """Return the images directly in a folder, in the order of their names."""
    return sorted(path for path in folder.iterdir() if is_image(path) and not path.is_dir())


def peek(path: Path) -> Header:
    """Return what an image says about itself, without unpacking its pixels.

    Raises
    ------
    DataError
        If it is no image, or claims a size that cannot be meant.
    """
    kind = ending(path)
    if kind in (".nii", ".nii.gz"):
        return peek_nifti(path)
    if kind == ".dcm":
        return peek_dicom(path)
    with guarded(path), _opened(path) as picture:
        channels = 1 if picture.mode in _GRAY else 3
        raw = not _scale(picture) and picture.mode in _GRAY
        intensity = "as stored in the file" if raw else "relative brightness, 0 to 1"
        return Header((channels, picture.height, picture.width), (float("nan"),) * 2, intensity)


def read(path: Path) -> np.ndarray:
    """Return the pixels, float32, in the shape that `peek` gives; alpha is left out, 8 and 16 bits become 0 to 1."""
    kind = ending(path)
    if kind in (".nii", ".nii.gz"):
        return read_nifti(path)
    if kind == ".dcm":
        return read_dicom(path)
    with guarded(path), _opened(path) as picture:
        if picture.mode not in _GRAY:
            return np.moveaxis(np.asarray(picture.convert("RGB"), dtype=np.float32), -1, 0) / 255
        scale = _scale(picture)
        pixels = np.asarray(picture.convert("L") if picture.mode == "LA" else picture).astype(np.float32)
        return (pixels / scale if scale else pixels)[None]


def read_mask(path: Path) -> np.ndarray:
    """Return the values of a mask as they are stored, float32, one per pixel: (H, W) or (D, H, W).

    Colors count by their brightest channel; in a jpg all above 127 is 1, because its compression makes up values.
    """
    if ending(path) in (".nii", ".nii.gz", ".dcm"):
        values = read(path)
    else:
        with guarded(path), _opened(path) as picture:
            if picture.mode in ("LA", "PA", "RGBA", "RGBX", "CMYK", "YCbCr"):
                picture = picture.convert("L" if picture.mode == "LA" else "RGB")
            values = np.asarray(picture).astype(np.float32)
            values = values.max(axis=-1, keepdims=True).transpose(2, 0, 1) if values.ndim == 3 else values[None]
        if ending(path) in (".jpg", ".jpeg"):
            values = (values > 127).astype(np.float32)
    if len(values) != 1 or not np.isfinite(values).all():
        raise DataError(f"the mask {path} has {len(values)} channels or holds NaN", hint="one finite value per pixel")
    return values[0]


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        # Not a warning but a refusal: `plausible` says it in our words, and PIL itself only from twice the limit on.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        picture = Image.open(path, formats=_FORMATS)
    with picture:
        plausible(path, pixels=picture.width * picture.height)
        check_memory(path, 8 * picture.width * picture.height * (1 if picture.mode in _GRAY else 4))
        if picture.mode not in _GRAY and picture.mode not in _COLOR:
            raise DataError(f"{path} has pixels of kind {picture.mode!r}", hint="save it as gray or RGB")
        if (pages := getattr(picture, "n_frames", 1)) != 1:
            raise DataError(f"{path} holds {pages} pages; wanted one image", hint="save the stack as .nii.gz or npz")
        yield picture


def _scale(picture: Image.Image) -> int:
    # Older PIL reads 16 bits of a png into 32.
    return 65535 if picture.mode == "I" and picture.format == "PNG" else _GRAY.get(picture.mode, 255)
