"""Stack the images that a folder or a table names into one cohort."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.npz import check_memory
from medlab.sources.readers.grid import Fit, common_shape, fitted, moved, scaled
from medlab.sources.readers.guard import Header, inside
from medlab.sources.readers.images import peek, read, stem

NO_PATIENTS = "no patient ids: each image counts as a patient, so intervals may be too narrow; see lesson 13"
OWN_FILES = "unknown (your own files)"


def build(
    paths: Sequence[Path],
    *,
    root: Path,
    fit: Fit = Fit(),  # noqa: B008 (frozen)
    mask: Callable[[int], np.ndarray] | None = None,
    boxes: list[Tensor] | None = None,
    patients: Sequence[str] | None = None,
    columns: dict | None = None,
    notes: Sequence[str] = (),
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
    mask : callable, optional
        Takes the number of an image, returns its mask (M, [D,] H, W) of 0 and 1; M is the length of ``structures``.
    boxes : list of Tensor, optional
        In pixels of the files.
    patients, columns
        Patient of every image and further columns of the table.
    notes : sequence of str
        What else was found or is missing.
    **about
        Other fields of the cohort: ``source``, ``structures``, ``labels``, ...

    Returns
    -------
    Cohort

    Raises
    ------
    DataError
        If a file is missing, damaged or hostile, or the images do not fit each other or the memory.
    """
    paths = list(paths)
    headers = [peek(inside(path, root)) for path in paths]
    channels, shape = _common(headers, paths, fit)
    structures = about.get("structures", ()) if mask else ()
    count = len(paths) * int(np.prod(shape, dtype=object))
    check_memory(root, count * (4 * channels + len(structures)))
    images = torch.empty((len(paths), channels, *shape))
    masks = torch.empty((len(paths), len(structures), *shape), dtype=torch.uint8) if mask else None
    for row, path in enumerate(progress.each(paths, "loading")):
        images[row] = fitted(_pixels(path), shape, fit)
        if masks is not None:
            masks[row] = fitted(_mask(mask(row), path, headers[row], len(structures)), shape, fit)
    notes = [*notes, *_notes(headers, shape, fit), *_scales(images)]
    if channels == 3 and torch.equal(images[:, 0], images[:, 1]) and torch.equal(images[:, 0], images[:, 2]):
        images = images[:, :1].clone()
        notes.append("gray images that were saved as color: one channel is kept")
    if boxes is not None:
        boxes, said = _boxes(boxes, headers, shape, fit)
        notes += said
    table, missing = table_of(paths, root, headers, patients, columns or {})
    spacing = _spacing(headers, shape, fit, table)
    about.setdefault("modality", _one({h.modality for h in headers}))
    about.setdefault("intensity", _one({h.intensity for h in headers}))
    about.setdefault("licence", OWN_FILES)
    about.setdefault("axes", headers[0].axes if len({h.axes for h in headers}) == 1 else "")
    return Cohort(images, table, masks=masks, boxes=boxes, spacing=spacing, notes=(*notes, *missing), **about)


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


def _pixels(path: Path) -> Tensor:
    pixels = torch.from_numpy(np.ascontiguousarray(read(path)))
    if not torch.isfinite(pixels).all():
        raise DataError(f"{path} holds NaN or infinite values", hint="repair it, or take it out of the folder")
    return pixels


def _mask(mask: np.ndarray, path: Path, header: Header, structures: int) -> Tensor:
    if mask.shape != (structures, *header.shape[1:]):
        raise DataError(
            f"the mask of {path.name} has shape {mask.shape}, the image {header.shape[1:]}",
            hint="draw or export the mask on the grid of its image",
        )
    return torch.from_numpy(np.ascontiguousarray(mask)).to(torch.uint8)


def _boxes(boxes: list[Tensor], headers: list[Header], shape: tuple[int, ...], fit: Fit) -> tuple[list, list[str]]:
    """Return boxes on the common grid; one that lies outside stays, empty, so that names still match boxes."""
    cut = [torch.minimum(box, torch.tensor(h.shape[1:] * 2)) for box, h in zip(boxes, headers, strict=True)]
    reach = sum(not torch.equal(new, old) for new, old in zip(cut, boxes, strict=True))
    boxes = [moved(box, h.shape[1:], shape, fit) for box, h in zip(cut, headers, strict=True)]
    dims = len(shape)
    empty = sum(int((box[:, dims:] <= box[:, :dims]).any(dim=1).sum()) for box in boxes)
    notes = [f"boxes reach over the border of {reach} images and were cut there"] if reach else []
    return boxes, notes + ([f"{empty} boxes lie outside of the image and are empty"] if empty else [])


def table_of(paths, root, headers, patients, columns) -> tuple[pd.DataFrame, list[str]]:
    """Return one row per image, and a note if nobody says whose image it is."""
    notes = []
    if patients is None and all(h.patient for h in headers):
        patients = [h.patient for h in headers]
        notes = ["patients are pseudonyms made from DICOM identifiers: who knows these can find the patients again"]
    if patients is None:
        notes = [NO_PATIENTS]
        relative = [path.relative_to(root) if path.is_relative_to(root) else Path(path.name) for path in paths]
        patients = [(path.parent / stem(path)).as_posix() for path in relative]
    return pd.DataFrame({"patient_id": [str(name) for name in patients], **columns}), notes


def _spacing(headers: list[Header], shape: tuple[int, ...], fit: Fit, table: pd.DataFrame) -> tuple[float, ...]:
    """Return the spacing of all images; where it differs nan, and columns of the table hold it."""
    steps = np.array([scaled(h.spacing, h.shape[1:], shape, fit) for h in headers])
    if np.allclose(steps, steps[0], rtol=1e-3, equal_nan=True):
        return tuple(float(mm) for mm in steps[0])
    for axis in range(steps.shape[1]):
        table[f"spacing_{axis}"] = steps[:, axis]
    return (float("nan"),) * steps.shape[1]


def _scales(images: Tensor) -> list[str]:
    highest = images.flatten(1).amax(dim=1)
    low, high = float(highest.min()), float(highest.max())
    if low > 0 and high > 20 * low and high > 1:
        return [f"brightest values of the images run from {low:.3g} to {high:.3g}: normalize each image by itself"]
    return []


def _notes(headers: list[Header], shape: tuple[int, ...], fit: Fit) -> list[str]:
    notes = []
    changed = [h for h in headers if h.shape[1:] != shape]
    if changed:
        verbs = {"pad": "padded", "crop": "cropped", "resample": "resampled"}
        size = "x".join(map(str, shape))
        notes.append(f"{len(changed)} of {len(headers)} images were {verbs[fit.how]} to {size}")
    if fit.how == "resample" and len({h.shape[1:] for h in headers}) > 1:
        notes.append("images of different proportions were resampled to one shape: their spacing differs")
    elif len({tuple(np.round(h.spacing, 3)) for h in headers if np.isfinite(h.spacing).all()}) > 1:
        notes.append("the spacing differs between images: columns spacing_0, ... of patients hold it")
    if len({h.shape[0] for h in headers}) > 1:
        notes.append("gray and color images are mixed: gray ones have three equal channels here")
    if not np.isfinite(headers[0].spacing).all():
        notes.append("no pixel spacing: lengths and areas are in pixels")
    return notes


def _one(values: set[str]) -> str:
    return ", ".join(sorted(values))
