"""Read images that have masks of the same name beside them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.readers.grid import Fit
from medlab.sources.readers.guard import inside
from medlab.sources.readers.images import images_in, read_mask, stem
from medlab.sources.readers.stack import build
from medlab.sources.readers.tables import IMAGE, find, known_columns, read_table

IMAGES = ("images", "imgs", "image")
MASKS = ("masks", "mask", "labels", "segmentations", "instances")
_ENDS = ("", "_mask", "_seg", "_segmentation", "_label", "_labels")
_OBSERVER = re.compile(r"(.+)_([1-9])(?:st|nd|rd|th)HO$")
_EYE = re.compile(r"Image_(\d+)[LR]$")


def find_pair(root: Path) -> tuple[Path, Path] | None:
    """Return the folder of images and that of masks, if there are both."""
    folders = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    images = next((folders[name] for name in IMAGES if name in folders), None)
    masks = next((folders[name] for name in MASKS if name in folders), None)
    return (images, masks) if images and masks else None


def open_pairs(root: Path, fit: Fit) -> Cohort:
    """Open a folder with images/ and masks/ (or labels/, instances/), and index.csv where there is one.

    Returns
    -------
    Cohort
        ``masks`` has one channel per value of the label maps; of instances/ one channel of all objects, and the
        column ``objects`` of ``patients`` counts them.

    Raises
    ------
    DataError
        If an image has no mask, or a mask holds more than 32 values and does not lie in instances/.
    """
    images_folder, masks_folder = find_pair(root)
    images = images_in(images_folder)
    masks, notes = _matched(images, images_in(masks_folder), masks_folder)
    masks = [inside(path, root) for path in masks]
    columns: dict = {}
    if instances := masks_folder.name.lower() == "instances":
        values, structures = None, ("objects",)
        columns["objects"] = [len(np.unique(read_mask(path))) for path in masks]
        columns["objects"] = [
            n - bool((read_mask(path) == 0).any()) for n, path in zip(columns["objects"], masks, strict=True)
        ]
        notes.append("instances: each value but 0 is one object; the mask is all objects together")
    else:
        values = _values(masks)
        structures = tuple(f"structure {value:g}" for value in values) if len(values) > 1 else ("mask",)
    patients, more, said = _index(root, images)

    def mask(row: int) -> np.ndarray:
        map_ = read_mask(masks[row])
        return (map_ != 0)[None] if instances or len(values) <= 1 else np.stack([map_ == value for value in values])

    return build(
        images, root=root, fit=fit, mask=mask, structures=structures, patients=patients,
        columns=columns | more, notes=notes + said, source=root.name,
    )  # fmt: skip


def is_observers(root: Path) -> bool:
    """Say whether masks of several observers lie beside their images, as in CHASE_DB1."""
    return any(_OBSERVER.match(stem(path)) for path in images_in(root))


def open_observers(root: Path, fit: Fit) -> Cohort:
    """Open images with a mask by each observer, named like Image_01L_1stHO.png; one channel per observer.

    Images that are named like Image_01L and Image_01R are the two eyes of one patient, "01".
    """
    found = images_in(root)
    read_by: dict[str, dict[str, Path]] = {}
    for path in found:
        if match := _OBSERVER.match(stem(path)):
            read_by.setdefault(match[1], {})[match[2]] = path
    images = [path for path in found if not _OBSERVER.match(stem(path))]
    observers = sorted({number for by in read_by.values() for number in by})
    lacking = [path.name for path in images if set(read_by.get(stem(path), ())) != set(observers)]
    if lacking or not images:
        raise DataError(
            f"{len(lacking)} of {len(images)} images of {root} are not drawn by all {len(observers)} observers: "
            f"{', '.join(lacking[:5])}",
            hint="add the masks, or take these images away",
        )
    notes = [f"{len(observers)} observers drew each image: a channel of masks each, and none of them is the truth"]
    eyes = [_EYE.match(stem(path)) for path in images]
    if all(eyes):
        notes.append("left and right eye of a child are one patient")
    return build(
        images,
        root=root,
        fit=fit,
        mask=lambda row: np.stack([read_mask(inside(read_by[stem(images[row])][k], root)) != 0 for k in observers]),
        structures=tuple(f"observer {number}" for number in observers),
        patients=[eye[1] for eye in eyes] if all(eyes) else None,
        notes=notes,
        source=root.name,
    )


def _matched(images: list[Path], masks: list[Path], folder: Path) -> tuple[list[Path], list[str]]:
    """Return the mask of every image, by name."""
    by_stem: dict[str, Path] = {}
    for path in masks:
        if stem(path) in by_stem:
            raise DataError(f"{path.name} and {by_stem[stem(path)].name} are masks of one image", hint="keep one")
        by_stem[stem(path)] = path
    of = [next((by_stem[stem(path) + end] for end in _ENDS if stem(path) + end in by_stem), None) for path in images]
    lacking = [path.name for path, mask in zip(images, of, strict=True) if mask is None]
    if lacking or not images:
        raise DataError(
            f"{len(lacking)} of {len(images)} images have no mask in {folder}: {', '.join(lacking[:5])}",
            hint="name the mask like its image; where nothing is seen save an empty one",
        )
    extra = len(masks) - len(set(of))
    return of, [f"{extra} masks without an image were left out"] if extra else []


def _values(masks: list[Path]) -> list[float]:
    values: set[float] = set()
    for path in masks:
        values |= set(np.unique(read_mask(path)).tolist()) - {0.0}
        if len(values) > 32:
            raise DataError(
                f"the masks up to {path.name} hold more than 32 values",
                hint="0 outside, 1 to at most 32 structures; if each value is one object, name the folder instances",
            )
    return sorted(values)


def _index(root: Path, images: list[Path]) -> tuple[list[str] | None, dict, list[str]]:
    """Return what index.csv says about the images: patients, columns, notes."""
    path = root / "index.csv"
    if not path.exists():
        return None, {}, []
    table = read_table(path, root)
    key = find(table, IMAGE)
    if key is None:
        return None, {}, [f"index.csv was not used: it has no column {', '.join(IMAGE)}"]
    rows = {stem(Path(str(name))) if Path(str(name)).suffix else str(name): row for row, name in enumerate(table[key])}
    if lacking := [path.name for path in images if stem(path) not in rows]:
        raise DataError(f"index.csv does not list {len(lacking)} images, such as {lacking[0]}", hint="add their rows")
    return known_columns(table.iloc[[rows[stem(path)] for path in images]].reset_index(drop=True), path)
