"""Stack the images that a folder or a table names into one cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit, common_shape, fitted, moved, scaled
from medlab.sources.npz import check_memory
from medlab.sources.readers.guard import Header, inside, same_place
from medlab.sources.readers.images import peek, read, stem
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.masks import Drawn
from medlab.sources.values import patients_of, twins

NO_PATIENTS = "no patient ids: each image counts as a patient, so intervals may be too narrow; see lesson 13"
OWN_FILES = "unknown (your own files)"
_PSEUDONYMS = "patients are pseudonyms made from DICOM identifiers: who knows these can find the patients again"


def build(
    paths: Sequence[Path],
    *,
    root: Path,
    fit: Fit = Fit(),  # noqa: B008 (frozen)
    drawn: Drawn | None = None,
    boxes: list[Tensor] | None = None,
    patients: Sequence[str] | None = None,
    columns: dict | None = None,
    notes: Sequence[str] = (),
    ledger: Ledger | None = None,
    also: Iterable[Path] = (),
    strict: bool = True,
    **about,
) -> Cohort:
    """Make a cohort of image files.

    Every header is read and believed or refused before any memory is taken.

    Parameters
    ----------
    paths : sequence of Path
        At least one image.
    root : Path
        The folder that they may not leave.
    fit : Fit
        What to do with different sizes.
    drawn : Drawn, optional
        The masks.
    boxes : list of Tensor, optional
        In pixels of the files.
    patients, columns
        Patient of every image and further columns of the table.
    notes : sequence of str
        What else was found or is missing.
    ledger, also, strict
        The folder's files, those that were read beside images and masks, and whether pictures may be left over.
    **about
        Other fields of the cohort: ``source``, ``labels``, ...

    Raises
    ------
    DataError
        If a file is missing, damaged or hostile, or the images do not fit each other, their masks or the memory.
    """
    paths = list(paths)
    if ledger is not None:
        notes = [*notes, *ledger.close([*paths, *_drawn_in(drawn), *also], strict=strict)]
    headers = [peek(inside(path, root)) for path in paths]
    channels, shape = _common(headers, paths, fit)
    count = len(paths) * int(np.prod(shape, dtype=object))
    check_memory(root, count * (4 * channels + (len(drawn.structures) if drawn else 0)))
    if drawn:
        _compare(paths, headers, drawn)
        about["structures"] = drawn.structures
    images, masks = _filled(paths, (channels, *shape), fit, drawn)
    notes = [*notes, *(drawn.notes if drawn else ()), *_notes(headers, shape, fit), *_scales(images)]
    images, gray = _gray(images)
    boxes, said = _boxes(boxes, headers, shape, fit) if boxes is not None else (None, [])
    notes += [*gray, *said]
    table, missing = table_of(paths, root, [h.patient for h in headers], patients, columns or {})
    missing += twins(
        (image.numpy() for image in images),
        list(table["patient_id"]),
        about.get("labels"),
        (columns or {}).get("split"),
    )
    spacing = spacing_of([scaled(h.spacing, h.shape[1:], shape, fit) for h in headers], table)
    about = _about(headers) | about
    return Cohort(images, table, masks=masks, boxes=boxes, spacing=spacing, notes=(*notes, *missing), **about)


def _filled(paths: list[Path], shape: tuple[int, ...], fit: Fit, drawn: Drawn | None) -> tuple[Tensor, Tensor | None]:
    """Return images (N, C, ...) and masks (N, M, ...) of one shape, read file by file."""
    _, *grid = shape
    images = torch.empty((len(paths), *shape))
    masks = torch.empty((len(paths), len(drawn.structures), *grid), dtype=torch.uint8) if drawn else None
    for row, path in enumerate(progress.each(paths, "loading")):
        images[row] = fitted(_pixels(path), tuple(grid), fit)
        if masks is not None and drawn is not None:
            masks[row] = fitted(torch.from_numpy(np.ascontiguousarray(drawn.of(row))).to(torch.uint8), tuple(grid), fit)
    return images, masks


def _drawn_in(drawn: Drawn | None) -> list[Path]:
    return [path for group in drawn.groups for path in group] if drawn else []


def _gray(images: Tensor) -> tuple[Tensor, list[str]]:
    """Return one channel of gray images that were saved as color, and a note."""
    if images.shape[1] == 3 and torch.equal(images[:, 0], images[:, 1]) and torch.equal(images[:, 0], images[:, 2]):
        return images[:, :1].clone(), ["gray images that were saved as color: one channel is kept"]
    return images, []


def _about(headers: list[Header]) -> dict:
    """Return the fields of the cohort that the headers say."""
    return {
        "modality": ", ".join(sorted({h.modality for h in headers})),
        "intensity": headers[0].intensity,
        "licence": OWN_FILES,
        "axes": headers[0].axes if len({h.axes for h in headers}) == 1 else "",
    }


def _common(headers: list[Header], paths: list[Path], fit: Fit) -> tuple[int, tuple[int, ...]]:
    """Return the number of channels and the shape of all images."""
    if not headers:
        raise DataError("there is no image to open", hint="look into the folder")
    for what, kinds in (
        ("axes", [len(h.shape) - 1 for h in headers]),
        ("channels", [h.shape[0] for h in headers]),
        ("intensities", [h.intensity for h in headers]),
    ):
        gray_and_color = what == "channels" and set(kinds) == {1, 3} and len(headers[0].shape) == 3
        if len(set(kinds)) > 1 and not gray_and_color:
            other = next(k for k, kind in enumerate(kinds) if kind != kinds[0])
            raise DataError(
                f"the images differ in their {what}: {paths[0].name} has {kinds[0]}, "
                f"{paths[other].name} has {kinds[other]}",
                hint="open them as two sources",
            )
    return max(h.shape[0] for h in headers), common_shape([h.shape[1:] for h in headers], paths, fit)


def _compare(paths: list[Path], headers: list[Header], drawn: Drawn) -> None:
    for path, header, group in zip(paths, headers, drawn.groups, strict=True):
        for mask in group:
            same_place(header, peek(mask), (path, mask))


def _pixels(path: Path) -> Tensor:
    pixels = torch.from_numpy(np.ascontiguousarray(read(path)))
    if not torch.isfinite(pixels).all():
        raise DataError(f"{path} holds NaN or infinite values", hint="repair it, or take it out of the folder")
    return pixels


def _boxes(boxes: list[Tensor], headers: list[Header], shape: tuple[int, ...], fit: Fit) -> tuple[list, list[str]]:
    """Return boxes on the common grid; one that lies outside stays, empty, so that names still match boxes."""
    cut = [torch.minimum(box, torch.tensor(h.shape[1:] * 2)) for box, h in zip(boxes, headers, strict=True)]
    reach = sum(not torch.equal(new, old) for new, old in zip(cut, boxes, strict=True))
    boxes = [moved(box, h.shape[1:], shape, fit) for box, h in zip(cut, headers, strict=True)]
    dims = len(shape)
    empty = sum(int((box[:, dims:] <= box[:, :dims]).any(dim=1).sum()) for box in boxes)
    notes = [f"boxes reach over the border of {reach} images and were cut there"] if reach else []
    return boxes, notes + ([f"{empty} boxes lie outside of the image and are empty"] if empty else [])


def table_of(
    paths: Sequence[Path], root: Path, found: Sequence[str], patients: Sequence[str] | None, columns: dict
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per image, and notes on whose images they are.

    Parameters
    ----------
    paths, root
        The images and their folder.
    found : sequence of str
        The patient that each file names, or nothing.
    patients : sequence of str, optional
        The patients that a table or the folders name; they count more than the files.
    columns : dict
        Further columns.
    """
    relative = [path.relative_to(root) if path.is_relative_to(root) else Path(path.name) for path in paths]
    own = [(path.parent / stem(path)).as_posix() for path in relative]
    own = own if len(set(own)) == len(own) else [path.as_posix() for path in relative]
    notes: list[str] = []
    if patients is not None:
        patients, notes = patients_of(patients, where=str(root))
        if all(found) and (mixed := _disagree(patients, list(found))):
            notes.append(f"the files name other patients than the table: {mixed}")
    elif any(found):
        notes = [_PSEUDONYMS]
        if lacking := sum(not name for name in found):
            notes.append(f"{lacking} images name no patient: each of them counts as one")
        patients = [name or alone for name, alone in zip(found, own, strict=True)]
    else:
        notes, patients = [NO_PATIENTS], own
    return pd.DataFrame({"patient_id": list(patients), **columns}), notes


def _disagree(told: list[str], found: list[str]) -> str:
    """Return which person of the files has several names in the table, or the reverse, or nothing."""
    pairs = set(zip(told, found, strict=True))
    twice = Counter(name for name, _ in pairs).most_common(1)[0], Counter(name for _, name in pairs).most_common(1)[0]
    if twice[1][1] > 1:
        return f"{twice[1][0]} of the files is several patients of the table, so a split can divide this person"
    return f"{twice[0][0]} of the table is several patients of the files" if twice[0][1] > 1 else ""


def spacing_of(steps: Sequence[tuple[float, ...]], table: pd.DataFrame) -> tuple[float, ...]:
    """Return the spacing of all images; where it differs nan, and columns of the table hold it."""
    array = np.array(steps)
    if np.allclose(array, array[0], rtol=1e-3, equal_nan=True):
        return tuple(float(mm) for mm in array[0])
    for axis in range(array.shape[1]):
        table[f"spacing_{axis}"] = array[:, axis]
    return (float("nan"),) * array.shape[1]


def _scales(images: Tensor) -> list[str]:
    highest = images.flatten(1).amax(dim=1)
    low, high = float(highest.min()), float(highest.max())
    if low > 0 and high > 20 * low and high > 1:
        return [f"brightest values of the images run from {low:.3g} to {high:.3g}: normalize each image by itself"]
    return []


def _notes(headers: list[Header], shape: tuple[int, ...], fit: Fit) -> list[str]:
    notes = counted(headers)
    changed = [h for h in headers if h.shape[1:] != shape]
    if changed:
        verbs = {"pad": "padded", "crop": "cropped", "resample": "resampled"}
        size = "x".join(map(str, shape))
        notes.append(f"{len(changed)} of {len(headers)} images were {verbs[str(fit.how)]} to {size}")
    if fit.how == "resample" and len({h.shape[1:] for h in headers}) > 1:
        notes.append("images of different proportions were resampled to one shape: their spacing differs")
    elif len({tuple(np.round(h.spacing, 3)) for h in headers if np.isfinite(h.spacing).all()}) > 1:
        notes.append("the spacing differs between images: columns spacing_0, ... of patients hold it")
    if len({h.shape[0] for h in headers}) > 1:
        notes.append("gray and color images are mixed: gray ones have three equal channels here")
    if not np.isfinite(headers[0].spacing).all():
        notes.append("no pixel spacing: lengths and areas are in pixels")
    return notes


def counted(headers: Sequence[Header]) -> list[str]:
    """Return what the files say of themselves, each note once, with the number of files that have it."""
    said = Counter(note for header in headers for note in header.notes)
    return [note if n == len(headers) else f"{n} of {len(headers)} files: {note}" for note, n in said.items()]
