"""Make a cohort of the arrays of an npz file: one entry per image, or the layouts of MedMNIST and MedSegBench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.axes import arrange
from medlab.sources.stacks import from_arrays
from medlab.sources.values import alike, classes_of, finding_of, is_missing, numbers, patients_of, text, twins

_COLUMNS = ("site", "scanner", "sex", "age")
_KNOWN = {"images", "labels", "patients", "patient_id", "split", "masks", "spacing", "classes", "names", *_COLUMNS}


def open_arrays(arrays: dict[str, np.ndarray], path: Path, *, channels: str | None = None, **about) -> Cohort:
    """Make a cohort of the arrays of a file.

    Parameters
    ----------
    arrays : dict
        As `read_npz` returns them.
    path : Path
        Their file, for messages.
    channels : {"first", "last", "none"}, optional
        Where the axis of the channels is, if the shape alone does not say.
    **about
        Fields of the cohort.

    Raises
    ------
    DataError
        If the arrays are none of the known layouts, do not fit each other, or can be read in two ways.
    """
    about["notes"] = tuple(about.get("notes", ()))
    if "train_label" in arrays:
        return _medsegbench(arrays, path, channels, about)
    if "images" in arrays:
        return _plain(arrays, path, channels, about)
    if "train_images" in arrays:
        return _medmnist(arrays, path, channels, about)
    raise DataError(
        f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; wanted 'images' (and 'labels', 'patients', ...) "
        "or 'train_images', 'train_labels', 'val_images', ...",
        hint="save again under these names: numpy.savez_compressed('mine.npz', images=images, labels=labels)",
    )


def _medsegbench(arrays: dict[str, np.ndarray], path: Path, channels: str | None, about: dict) -> Cohort:
    """Make a cohort of the layout of MedSegBench: images, label maps and an official split."""
    parts = [part for part in SPLITS if f"{part}_images" in arrays and f"{part}_label" in arrays]
    plain = {"split": np.repeat(parts, [len(arrays[f"{part}_images"]) for part in parts])}
    for name, key in (("images", "images"), ("masks", "label")):
        plain[name] = _joined([arrays[f"{part}_{key}"] for part in parts], name, path)
    structures = about.pop("classes", ())
    if len(structures) == 1:
        plain["masks"] = (plain["masks"] != 0).astype(np.uint8)  # some sets number the objects
    about["notes"] += _unread(arrays, {f"{part}_{key}" for part in parts for key in ("images", "label")})
    about.pop("positive", None)
    cohort = _plain(plain, path, channels, about)
    named = structures if cohort.masks is not None and len(structures) == cohort.masks.shape[1] else cohort.structures
    return replace(cohort, _checked=False, structures=named)


def _medmnist(arrays: dict[str, np.ndarray], path: Path, channels: str | None, about: dict) -> Cohort:
    """Make a cohort of the layout of MedMNIST, with its official split; its volumes have no axis of channels."""
    parts = [part for part in SPLITS if f"{part}_images" in arrays]
    images = [arrays[f"{part}_images"] for part in parts]
    labels = [arrays[f"{part}_labels"] for part in parts if f"{part}_labels" in arrays]
    about["notes"] += _unread(arrays, {f"{part}_{key}" for part in parts for key in ("images", "labels")})
    stack = _joined(images, "images", path)
    named = _joined(labels, "labels", path) if labels else None
    if labels and [len(rows) for rows in labels] != [len(rows) for rows in images]:
        counts = f"{[len(rows) for rows in images]} images, {[len(rows) for rows in labels]} labels"
        raise DataError(f"{path} has {counts} in {', '.join(parts)}", hint="one row of labels per image, in each part")
    if stack.ndim == 4 and stack.shape[1] > 4 and stack.shape[-1] > 4:
        channels = channels or "none"
    if named is not None:
        about |= _labels(named, np.array(about.pop("classes", ())), path, about)
    official = np.repeat(parts, [len(rows) for rows in images])
    return _build(stack, None, path, {"split": official}, channels, about)


def _joined(group: list[np.ndarray], kind: str, path: Path) -> np.ndarray:
    shapes = {array.shape[1:] if array.ndim else None for array in group}
    if len(shapes) > 1 or shapes == {None}:
        raise DataError(f"the {kind} of {path} differ in shape: {shapes}", hint=f"one shape for all {kind}")
    if len({array.dtype.kind in "US" for array in group}) > 1 or len({array.dtype == np.uint8 for array in group}) > 1:
        kinds = ", ".join(str(array.dtype) for array in group)
        raise DataError(f"the {kind} of {path} are of several types: {kinds}", hint=f"one type for all {kind}")
    return np.concatenate(group)


def _plain(arrays: dict[str, np.ndarray], path: Path, channels: str | None, about: dict) -> Cohort:
    """Make a cohort of ``images`` and what comes with them, one entry per image."""
    images = arrays["images"]
    n = len(images) if images.ndim else 0
    for name in {"labels", "patients", "patient_id", "split", "masks", *_COLUMNS} & set(arrays):
        count = len(arrays[name]) if arrays[name].ndim else 1
        if count != n:
            raise DataError(
                f"{path} has {n} images but {count} {name}", hint=f"one entry of {name} per image, in order"
            )
    about["notes"] += _unread(arrays, _KNOWN)
    if "labels" in arrays:
        given = arrays.get("classes", arrays.get("names", np.array(())))
        about |= _labels(arrays["labels"], given, path, about)
    patients: list[str] | None = None
    for name in {"patients", "patient_id"} & set(arrays):
        named, notes = patients_of(_flat(arrays[name], name, path), where=str(path))
        if patients is not None and named != patients:
            raise DataError(f"patients and patient_id of {path} differ", hint="keep one of the two arrays")
        about["notes"] += () if patients else tuple(notes)
        patients = named
    columns = {name: _flat(arrays[name], name, path) for name in ("split", *_COLUMNS) if name in arrays}
    for name in {"site", "scanner", "sex"} & set(columns):
        columns[name] = np.array([text(value) for value in columns[name]])
        about["notes"] += tuple(alike(columns[name], f"values of {name}"))
    if "split" in columns:
        wrong = [row for row, part in enumerate(columns["split"]) if part not in SPLITS]
        if wrong:
            got = columns["split"][wrong[0]]
            raise DataError(f"image {wrong[0]} of {path} is in split {got!r}", hint=f"use {', '.join(SPLITS)}")
    cohort = _build(images, patients, path, columns, channels, about)
    more: dict = {}
    if "masks" in arrays:
        more["masks"], more["structures"], notes = _masks(arrays["masks"], tuple(cohort.images.shape[2:]), path)
        more["notes"] = (*cohort.notes, *notes)
    if "spacing" in arrays:
        more["spacing"] = _spacing(arrays["spacing"], cohort.dims, path)
    return replace(cohort, _checked=False, **more) if more else cohort


def _unread(arrays: dict[str, np.ndarray], known: set[str]) -> tuple[str, ...]:
    left = sorted(set(arrays) - known)
    return (f"arrays that were not read: {', '.join(left[:12])}",) if left else ()


def _build(
    images: np.ndarray, patients: list[str] | None, path: Path, columns: dict, channels: str | None, about: dict
) -> Cohort:
    if images.dtype.kind not in "buif" or not images.size:
        raise DataError(
            f"the images of {path} are {images.dtype} of shape {images.shape}; wanted numbers, and at least one image",
            hint="(N, H, W), (N, H, W, 3) or (N, C, [D,] H, W)",
        )
    images, said = arrange(numbers(images, f"the images of {path}"), channels=channels, where=str(path))
    about["notes"] = (*about["notes"], *said)
    cohort = from_arrays(images, patients, channels="first", columns=columns, **about)
    same = twins(images, list(cohort.patient_ids), cohort.labels, columns.get("split"))
    return replace(cohort, notes=(*cohort.notes, *same)) if same else cohort


def _labels(labels: np.ndarray, given: np.ndarray, path: Path, about: dict) -> dict:
    """Return the fields of a cohort that labels fill: (N,) int64 or (N, K) float32, names, and notes."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if (
        labels.ndim not in (1, 2)
        or labels.dtype.kind not in "buifUS"
        or (labels.ndim == 2 and labels.dtype.kind in "US")
    ):
        raise DataError(
            f"the labels of {path} are {labels.dtype} of shape {labels.shape}",
            hint="(N,) class numbers or names, or (N, K) of 0 and 1",
        )
    names = tuple(text(name) for name in given.reshape(-1).tolist())
    if labels.dtype.kind in "US":
        found, names, notes = classes_of(labels.tolist(), names, where=str(path))
        said = [] if about.get("positive") else finding_of(names)
        return {"labels": found, "classes": names, "notes": (*about["notes"], *notes, *said)}
    labels = numbers(labels, f"the labels of {path}")
    rows = labels.reshape(len(labels), -1).astype(np.float64)
    fits = (rows == 0) | (rows == 1) if labels.ndim == 2 else (rows >= 0) & (rows < 2**31) & (rows == np.floor(rows))
    if len(bad := np.flatnonzero(~fits.all(axis=1))):
        wanted = "0 and 1 only" if labels.ndim == 2 else "a class number, 0, 1, 2, ..."
        raise DataError(
            f"image {bad[0]} of {path} has label {labels[bad[0]]}; wanted {wanted}", hint="repair that label"
        )
    notes = list(about["notes"])
    if len(names) > 1 and len(names) == len(labels) > rows.max() + 1 and labels.ndim == 1:
        names = ()
        notes.append("names has one entry per image: they are not the names of classes, and were left out")
    if names and all(name.isdigit() for name in names) and names != tuple(map(str, range(len(names)))):
        raise DataError(
            f"the labels of {path} are numbers, and its classes are other numbers: {', '.join(names[:8])}",
            hint="save the labels as text, or give the classes names",
        )
    if len(set(names)) < len(names):
        raise DataError(f"the classes of {path} have one name twice: {', '.join(names[:8])}", hint="one name a class")
    if labels.ndim == 2 and labels.shape[1] > 1 and (rows.sum(axis=1) == 1).all():
        notes.append("each image has exactly one of the findings: for classes save labels.argmax(axis=1)")
    kind = np.float32 if labels.ndim == 2 else np.int64
    return {"labels": torch.from_numpy(labels.astype(kind)), "classes": names, "notes": tuple(notes)}


def _masks(masks: np.ndarray, shape: tuple[int, ...], path: Path) -> tuple[torch.Tensor, tuple[str, ...], list[str]]:
    """Return masks (N, M, [D,] H, W) of 0 and 1: one channel per structure, or per value of a label map."""
    dims = len(shape)
    if masks.ndim == dims + 1:
        masks = masks[:, None]
    if masks.ndim != dims + 2 or masks.dtype.kind not in "buif":
        raise DataError(f"the masks of {path} are {masks.dtype} of shape {masks.shape}", hint="(N, [M,] [D,] H, W)")
    if masks.shape[2:] != shape and masks.shape[1:-1] == shape:
        masks = np.moveaxis(masks, -1, 1)
    masks = numbers(masks, f"the masks of {path}")
    values = [value for value in np.unique(masks).tolist() if value != 0]
    if any(not np.isfinite(value) or value < 0 or value != int(value) for value in values):
        raise DataError(
            f"the masks of {path} hold {values[0]:g} to {values[-1]:g}; wanted whole numbers from 0 on",
            hint="probabilities become a mask by a threshold: masks > 0.5",
        )
    if len(values) <= 1:
        return torch.from_numpy((masks != 0).astype(np.uint8)), (), []
    if masks.shape[1] > 1:
        raise DataError(
            f"the masks of {path} have {masks.shape[1]} channels that hold {len(values)} values",
            hint="either a channel of 0 and 1 per structure, or one label map (N, [D,] H, W)",
        )
    if min(values) >= 240:
        note = f"values {min(values):g} to {max(values):g} of the masks are taken as one: inside"
        return torch.from_numpy((masks != 0).astype(np.uint8)), (), [note]
    if len(values) > 32:
        raise DataError(f"the masks of {path} hold {len(values)} values", hint="0 outside, 1 to at most 32 structures")
    one_each = np.concatenate([masks == value for value in values], axis=1).astype(np.uint8)
    return torch.from_numpy(one_each), tuple(f"structure {value:g}" for value in values), []


def _spacing(spacing: np.ndarray, dims: int, path: Path) -> tuple[float, ...]:
    fits = spacing.dtype.kind in "uif" and spacing.size in (1, dims) and np.all(np.isfinite(spacing) & (spacing > 0))
    if not fits:
        raise DataError(f"the spacing of {path} is {spacing}", hint=f"one positive number in mm, or {dims}")
    return tuple(float(step) for step in np.broadcast_to(spacing.reshape(-1), dims))


def _flat(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "buifUS":
        raise DataError(f"{name} of {path} is {values.dtype} of shape {values.shape}", hint="one value per image")
    if name == "age" and values.dtype.kind in "US":
        words = [text(value) for value in values.tolist()]
        values = np.array(["nan" if is_missing(word) else word for word in words])
        try:
            return values.astype(float)
        except ValueError:
            raise DataError(f"an age of {path} is no number", hint="years, or empty") from None
    return np.array([text(value) for value in values.tolist()]) if values.dtype.kind in "US" else numbers(values, name)
