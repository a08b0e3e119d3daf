"""Find out what form a folder of images has, and open it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path

import torch

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.readers.decathlon import open_decathlon
from medlab.sources.readers.dicom import has_position, is_dicom, read_series
from medlab.sources.readers.grid import Fit, common_shape, fitted, scaled
from medlab.sources.readers.guard import inside
from medlab.sources.readers.images import ending, images_in
from medlab.sources.readers.pairs import find_pair, is_observers, open_observers, open_pairs
from medlab.sources.readers.stack import NO_PATIENTS, OWN_FILES, build, table_of
from medlab.sources.readers.voc import is_voc, open_voc

_PARTS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def open_folder(root: Path, fit: Fit) -> Cohort:
    """Open a folder in whichever known form it has.

    Raises
    ------
    DataError
        If the form is not known: the message says what was found and which forms are.

    Examples
    --------
    >>> open_folder(Path("nuclei"), Fit("crop")).structures  # doctest: +SKIP
    ('objects',)
    """
    opener = _opener(root)
    if opener is None:
        # An archive often unpacks to one folder beside a README.
        inner = [path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")]
        opener = _opener(inner[0]) if len(inner) == 1 and not inner[0].is_symlink() else None
    if opener is None:
        raise _unknown_form(root)
    return opener(fit)


def _opener(root: Path) -> Callable[[Fit], Cohort] | None:
    """Return what opens a folder of this form, or None."""
    if (root / "dataset.json").exists():
        return partial(open_decathlon, root)
    if is_voc(root):
        return partial(open_voc, root)
    if find_pair(root):
        return partial(open_pairs, root)
    if is_observers(root):
        return partial(open_observers, root)
    if slices := _slices(root):
        return partial(_series, slices, root)
    if images := images_in(root):
        notes = ["no labels, masks or boxes were found"]
        return lambda fit: build(images, root=root, fit=fit, source=root.name, notes=notes)
    if classes := _classes(root):
        return partial(_open_classes, classes, root)
    return None


def _slices(root: Path) -> list[Path]:
    """Return the DICOM files of a folder, if they know their positions: two or more are a series."""
    files = sorted(path for path in root.iterdir() if path.is_file() and not path.name.startswith("."))
    files = [path for path in files if ending(path) in ("", ".dcm", ".ima") or path.suffix[1:].isdigit()]
    found = [path for path in files if is_dicom(inside(path, root))]
    return found if len(found) > 1 and any(has_position(path) for path in found) else []


def _series(paths: list[Path], root: Path, fit: Fit) -> Cohort:
    volume, header = read_series(paths, root=root)
    shape = common_shape([header.shape[1:]], [root], fit)
    table, notes = table_of([root], root, [header], None, {})
    return Cohort(
        fitted(torch.from_numpy(volume), shape, fit)[None],
        table if header.patient else table.assign(patient_id="patient_unknown"),
        spacing=scaled(header.spacing, header.shape[1:], shape, fit),
        axes=header.axes,
        modality=header.modality,
        intensity=header.intensity,
        source=f"a DICOM series of {len(paths)} slices",
        licence=OWN_FILES,
        notes=tuple(note for note in notes if note != NO_PATIENTS),
    )


def _classes(root: Path) -> dict[tuple[str, str], list[Path]]:
    """Return the images of every (part, class): of root/class/ with part "", or of root/train/class/ and so on."""
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    parts = {path: _PARTS.get(path.name.lower(), "") for path in folders}
    if folders and all(parts.values()):
        inner = {(part, path): images for top, part in parts.items() for path, images in _filled(top).items()}
        found: dict[tuple[str, str], list[Path]] = {}
        for (part, path), images in inner.items():
            found.setdefault((part, path.name), []).extend(images)
    else:
        found = {("", path.name): images for path, images in _filled(root).items()}
    return found if len({name for _, name in found}) > 1 else {}


def _filled(root: Path) -> dict[Path, list[Path]]:
    folders = sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith("."))
    return {path: images for path in folders if (images := images_in(path))}


def _open_classes(classes: dict[tuple[str, str], list[Path]], root: Path, fit: Fit) -> Cohort:
    names = sorted({name for _, name in classes})
    rows = [(part, name, path) for (part, name), images in sorted(classes.items()) for path in images]
    parts = [part for part, _, _ in rows]
    notes = []
    if all(parts) and set(parts) != set(SPLITS):
        notes.append(f"there are folders for {', '.join(sorted(set(parts)))} only, so no official split is used")
    return build(
        [path for _, _, path in rows],
        root=root,
        fit=fit,
        labels=torch.tensor([names.index(name) for _, name, _ in rows]),
        classes=tuple(names),
        columns={"split": parts} if set(parts) == set(SPLITS) else {},
        notes=notes,
        source=root.name,
    )


def _unknown_form(root: Path) -> DataError:
    found = Counter(ending(path) or "no ending" for path in islice(root.rglob("*"), 10_000) if path.is_file())
    folders = sorted(path.name for path in root.iterdir() if path.is_dir())
    told = ", ".join(f"{n} {name}" for name, n in found.most_common(6)) or "no files"
    return DataError(
        f"{root} is a folder of no known form: {told}" + (f"; folders {', '.join(folders[:8])}" if folders else ""),
        hint="known: dataset.json (Decathlon), Annotations/ and JPEGImages/ (VOC), images/ and masks/, "
        "a folder per class, a DICOM series, images only; or pass a .npz or .csv file in it",
    )
