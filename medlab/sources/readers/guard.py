"""What every reader checks before it believes a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from medlab.errors import DataError, MedlabError

MOST_PIXELS = 100_000_000  # of one picture: several times the largest mammogram
MOST_TEXT = 20_000_000  # bytes of a json, xml or list
GZIP_RATIO = 1100  # deflate cannot pack more than 1032 to 1


@dataclass(frozen=True)
class Header:
    """What an image says about itself before its pixels are read.

    Parameters
    ----------
    shape : tuple of int
        (C, H, W) or (C, D, H, W).
    spacing : tuple of float
        In mm, one per spatial axis; nan where it is not known.
    intensity, modality : str
        As in `medlab.Cohort`. A unit is named only where the file has evidence for it.
    patient : str
        A pseudonym, or nothing.
    axes : str
        As in `medlab.Cohort`.
    affine : ndarray (4, 4), optional
        From voxel numbers of the array to mm, where the file says where it lies.
    notes : tuple of str
        What the reader of results must know of this file: `build` counts the files that have each.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    intensity: str
    modality: str = "unknown"
    patient: str = ""
    axes: str = ""
    affine: np.ndarray | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()


def same_place(first: Header, second: Header, names: tuple[Path, Path]) -> None:
    """Raise if an image and its mask have another size, or say that they lie elsewhere."""
    if first.shape[1:] != second.shape[1:]:
        raise DataError(
            f"the mask {names[1].name} has size {_by(second.shape[1:])}, its image {names[0].name} "
            f"{_by(first.shape[1:])}"
            + "".join(f" ({note})" for note in (first.notes + second.notes) if "EXIF" in note),
            hint="draw or export the mask on the grid of its image",
        )
    affines = first.affine, second.affine
    if affines[0] is None or affines[1] is None:
        return
    corners = np.array(list(product(*((0, n - 1) for n in (*first.shape[1:], 1, 1)[:3]), (1,))))
    apart = float(np.abs((affines[0] - affines[1]) @ corners.T).max())
    if not apart < 0.1 * np.linalg.norm(affines[0][:3, :3], axis=0).min():
        shown = [np.array2string(a[:3].round(3), separator=",").replace("\n", "") for a in affines if a is not None]
        raise DataError(
            f"the affines of {names[0].name} and its mask {names[1].name} differ, by up to {apart:.3g} mm: {shown[0]} "
            f"and {shown[1]}",
            hint="export the mask again with the affine of its image, or copy that affine if the voxels do match",
        )


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


@contextmanager
def guarded(path: Path, *, private: bool = False) -> Iterator[None]:
    """Turn whatever a library raises about a file into one `DataError` that names the file and the reason.

    Parameters
    ----------
    path : Path
        The file that is read.
    private : bool
        Leave out the words of the library and its traceback: they may quote a patient's name.
    """
    try:
        yield
    except MedlabError:
        raise
    except Exception as error:
        # PIL, nibabel and pydicom raise dozens of kinds of exception on damaged files: the reader needs one.
        reason = type(error).__name__ if private else f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
        message = f"{path} cannot be read ({reason}): it is damaged, cut short, or something else than its name says"
        hint = "copy or export it again, or take it out of the folder"
        raise DataError(message, hint=hint) from (None if private else error)


def inside(path: Path, root: Path) -> Path:
    """Return the path if it is a file below the folder, also after every link was followed.

    Raises
    ------
    DataError
        If it is missing, or leads out of the folder.
    """
    with guarded(path):
        # A name with a null byte, a loop of links, or one too long for the disk fails here.
        real, exists = path.resolve(), path.is_file()
        within = real.is_relative_to(root.resolve())
    if not within:
        raise DataError(f"{path} leads out of the folder {root}; it was not read", hint="put a copy into the folder")
    if not exists:
        raise DataError(f"there is no file {path}", hint="copy the whole folder again, or take it out of the list")
    return path


def text_of(path: Path, root: Path) -> str:
    """Return a text file below a folder, if it is not absurdly long."""
    size = inside(path, root).stat().st_size
    if size > MOST_TEXT:
        raise DataError(f"{path} has {size} bytes; wanted at most {MOST_TEXT}", hint="is it the right file?")
    with guarded(path):
        return path.read_text(encoding="utf-8-sig")


def plausible(path: Path, *, pixels: int, limit: int = MOST_PIXELS) -> None:
    """Raise if a picture claims more pixels than any that a hospital makes (a decompression bomb)."""
    if not 0 < pixels <= limit:
        raise DataError(
            f"{path} claims {pixels} pixels; wanted 1 to {limit}: it was not unpacked",
            hint="make the image smaller, or take it out of the folder",
        )
