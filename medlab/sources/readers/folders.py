"""Find out what form a folder of images has, and open it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit
from medlab.sources.readers.decathlon import open_decathlon
from medlab.sources.readers.dicom import is_dicom, what_it_is
from medlab.sources.readers.images import ending, looks_like_image
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.masks import Drawn, label_maps
from medlab.sources.readers.pairs import apart, find_pair, is_observers, open_observers, open_pairs, open_parts
from medlab.sources.readers.series import open_series, series_folders
from medlab.sources.readers.stack import build
from medlab.sources.readers.voc import is_voc, open_voc
from medlab.sources.values import classes_of, finding_of

_PART = re.compile(r"(train|val|valid|validation|dev|test)(?:ing)?(?:[ _-]?(?:set|data|images|imgs))?$", re.IGNORECASE)
_PARTS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "dev": "val", "test": "test"}
_FOLD = re.compile(
    r"(fold|split|batch|part|unlabeled|holdout|extra)[ _-]?\d*$|imagestr|imagests|labelstr", re.IGNORECASE
)
_PERSON = re.compile(r"(patient|pat|p|case|sub|subj|subject|id|study|tcga|person)[ _-]?[\w-]*\d", re.IGNORECASE)
_ROLES = {"images", "imgs", "masks", "labels", "annotations", "segmentations", "jpegimages", "instances", "mask", "gt"}

_HINT = (
    "pass layout='classes' (folders are classes), 'patients' (folders are patients) or 'images' (no labels), and "
    "skip=... for pictures that do not belong to them"
)

Opener = Callable[[Fit], Cohort]


def open_folder(root: Path, fit: Fit, *, layout: str | None = None, skip: tuple[str, ...] = ()) -> Cohort:
    """Open a folder in whichever known form it has.

    Raises
    ------
    DataError
        If the form is not known or can be read in two ways: the message says what was found and what decides.

    Examples
    --------
    >>> open_folder(Path("nuclei"), Fit("crop")).structures  # doctest: +SKIP
    ('objects',)
    """
    ledger = Ledger(root, skip)
    place = root
    for _ in range(4):
        if opener := _known(place, ledger, layout):
            return opener(fit)
        # An archive often unpacks to one folder beside a README.
        inner = [path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")]
        if len(inner) != 1 or inner[0].is_symlink() or any(p.parent == place for p in _pictures(place, ledger)):
            break
        place = inner[0]
    pictures = _pictures(place, ledger)
    if not pictures:
        raise _unknown_form(root, ledger)
    return _open_pictures(place, pictures, ledger, layout, fit)


def _known(root: Path, ledger: Ledger, layout: str | None) -> Opener | None:
    """Return what opens a folder that has a form of its own, or None."""
    if layout is None and (root / "dataset.json").exists():
        return partial(open_decathlon, root, ledger)
    if layout is None and is_voc(root):
        return partial(open_voc, root, ledger)
    if layout in (None, "masks") and (pair := find_pair(root)):
        return partial(open_pairs, root, pair, ledger)
    if layout in (None, "masks") and (pairs := _pairs_of_parts(root)):
        return partial(open_parts, root, pairs, ledger)
    if layout in (None, "masks") and is_observers(root):
        return partial(open_observers, root, ledger)
    below = [path for path in ledger.kept() if path.is_relative_to(root)]
    if layout in (None, "series"):
        if series := series_folders(below):
            return partial(open_series, series, root, ledger)
        if layout == "series":
            raise DataError(f"{root} has no DICOM series", hint="two or more slices that know their positions")
    if layout is None and (records := [path for path in below if path.suffix.lower() == ".hea"]):
        from medlab.sources.readers.waves import open_waves  # wfdb takes a second to import

        return lambda fit: open_waves(records, root=root, ledger=ledger)
    return None


def _pairs_of_parts(root: Path) -> dict[str, tuple[Path, Path]]:
    """Return the folders of images and masks of each part of a split that has both, as in train/image, train/label."""
    folders = [path for path in sorted(root.iterdir()) if path.is_dir() and not path.is_symlink()]
    parts = {path: match for path in folders if (match := _PART.match(path.name))}
    found = {_PARTS[match[1].lower()]: find_pair(path) for path, match in parts.items()}
    return {part: pair for part, pair in found.items() if pair}


def _pictures(place: Path, ledger: Ledger) -> list[Path]:
    found = [path for path in ledger.kept() if path.is_relative_to(place) and looks_like_image(path)]
    return [path for path in found if not is_dicom(path) or not what_it_is(path)]


def _meaning(root: Path, places: list[tuple[str, ...]]) -> str:
    """Return what folders stand for: "images", "parts" or "classes"; raise if they can mean two things."""
    tops, hint = sorted({place[0] for place in places if place}), _HINT
    if not tops:
        return "images"
    if stray := sum(not place for place in places):
        raise DataError(f"{root} has {stray} picture(s) beside folders with pictures: {', '.join(tops[:8])}", hint=hint)
    deep = max(map(len, places))
    if all(_PART.match(name) for name in tops):
        inner = sorted({place[1] for place in places if len(place) > 1})
        if deep > 2 or len({len(place) for place in places}) > 1:
            raise DataError(f"{root} has pictures in folders of several depths, such as {inner[0]}", hint=hint)
        _not_people(root, inner)
        return "parts"
    if roles := [name for name in tops if name.lower() in _ROLES or _FOLD.match(name) or _PART.match(name)]:
        raise DataError(
            f"{root} has folders {', '.join(tops[:8])}: {roles[0]!r} is no name of a class",
            hint="wanted images/ and masks/, or train/, val/ and test/, or a folder per class; or " + hint,
        )
    _not_people(root, tops)
    if deep > 1:
        names = ", ".join(sorted({"/".join(place) for place in places if len(place) > 1})[:5])
        raise DataError(f"{root} has pictures in deeper folders, {names}: classes, patients or parts?", hint=hint)
    return "classes" if len(tops) > 1 else "images"


def _not_people(root: Path, names: list[str]) -> None:
    people = [name for name in names if _PERSON.match(name) or (name.isdigit() and len(name) > 2)]
    if 2 * len(people) > len(names):
        raise DataError(f"the folders of {root} ({', '.join(names[:5])}, ...) are patients, or classes?", hint=_HINT)


def _open_pictures(root: Path, pictures: list[Path], ledger: Ledger, layout: str | None, fit: Fit) -> Cohort:
    """Open pictures whose folders are classes, parts of a split, patients, or nothing."""
    places = {path: path.relative_to(root).parts[:-1] for path in pictures}
    meaning = layout if layout not in (None, "masks") else _meaning(root, list(places.values()))
    notes: list[str] = []
    columns: dict[str, dict[Path, str]] = {}
    about: dict[str, Any] = {}
    if meaning in ("classes", "parts") and all(place and _PART.match(place[0]) for place in places.values()):
        part = {path: _PARTS[_PART.match(place[0])[1].lower()] for path, place in places.items()}  # type: ignore[index]
        columns = {"split": part} if set(part.values()) == set(SPLITS) else {}
        if not columns:
            named = ", ".join(sorted(set(part.values())))
            notes.append(f"there are folders for {named} only, so no official split is used")
        places = {path: place[1:] for path, place in places.items()}
        meaning = "classes" if any(places.values()) else "images"
    if meaning in ("classes", "patients"):
        pictures = [path for path in pictures if places[path]]  # the ledger names what lies beside the folders
    if deep := sum(len(places[path]) > 1 for path in pictures):
        notes.append(f"{deep} pictures lie in deeper folders")
    images, drawn = _drawn(root, pictures, masks=layout in (None, "masks", "classes"), loose=layout == "masks")
    if meaning == "classes":
        about["labels"], about["classes"], said = classes_of([places[path][0] for path in images], where=str(root))
        notes += said + finding_of(about["classes"])
    else:
        notes.append("no labels, masks or boxes were found" if drawn is None else "no labels were found")
    if meaning == "patients":
        about["patients"] = [places[path][0] for path in images]
        notes.append("each folder is a patient")
    return build(
        images, root=root, fit=fit, drawn=drawn, notes=notes, source=root.name, ledger=ledger,
        columns={name: [of[path] for path in images] for name, of in columns.items()}, **about,
    )  # fmt: skip


def _drawn(root: Path, pictures: list[Path], *, masks: bool, loose: bool) -> tuple[list[Path], Drawn | None]:
    """Return the images, and the masks that lie beside them."""
    if not masks:
        return sorted(pictures), None
    folders = [sorted(path for path in pictures if path.parent == one) for one in sorted({p.parent for p in pictures})]
    found = [apart(paths, loose=loose) for paths in folders]
    images = [path for here, _ in found for path in here]
    if not any(groups for _, groups in found):
        return images, None
    if lacking := [here[0].parent.name for here, groups in found if here and not groups]:
        raise DataError(f"the folder {lacking[0]} of {root} has no masks, others have", hint="save empty masks for it")
    return images, label_maps([group for _, groups in found for group in groups], root)


def _unknown_form(root: Path, ledger: Ledger) -> DataError:
    found = Counter(ending(path) or "no ending" for path in ledger.kept())
    folders = sorted(path.name for path in root.iterdir() if path.is_dir())
    told = ", ".join(f"{n} {name}" for name, n in found.most_common(6)) or "no files"
    return DataError(
        f"{root} is a folder of no known form: {told}" + (f"; folders {', '.join(folders[:8])}" if folders else ""),
        hint="known: dataset.json (Decathlon), Annotations/ and JPEGImages/ (VOC), images/ and masks/, "
        "a folder per class or patient, DICOM series, WFDB records, images only; or pass a .npz or .csv file in it",
    )
