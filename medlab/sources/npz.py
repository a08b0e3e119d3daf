"""Read npz files that somebody else wrote, without trusting them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from medlab.errors import DataError, MedlabError


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an npz file that may be damaged or hostile.

    Every header is compared with the size of its member before anything is allocated, and nothing is unpickled.

    Raises
    ------
    DataError
        If it is not an npz file, is damaged, holds Python objects, or would not fit into the memory.

    Examples
    --------
    >>> read_npz(Path("mine.npz"))["images"].shape  # doctest: +SKIP
    (100, 28, 28)
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
            check_memory(path, sum(_check_header(archive, info, path) for info in members))
            return {info.filename[: -len(".npy")]: _read_member(archive, info) for info in members}
    except (MedlabError, KeyboardInterrupt):
        raise
    except Exception as error:
        # zipfile, its decompressors and numpy raise a dozen kinds of exception on damaged files: the reader needs one.
        raise DataError(
            f"{path} is not a readable npz file ({type(error).__name__}: {' '.join(str(error).split())})",
            hint="copy or download it again; numpy.savez_compressed makes such files",
        ) from error


def _check_header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> int:
    """Return the bytes that an array will take as float32, after checking that its header tells the truth."""
    with archive.open(info) as member:
        shape, _, dtype = header(member)
        start = member.tell()
    if dtype.hasobject or dtype.kind not in "buifUS":
        raise DataError(
            f"{info.filename} of {path} holds {'pickled objects' if dtype.hasobject else dtype}, not plain numbers or "
            "text; it was not read",
            hint="save a plain array: unpickling runs code that the file brings",
        )
    count = 1
    for length in shape:
        count *= int(length)
    if min(shape, default=0) < 0 or start + count * dtype.itemsize != info.file_size:
        raise DataError(
            f"{info.filename} of {path} claims shape {shape} of {dtype}, which does not fit its {info.file_size} bytes",
            hint="the file is damaged: save or download it again",
        )
    return count * (dtype.itemsize + 4)


def header(member) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, order and dtype of an array from the header of its file.

    Raises
    ------
    DataError
        If it is an array of records.
    """
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(member)
    if version not in readers:
        raise DataError(f"array format {version} is for structured arrays", hint="save plain arrays of numbers")
    return readers[version](member)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    # In one piece: piece by piece, as numpy reads members, takes a third longer.
    content = archive.read(info)
    head = io.BytesIO(content)
    shape, fortran, dtype = header(head)
    flat = np.frombuffer(content, dtype=dtype, offset=head.tell())
    return flat.reshape(shape, order="F" if fortran else "C")


def check_memory(what: Path | str, wanted: int) -> None:
    """Raise `DataError` if that many bytes are not free now."""
    import psutil

    free = psutil.virtual_memory().available
    if wanted > free:
        raise DataError(
            f"{what} needs {wanted / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free",
            hint="use fewer or smaller images, or close other notebooks",
        )
