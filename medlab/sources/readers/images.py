"""Read one image of any kind: its header first, then its pixels."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.dicom import is_dicom, peek_dicom, read_dicom
from medlab.sources.readers.guard import Header, guarded, plausible
from medlab.sources.readers.nifti import peek_nifti, read_nifti

SUFFIXES = (
    ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".nii", ".nii.gz", ".dcm", ".dicom", ".ima",
)  # fmt: skip
# What other programs write and medlab does not read: never to be passed over.
_OTHERS = (
    ".mha", ".mhd", ".nrrd", ".nhdr", ".mgz", ".mgh", ".img", ".hdr", ".svs", ".ndpi", ".mrxs", ".jp2", ".j2k", ".heic",
    ".avif", ".jfif", ".tga", ".ppm", ".pgm", ".pnm", ".npy", ".minc", ".mnc", ".czi", ".vti", ".isq",
)  # fmt: skip
DICOM = (".dcm", ".dicom", ".ima")
_LOSSY = (".jpg", ".jpeg", ".webp")
# Only these: some of PIL's other formats start programs.
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "GIF")
_EXIF = "pictures were turned upright, as their EXIF orientation says and viewers show them"
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


def looks_like_image(path: Path) -> bool:
    """Say whether a file is an image by its name or its first bytes, whether or not medlab can read it."""
    kind = ending(path)
    return not path.name.startswith(".") and (kind in SUFFIXES or kind in _OTHERS or is_dicom(path))


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
    if _is_dicom(path):
        return peek_dicom(path)
    if kind in _OTHERS:
        raise DataError(f"{path} is a {kind} file, which medlab does not read", hint="convert it to .nii.gz or png")
    with guarded(path), _opened(path) as picture:
        channels = 1 if picture.mode in _GRAY else 3
        raw = not _scale(picture) and picture.mode in _GRAY
        intensity = "as stored in the file" if raw else "relative brightness, 0 to 1"
        size, turned = (picture.height, picture.width), _turned(picture)
        size = size[::-1] if turned > 4 else size
        return Header((channels, *size), (float("nan"),) * 2, intensity, notes=(_EXIF,) if turned != 1 else ())


def read(path: Path) -> np.ndarray:
    """Return the pixels, float32, in the shape that `peek` gives; alpha is left out, 8 and 16 bits become 0 to 1."""
    kind = ending(path)
    if kind in (".nii", ".nii.gz"):
        return read_nifti(path)
    if _is_dicom(path):
        return read_dicom(path)
    with guarded(path), _opened(path) as picture:
        gray, scale = picture.mode in _GRAY, _scale(picture)
        picture = _upright(picture)
        if not gray:
            return np.moveaxis(np.asarray(picture.convert("RGB"), dtype=np.float32), -1, 0) / 255
        pixels = np.asarray(picture.convert("L") if picture.mode == "LA" else picture).astype(np.float32)
        return (pixels / scale if scale else pixels)[None]


def read_mask(path: Path) -> tuple[np.ndarray, str]:
    """Return the values of a mask, float32, one per pixel, (H, W) or (D, H, W), and a note on how they were found.

    Values are those that are stored. Colors become the number red * 65536 + green * 256 + blue, a mask that is drawn
    in the transparency counts by it, and in a jpg all above 127 is 1, because its compression makes up values.

    Raises
    ------
    DataError
        If it has several channels or holds NaN, negative or broken numbers, or if color and transparency both vary.
    """
    if ending(path) in (".nii", ".nii.gz") or _is_dicom(path):
        stack, note = read(path), ""
    else:
        with guarded(path), _opened(path) as picture:
            palette = picture.mode in ("P", "L", "1", "F", "I") or picture.mode.startswith("I;")
            pixels = np.asarray(_upright(picture) if palette else _upright(picture).convert("RGBA")).astype(np.float32)
        stack, note = (pixels[None], "") if palette else _colors(path, pixels)
        if ending(path) in _LOSSY:
            if 0 < stack.max() <= 127:
                raise DataError(f"the mask {path} is a jpg of values up to {stack.max():g}", hint="export it as png")
            stack = (stack > 127).astype(np.float32)
    if len(stack) != 1 or not np.isfinite(stack).all():
        raise DataError(f"the mask {path} has {len(stack)} channels or holds NaN", hint="one finite value per pixel")
    whole = np.round(stack[0])
    if np.abs(whole - stack[0]).max() > 1e-3 or whole.min() < 0:
        raise DataError(
            f"the mask {path} holds {stack.min():.4g} to {stack.max():.4g}; wanted whole numbers from 0 on",
            hint="probabilities become a mask by a threshold; save 0 outside, 1, 2, ... inside",
        )
    return whole, note


def _colors(path: Path, pixels: np.ndarray) -> tuple[np.ndarray, str]:
    """Return one value per pixel (1, H, W) of a mask (H, W, 4) in red, green, blue and transparency."""
    color, alpha = pixels[..., :3], pixels[..., 3]
    varies = alpha.min() < alpha.max()
    if varies and (color == color[0, 0]).all():
        return alpha[None], "masks that are drawn in the transparency of a picture count by it"
    if varies and not (color[alpha == 0] == 0).all():
        raise DataError(f"color and transparency of the mask {path} both vary", hint="save one value per pixel")
    if (color[..., 0] == color[..., 1]).all() and (color[..., 0] == color[..., 2]).all():
        return color[None, ..., 0], ""
    if ending(path) in _LOSSY:
        if (color.max(axis=-1) - color.min(axis=-1)).max() > 60:
            raise DataError(f"the mask {path} is a jpg in color", hint="export it as png: a jpg mixes colors at edges")
        return color.max(axis=-1)[None], ""
    return (color @ np.array([65536, 256, 1], dtype=np.float32))[None], "each color of a mask is a structure"


def _is_dicom(path: Path) -> bool:
    return ending(path) in DICOM or (ending(path) not in SUFFIXES and is_dicom(path))


def _turned(picture: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 is upright, above 4 height and width are exchanged."""
    turned = picture.getexif().get(0x0112, 1)
    return turned if turned in range(1, 9) else 1


def _upright(picture: Image.Image) -> Image.Image:
    return ImageOps.exif_transpose(picture) if _turned(picture) != 1 else picture


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
