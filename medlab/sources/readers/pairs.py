"""Read images that have masks of the same name beside them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit
from medlab.sources.readers.guard import inside
from medlab.sources.readers.images import ending, images_in, is_image, read_mask, stem
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.masks import Drawn, image_of, joined, label_maps
from medlab.sources.readers.stack import build
from medlab.sources.readers.tables import IMAGE, find, known_columns, read_table
from medlab.sources.values import text

IMAGES = ("images", "imgs", "image", "img")
MASKS = ("masks", "mask", "labels", "label", "segmentations", "instances")
_OBSERVER = re.compile(r"(.+)_([1-9])(?:st|nd|rd|th)HO$")
_EYE = re.compile(r"Image_(\d+)[LR]$")


def find_pair(root: Path) -> tuple[Path, Path] | None:
    """Return the folder of images and that of masks, if there are both."""
    folders = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    images = next((folders[name] for name in IMAGES if name in folders), None)
    masks = next((folders[name] for name in MASKS if name in folders), None)
    return (images, masks) if images and masks else None


def open_pairs(root: Path, pair: tuple[Path, Path], ledger: Ledger, fit: Fit) -> Cohort:
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
    images_folder, masks_folder = pair
    images = [path for path in images_in(images_folder) if not ledger.skipped(path)]
    groups = matched(images, [path for path in images_in(masks_folder) if not ledger.skipped(path)], masks_folder)
    columns: dict = {}
    if masks_folder.name.lower() == "instances":
        maps = [joined([inside(path, root) for path in group]) for group in groups]
        columns["objects"] = [len(np.unique(map_[map_ != 0])) for map_ in maps]
        note = "instances: each value but 0 is one object; the mask is all objects together"
        drawn = Drawn(groups, [1.0], ("objects",), [note])
    else:
        drawn = label_maps(groups, root)
    patients, more, notes = _index(root, images)
    return build(
        images, root=root, fit=fit, drawn=drawn, patients=patients, columns=columns | more, notes=notes,
        source=root.name, ledger=ledger, also=[root / "index.csv"],
    )  # fmt: skip


def open_parts(root: Path, pairs: dict[str, tuple[Path, Path]], ledger: Ledger, fit: Fit) -> Cohort:
    """Open folders of parts, such as train/image/ and train/label/; parts without masks are named in a note.

    Raises
    ------
    DataError
        If an image has no mask, or a mask holds more than 32 values.
    """
    images: list[Path] = []
    groups: list[list[Path]] = []
    parts: list[str] = []
    for part, (images_folder, masks_folder) in pairs.items():
        found = [path for path in images_in(images_folder) if not ledger.skipped(path)]
        masks = [path for path in images_in(masks_folder) if not ledger.skipped(path)]
        images += found
        groups += matched(found, masks, masks_folder)
        parts += [part] * len(found)
    columns = {"split": parts} if set(parts) == set(SPLITS) else {}
    named = ", ".join(pairs)
    notes = [] if columns else [f"images with masks are in {named} alone, so no official split is used"]
    return build(
        images, root=root, fit=fit, drawn=label_maps(groups, root), columns=columns, notes=notes, source=root.name,
        ledger=ledger, strict=False,
    )  # fmt: skip


def is_observers(root: Path) -> bool:
    """Say whether masks of several observers lie beside their images, as in CHASE_DB1."""
    return any(_OBSERVER.match(stem(path)) for path in images_in(root))


class _Readings(Drawn):
    """One channel per observer: every mask counts for itself."""

    def of(self, row: int) -> np.ndarray:
        return np.stack([read_mask(path)[0] != 0 for path in self.groups[row]])


def open_observers(root: Path, ledger: Ledger, fit: Fit) -> Cohort:
    """Open images with a mask by each observer, named like Image_01L_1stHO.png; one channel per observer.

    Images that are named like Image_01L and Image_01R are the two eyes of one patient, "01".
    """
    found = [path for path in images_in(root) if not ledger.skipped(path)]
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
    eyes = [match[1] for path in images if (match := _EYE.match(stem(path)))]
    if len(eyes) == len(images):
        notes.append("left and right eye of a child are one patient")
    groups = [[inside(read_by[stem(path)][k], root) for k in observers] for path in images]
    return build(
        images, root=root, fit=fit, notes=notes, source=root.name, ledger=ledger,
        drawn=_Readings(groups, [1.0], tuple(f"observer {number}" for number in observers), []),
        patients=eyes if len(eyes) == len(images) else None,
    )  # fmt: skip


def apart(paths: list[Path], *, loose: bool = False) -> tuple[list[Path], list[list[Path]]]:
    """Return the images among pictures of one folder and the masks of each: named like it, and a word more.

    Parameters
    ----------
    paths : list of Path
        The pictures.
    loose : bool
        Take every picture that is named like another and has something more for its mask, whatever the word is.

    Raises
    ------
    DataError
        If pictures are named like others in a way that is no known name of masks, or only some images have masks.
    """
    stems = {stem(path) for path in paths}
    likely: dict[str, list[Path]] = {}
    of: dict[Path, str] = {path: image_of(path, stems) for path in paths}
    for path in paths:
        base = max((s for s in stems if s != stem(path) and _more(stem(path), s)), key=len, default="")
        twin = sum(stem(other) == stem(path) for other in paths) > 1
        if not of[path] and (base or twin):
            likely.setdefault(stem(path).removeprefix(base) if base else ending(path), []).append(path)
            of[path] = base if loose else ""
    images = [path for path in paths if not of[path]]
    end, named = max(likely.items(), key=lambda item: len(item[1]), default=("", []))
    if named and not loose and (3 * len(named) >= len(images) or len({stem(path) for path in images}) < len(images)):
        raise DataError(
            f"{len(named)} pictures of {named[0].parent} are named like others and have {end!r} more, such as "
            f"{named[0].name}: masks, or images?",
            hint=f"pass layout='masks' or 'images', or leave them out with skip='*{end}*'",
        )
    masks = [path for path in paths if of[path]]
    if not masks:
        return images, []
    return images, matched(images, masks, paths[0].parent, {path: name for path, name in of.items() if name})


def _more(name: str, base: str) -> bool:
    rest = name.removeprefix(base)
    return rest != name and re.match(r"[ ._-]+[A-Za-z]", rest) is not None


def matched(
    images: list[Path], masks: list[Path], folder: Path, known: dict[Path, str] | None = None
) -> list[list[Path]]:
    """Return the masks of every image, by name; several of one image are its structures or lesions.

    Raises
    ------
    DataError
        If an image has no mask, or a mask no image.
    """
    of: dict[str, list[Path]] = {stem(path): [] for path in images}
    if len(of) < len(images):
        raise DataError(f"images beside {folder} have one name and two endings", hint="keep one of them")
    strange: list[Path] = []
    for path in masks:
        name = known[path] if known else stem(path) if stem(path) in of else image_of(path, set(of))
        (of[name] if name else strange).append(path)
    lacking = [path.name for path in images if not of[stem(path)]]
    if lacking or not images:
        raise DataError(
            f"{len(lacking)} of {len(images)} images have no mask in {folder}: {', '.join(lacking[:5])}",
            hint="name the mask like its image; where nothing is seen save an empty one",
        )
    if strange:
        raise DataError(
            f"{len(strange)} masks in {folder} have no image: {', '.join(path.name for path in strange[:5])}",
            hint=f"name them like their images, or leave them out with skip={strange[0].name!r}",
        )
    return [of[stem(path)] for path in images]


def _index(root: Path, images: list[Path]) -> tuple[list[str] | None, dict, list[str]]:
    """Return what index.csv says about the images: patients, columns, notes."""
    path = root / "index.csv"
    if not path.exists():
        return None, {}, []
    table = read_table(path, root)
    key = find(table, IMAGE)
    if key is None:
        return None, {}, [f"index.csv was not used: it has no column {', '.join(IMAGE)}"]
    names = [stem(Path(name)) if is_image(Path(name)) else name for name in map(text, table[key])]
    rows = {name: row for row, name in enumerate(names)}
    if twice := [name for row, name in enumerate(names) if rows[name] != row]:
        raise DataError(f"index.csv lists {twice[0]} twice", hint="one row per image")
    stems = [text(stem(path)) for path in images]
    if lacking := [name for name in stems if name not in rows]:
        raise DataError(f"index.csv does not list {len(lacking)} images, such as {lacking[0]}", hint="add their rows")
    extra = sorted(set(rows) - set(stems))
    said = [f"index.csv lists {len(extra)} images that are not here: {', '.join(extra[:6])}"] if extra else []
    patients, columns, notes = known_columns(table.iloc[[rows[name] for name in stems]].reset_index(drop=True), path)
    return patients, columns, said + notes
