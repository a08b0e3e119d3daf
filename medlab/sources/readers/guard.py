"""What every reader checks before it believes a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

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
        As in `medlab.Cohort`.
    patient : str
        A pseudonym, or nothing.
    axes : str
        As in `medlab.Cohort`.
    """

    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    intensity: str
    modality: str = "unknown"
    patient: str = ""
    axes: str = ""


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
        reason = type(error).__name__ if private else f"{type(error).__name__}: {str(error)[:200]}"
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
