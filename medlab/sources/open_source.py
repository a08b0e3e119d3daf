"""Open a source as a Cohort: a published data set, an image that a package carries, the hospital, or a file."""

from __future__ import annotations

import os
from dataclasses import replace
from difflib import get_close_matches
from numbers import Integral
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn import functional as F

from data_fetch.cards import all_cards, load_card
from data_fetch.errors import FetchError
from data_fetch.fetch import fetch
from medlab.cohort import SPLITS, Cohort, from_arrays
from medlab.errors import DataError, MedlabError, unknown
from medlab.sources.npz import check_memory, read_npz
from medlab.sources.packaged import PACKAGED

# What only the simulated hospital, or (fit) only a folder of images, can be asked for.
_OPTIONS = ("patients", "dose", "site", "device", "fit")
_COLUMNS = ("site", "scanner", "sex", "age")


def open(source: str | os.PathLike, *, size: int | tuple[int, ...] | None = None, seed: int = 0, **options) -> Cohort:
    """Open a source of images by name or path.

    Parameters
    ----------
    source : str or path
        A name that `known` lists, such as "pneumoniamnist", "ct_dicom", "mni152" or "hospital:chest_xray", or the
        path of a folder, a csv file or an image (forms: `sources.readers.open_path`), or the path of an npz file.
        That holds either ``images`` (N, H, W), (N, H, W, 3) or (N, C, [D,] H, W) and, where known, ``labels``,
        ``patients``, ``split`` ("train", "val", "test"), ``masks``, ``spacing`` (mm), ``classes``, ``site``,
        ``scanner``, ``sex``, ``age``; or the arrays of MedMNIST (``train_images``, ``train_labels``, ...).
    size : int or tuple of int, optional
        Resample to this many pixels: an int is for the longest axis, and the others keep their proportion; a tuple
        has one number an axis. Without it images keep their size (simulated ones are 64 pixels wide).
    seed : int
        Seed of the simulated hospital.
    **options
        ``patients``, ``dose``, ``site``, ``device``: passed to `medlab.Hospital`; real images ignore them, so that a
        lesson can change its source and nothing else. ``fit`` ("pad", "crop" or "resample", to ``size`` pixels along
        every axis): what to do with files of different sizes, which are an error without it; other sources ignore it.

    Returns
    -------
    Cohort
        Bytes become 0 to 1; CT is in HU. Axes of images are rows, columns; those of "mni152" run to the right,
        to the front and to the top of the head (RAS+).

    Raises
    ------
    MedlabError
        If the source or an option is unknown (the nearest is suggested).
    SourceUnavailable
        If the data exist but cannot be had now; the message names a simulated alternative.
    DataError
        If a file is damaged, hostile, too large for the memory, or of the wrong form.

    Examples
    --------
    >>> open("ct_dicom").images.shape
    torch.Size([1, 1, 128, 128])
    """
    if isinstance(source, str) and source.startswith("hospital:"):
        return _from_hospital(source.partition(":")[2], 64 if size is None else size, seed, options)
    for name in options:
        if name not in _OPTIONS:
            raise unknown("option", name, ["size", "seed", *_OPTIONS])
    fit = options.pop("fit", None)
    if source in PACKAGED:
        return _resized(PACKAGED[source][1](), size)
    cards = all_cards()
    if source in cards or (isinstance(source, str) and source.rpartition("_")[0] in cards):
        return _resized(_from_card(source, fit, size), None if fit else size)
    text = str(source)
    if isinstance(source, os.PathLike) or any(sign in text for sign in "/\\.~") or os.path.exists(text):
        path = _one_npz(Path(text).expanduser())
        if path.suffix.lower() == ".npz" or not path.exists():
            return _resized(_from_path(path), size)
        from medlab.sources.readers import open_path

        return _resized(open_path(path, fit=fit, size=size), None if fit else size)
    raise unknown("source", source, [*known(), "path/to/your.npz or folder"])


def known() -> dict[str, str]:
    """Return the name of every source, with a line about it.

    Examples
    --------
    >>> "mni152" in known()
    True
    """
    from medlab.hospital import MODALITIES

    names = {name: card.title for name, card in all_cards().items()}
    names |= {name: line for name, (line, _) in PACKAGED.items()}
    return names | {f"hospital:{name}": f"simulated: {name.replace('_', ' ')}" for name in MODALITIES}


def here(source: str) -> bool:
    """Return whether a source can be opened without a network: packaged, simulated, or downloaded before.

    Examples
    --------
    >>> here("mni152"), here("hospital:chest_xray")
    (True, True)
    """
    from data_fetch.fetch import cached

    try:
        return cached(load_card(source))
    except FetchError:  # no card, or not in that size
        return source in known()


def _from_hospital(modality: str, size, seed: int, options: dict) -> Cohort:
    from medlab.hospital import Hospital
    from medlab.hospital.hospital import own_options
    from medlab.hospital.modalities import MODALITIES

    if modality in MODALITIES:
        allowed = ["patients", "dose", "site", "device", *own_options(MODALITIES[modality])]
        for name in options:
            if name not in allowed:
                raise unknown(f"option of hospital:{modality}", name, ["size", "seed", *allowed])
    hospital = Hospital(patients=options.pop("patients", 400), seed=seed)
    return hospital.cohort(modality, size=size, **options)


def _from_card(name: str, fit: str | None, size) -> Cohort:
    card = load_card(name)
    path = fetch(card)
    about = {"modality": card.modality, "source": f"{card.title} (doi:{card.doi[0]})", "licence": card.licence}
    about["notes"] = card.problems
    path = _one_npz(path)
    if path.is_dir():
        from medlab.sources.readers import open_path

        cohort = open_path(path, fit=fit, size=size)
        return replace(cohort, _checked=False, **about | {"notes": (*card.problems, *cohort.notes)})
    if path.suffix == ".h5":
        raise DataError(f"{name} holds projections, not images: {path}", hint="lesson 62 reads them with h5py")
    if path.suffix != ".npz":
        raise DataError(
            f"{name} is a table without images: {path}", hint="read it with pandas; its card lists what is wrong in it"
        )
    arrays = read_npz(path)
    if "train_label" in arrays:
        return _medsegbench(arrays, path, structures=card.classes, **about)
    if "images" in arrays:
        return _plain(arrays, path, **about)
    about |= {"classes": card.classes, "positive": card.positive or ""}
    return _medmnist(arrays, path, **about)


def _medsegbench(arrays: dict[str, np.ndarray], path: Path, structures: tuple[str, ...], **about) -> Cohort:
    """Make a cohort of the layout of MedSegBench: images, label maps and an official split."""
    parts = [part for part in SPLITS if f"{part}_images" in arrays and f"{part}_label" in arrays]
    plain = {"split": np.repeat(parts, [len(arrays[f"{part}_images"]) for part in parts])}
    for name, key in (("images", "images"), ("masks", "label")):
        plain[name] = np.concatenate([arrays[f"{part}_{key}"] for part in parts])
    if len(structures) == 1:
        plain["masks"] = (plain["masks"] != 0).astype(np.uint8)  # some sets number the objects
    cohort = _plain(plain, path, **about)
    named = structures if len(structures) == cohort.masks.shape[1] else cohort.structures
    return replace(cohort, _checked=False, structures=named)


def _one_npz(path: Path) -> Path:
    """Return the npz file of a folder that holds one, else the path itself."""
    packed = sorted(path.glob("*.npz")) if path.is_dir() else []
    return packed[0] if len(packed) == 1 else path


def _from_path(path: Path) -> Cohort:
    if not path.is_file():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, siblings, n=1, cutoff=0.3)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else "look at the working folder: os.getcwd()"
        if path.parent == Path() and (name := get_close_matches(path.name, known(), n=1)):
            hint = f"did you mean the source {name[0]!r}?"
        raise DataError(f"there is no file {path}", hint=hint)
    arrays = read_npz(path)
    about = {"source": path.name, "licence": "unknown (your own file)"}
    if "images" in arrays:
        return _plain(arrays, path, **about)
    if "train_images" in arrays:
        return _medmnist(arrays, path, **about)
    raise DataError(
        f"{path} holds {', '.join(sorted(arrays)) or 'nothing'}; wanted 'images' (and 'labels', 'patients', ...) "
        "or 'train_images', 'train_labels', 'val_images', ...",
        hint="save again under these names: numpy.savez_compressed('mine.npz', images=images, labels=labels)",
    )


def _plain(arrays: dict[str, np.ndarray], path: Path, **about) -> Cohort:
    """Make a cohort of ``images`` and what comes with them, one entry per image."""
    images = arrays["images"]
    n = len(images) if images.ndim else 0
    for name in {"labels", "patients", "patient_id", "split", "masks", *_COLUMNS} & set(arrays):
        count = len(arrays[name]) if arrays[name].ndim else 1
        if count != n:
            raise DataError(
                f"{path} has {n} images but {count} {name}", hint=f"one entry of {name} per image, in order"
            )
    if "labels" in arrays:
        about["labels"], named = _labels(arrays["labels"], path)
        about["classes"] = _words(arrays.get("classes", arrays.get("names", np.array(named, dtype=str))))
    patients = arrays.get("patients", arrays.get("patient_id"))
    columns = {name: _flat(arrays[name], name, path) for name in ("split", *_COLUMNS) if name in arrays}
    if "split" in columns:
        wrong = [row for row, part in enumerate(columns["split"]) if part not in SPLITS]
        if wrong:
            got = columns["split"][wrong[0]]
            raise DataError(f"image {wrong[0]} of {path} is in split {got!r}", hint=f"use {', '.join(SPLITS)}")
    cohort = _build(images, None if patients is None else _flat(patients, "patients", path), path, columns, about)
    more = {}
    if "masks" in arrays:
        more["masks"], more["structures"] = _masks(arrays["masks"], cohort.dims, path)
    if "spacing" in arrays:
        more["spacing"] = _spacing(arrays["spacing"], cohort.dims, path)
    return replace(cohort, _checked=False, **more) if more else cohort


def _medmnist(arrays: dict[str, np.ndarray], path: Path, **about) -> Cohort:
    """Make a cohort of the layout of MedMNIST, with its official split."""
    parts = [part for part in SPLITS if f"{part}_images" in arrays]
    images = [arrays[f"{part}_images"] for part in parts]
    labels = [arrays[f"{part}_labels"] for part in parts if f"{part}_labels" in arrays]
    for kind, group in (("images", images), ("labels", labels)):
        shapes = {array.shape[1:] if array.ndim else None for array in group}
        if len(shapes) > 1 or shapes == {None}:
            raise DataError(f"the {kind} of {path} differ in shape: {shapes}", hint=f"one shape for all {kind}")
    if labels and [len(rows) for rows in labels] != [len(rows) for rows in images]:
        counts = f"{[len(rows) for rows in images]} images, {[len(rows) for rows in labels]} labels"
        raise DataError(f"{path} has {counts} in {', '.join(parts)}", hint="one row of labels per image, in each part")
    stack = np.concatenate(images)
    if stack.ndim == 4 and stack.shape[-1] not in (3, 4):
        stack = stack[:, None]  # volumes: MedMNIST writes them without a channel
    if labels:
        about["labels"], named = _labels(np.concatenate(labels), path)
        about.setdefault("classes", tuple(named))
    official = np.repeat(parts, [len(rows) for rows in images])
    return _build(stack, None, path, {"split": official}, about)


def _build(images: np.ndarray, patients, path: Path, columns: dict, about: dict) -> Cohort:
    if images.dtype.kind not in "buif" or not images.size:
        raise DataError(
            f"the images of {path} are {images.dtype} of shape {images.shape}; wanted numbers, and at least one image",
            hint="(N, H, W), (N, H, W, 3) or (N, C, [D,] H, W)",
        )
    if patients is not None and len(bad := np.flatnonzero(pd.isna(patients))):
        raise DataError(f"image {int(bad[0])} of {path} has no patient", hint="give every image the patient it shows")
    return from_arrays(images, patients, columns=columns, **about)


def _labels(labels: np.ndarray, path: Path) -> tuple[torch.Tensor, list[str]]:
    """Return labels (N,) int64 or (N, K) float32, and the names of the classes if the labels were words."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim not in (1, 2) or labels.dtype.kind not in "buifUS":
        raise DataError(
            f"the labels of {path} are {labels.dtype} of shape {labels.shape}",
            hint="(N,) class numbers or names, or (N, K) of 0 and 1",
        )
    if labels.dtype.kind in "US":
        names, numbers = np.unique(labels, return_inverse=True)
        return torch.from_numpy(numbers.reshape(labels.shape).astype(np.int64)), list(_words(names))
    rows = labels.reshape(len(labels), -1)
    fits = (rows == 0) | (rows == 1) if labels.ndim == 2 else (rows >= 0) & (rows < 2**31) & (rows == np.floor(rows))
    if len(bad := np.flatnonzero(~fits.all(axis=1))):
        wanted = "0 and 1 only" if labels.ndim == 2 else "a class number, 0, 1, 2, ..."
        raise DataError(
            f"image {bad[0]} of {path} has label {labels[bad[0]]}; wanted {wanted}", hint="repair that label"
        )
    return torch.from_numpy(labels.astype(np.float32 if labels.ndim == 2 else np.int64)), []


def _masks(masks: np.ndarray, dims: int, path: Path) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Return masks (N, M, [D,] H, W) of 0 and 1: one channel per structure, or per value of a label map."""
    if masks.ndim == dims + 1:
        masks = masks[:, None]
    if masks.ndim != dims + 2 or masks.dtype.kind not in "buif":
        raise DataError(f"the masks of {path} are {masks.dtype} of shape {masks.shape}", hint="(N, [M,] [D,] H, W)")
    values = [value for value in np.unique(masks) if value != 0]
    if masks.shape[1] > 1 or len(values) <= 1:
        return torch.from_numpy((masks != 0).astype(np.uint8)), ()
    if len(values) > 32 or not np.isfinite(values).all():
        raise DataError(f"the masks of {path} hold {len(values)} values", hint="0 outside, 1 to at most 32 structures")
    one_each = np.concatenate([masks == value for value in values], axis=1).astype(np.uint8)
    return torch.from_numpy(one_each), tuple(f"structure {value:g}" for value in values)


def _spacing(spacing: np.ndarray, dims: int, path: Path) -> tuple[float, ...]:
    if spacing.dtype.kind not in "uif" or spacing.size not in (1, dims) or not np.all(spacing > 0):
        raise DataError(f"the spacing of {path} is {spacing}", hint=f"one positive number in mm, or {dims}")
    return tuple(float(step) for step in np.broadcast_to(spacing.reshape(-1), dims))


def _flat(values: np.ndarray, name: str, path: Path) -> np.ndarray:
    if values.ndim != 1 or values.dtype.kind not in "buifUS":
        raise DataError(f"{name} of {path} is {values.dtype} of shape {values.shape}", hint="one value per image")
    return np.array(_words(values)) if values.dtype.kind == "S" else values


def _words(values: np.ndarray) -> tuple[str, ...]:
    return tuple(v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values.reshape(-1).tolist())


def _resized(cohort: Cohort, size: int | tuple[int, ...] | None) -> Cohort:
    """Resample images and masks, and scale spacing and boxes with them."""
    shape = tuple(cohort.images.shape[2:])
    if size is None:
        return cohort
    wanted = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    if len(wanted) not in (1, len(shape)) or not all(isinstance(k, Integral) and 0 < k <= 4096 for k in wanted):
        raise MedlabError(
            f"size {size!r} for images of {shape}", hint=f"one number of pixels, 1 to 4096, or {len(shape)}"
        )
    if len(wanted) == 1:
        wanted = tuple(max(1, round(k * wanted[0] / max(shape))) for k in shape)
    if wanted == shape:
        return cohort
    check_memory(cohort.source, 4 * len(cohort) * cohort.images.shape[1] * int(np.prod(wanted, dtype=object)))
    if cohort.dims == 2:
        cohort.images = F.interpolate(cohort.images, size=wanted, mode="bilinear", antialias=True)
    elif all(new <= old for new, old in zip(wanted, shape, strict=True)):
        cohort.images = F.interpolate(cohort.images, size=wanted, mode="area")
    else:
        cohort.images = F.interpolate(cohort.images, size=wanted, mode="trilinear", align_corners=False)
    if cohort.masks is not None:
        cohort.masks = F.interpolate(cohort.masks, size=wanted, mode="nearest-exact")
    if cohort.boxes is not None:
        scale = torch.tensor([new / old for new, old in zip(wanted, shape, strict=True)] * 2)
        cohort.boxes = [boxes * scale for boxes in cohort.boxes]
    if cohort.spacing:
        cohort.spacing = tuple(mm * old / new for mm, old, new in zip(cohort.spacing, shape, wanted, strict=True))
    return cohort
