"""Look at data without reading the images: headers, names and labels, in well under a second and without torch."""

from __future__ import annotations

import csv
import re
import zipfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from data_fetch.cards import FOLDER, load_card
from data_fetch.fetch import cached, fetch
from medlab.errors import DataError, MedlabError
from medlab.sources.asked import is_path, parsed
from medlab.sources.axes import arrange
from medlab.sources.needs import Facts
from medlab.sources.npz import header

_PICTURES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")
_VOLUMES = (".nii", ".nii.gz")
_IMAGES = ("images", "imgs", "image")
_MASKS = ("masks", "mask", "labels", "label", "segmentations", "instances")
_LABELS = ("label", "labels", "class", "diagnosis", "target")
_PATIENTS = ("patient_id", "patient", "patientid", "subject", "subject_id", "case", "case_id")
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP")
_PARTS = ("train", "training", "val", "valid", "validation", "test")
_MOST_LABELS = 100_000_000  # bytes


def peek(source: str) -> Facts | None:
    """Return what is known of data without reading images, or None where only opening them tells.

    Parameters
    ----------
    source : str
        As `medlab.begin` takes it; a path is absolute.

    Raises
    ------
    DataError
        If a file is damaged.

    Examples
    --------
    >>> peek("hospital:chest_xray") is None
    True
    """
    name, options = parsed(source)
    about: dict = {"positive": options["positive"]} if "positive" in options else {}
    if is_path(name):
        if options.keys() & {"layout", "skip", "channels"}:
            return None  # what these change is known to the readers alone
        path = Path(name)
        return _with(_looked(path, path.stat().st_mtime_ns), about)
    base = name.rpartition("_")[0]
    if not any((FOLDER / f"{stem}.toml").is_file() for stem in filter(None, (name, base))):
        return None
    card = load_card(name)
    if len(card.files) != 1 or not card.files[0].mirror.endswith(".npz") or card.folder or not cached(card):
        return None
    facts = _npz(fetch(card))
    if facts.counts and len(facts.counts) == len(card.classes):
        about = {"positive": card.positive or "", **about}
        about["counts"] = dict(zip(card.classes, facts.counts.values(), strict=True))
    return _with(facts, about)


def described(source: str) -> Facts:
    """Return what is known of data: by a look at them, or where that does not tell, by opening them.

    Examples
    --------
    >>> described("ct_dicom").images
    1
    """
    if facts := peek(source):
        return facts
    from medlab.sources.for_lesson import facts_of, with_finding
    from medlab.sources.open_source import open

    name, options = parsed(source)
    positive = options.pop("positive", "")
    cohort = open(name, **({"fit": "pad"} | options if is_path(name) else {}))
    return facts_of(with_finding(cohort, positive) if positive else cohort)


def _with(facts: Facts | None, about: dict) -> Facts | None:
    """Return the facts with what stands in the options or the card; of classes joined by "+" one is made."""
    if facts is None:
        return None
    facts = replace(facts, **about)
    names, counts = facts.positive.split("+"), facts.counts or {}
    if len(names) > 1 and facts.positive not in counts and set(names) <= set(counts):
        ill = sum(counts[name] for name in names)
        facts = replace(facts, counts={f"not {facts.positive}": facts.images - ill, facts.positive: ill}, several=False)
    return facts


@lru_cache(maxsize=8)
def _looked(path: Path, changed: int) -> Facts | None:
    """Look at a file or folder once for all lessons of a command, unless it changed."""
    try:
        if path.is_dir():
            packed = sorted(path.glob("*.npz"))
            return _npz(packed[0]) if len(packed) == 1 else _folder(path)
        if path.suffix.lower() == ".npz":
            return _npz(path)
        if path.suffix.lower() == ".csv":
            return _table(path)
        return _facts([path], counts={}, annotations=frozenset()) if _kind(path) else None
    except MedlabError:
        raise
    except (OSError, ValueError, KeyError, csv.Error):
        return None  # whoever opens it says what is wrong


def _npz(path: Path) -> Facts:
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = {info.filename[:-4]: _shape(archive, info) for info in archive.infolist()}
            small = {name for name in shapes if re.search(r"(labels|classes|names|site|patients|patient_id)$", name)}
            values = {n: _array(archive, n) for n in small if archive.getinfo(f"{n}.npy").file_size < _MOST_LABELS}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"{path} is not a readable npz file ({type(error).__name__}: {error})", "copy it again"
        ) from None
    official = [part for part in ("train", "val", "test") if f"{part}_images" in shapes]
    images = [shapes["images"]] if "images" in shapes else [shapes[f"{part}_images"] for part in official]
    if not images or not all(images):
        found = ", ".join(sorted(shapes)) or "nothing"
        raise DataError(
            f"{path} holds {found}; wanted 'images' (and 'labels', 'patients', ...) or 'train_images', ...",
            "save it again: numpy.savez_compressed('mine.npz', images=images, labels=labels)",
        )
    labels = [values[n] for n in ("labels", *[f"{part}_labels" for part in official]) if n in values]
    names = values.get("classes", values.get("names"))
    site, patients = values.get("site"), values.get("patients", values.get("patient_id"))
    count = sum(each[0] for each in images)
    about: dict = {"several": bool(labels) and labels[0].ndim == 2 and labels[0].shape[1] > 1}
    shape, channels = _axes(images[0], medmnist="images" not in shapes)
    return Facts(
        count, dims=len(shape), channels=channels, shape=shape,
        counts=_counts(np.concatenate(labels), names) if labels else {},
        annotations=frozenset({"masks"} & set(shapes)), sites=0 if site is None else len(np.unique(site)),
        per_patient=1.0 if patients is None else count / max(1, len(np.unique(patients))), **about,
    )  # fmt: skip


def _shape(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> tuple[int, ...]:
    with archive.open(info) as member:
        return header(member)[0]


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _axes(shape: tuple[int, ...], *, medmnist: bool) -> tuple[tuple[int, ...], int]:
    """Return the axes of one image and its number of channels, as `medlab.open` would understand them."""
    volumes = medmnist and len(shape) == 4 and min(shape[1], shape[-1]) > 4
    # Of zeros that take no memory: only the shape counts.
    found = arrange(np.broadcast_to(np.uint8(0), shape), channels="none" if volumes else None)[0].shape
    return found[2:], found[1]


def _counts(labels: np.ndarray, names: np.ndarray | None) -> dict[str, int]:
    """Return each class and its number of images; classes without a name are called by their numbers."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        each = labels.sum(0).astype(int).tolist()
    else:
        labels = labels.reshape(-1)
        if labels.dtype.kind in "US":
            return dict(Counter(np.sort(labels).astype(str).tolist()))
        each = np.bincount(labels.astype(np.int64)).tolist() if labels.size and labels.min() >= 0 else []
    named = np.arange(len(each)).astype(str) if names is None or len(names) != len(each) else names.astype(str)
    return dict(zip(named.tolist(), each, strict=True))


def _folder(root: Path) -> Facts | None:
    folders = {path.name.lower(): path for path in sorted(root.iterdir()) if _is_folder(path)}
    if (root / "dataset.json").exists():
        files = _images_in(root / "imagesTr") if (root / "imagesTr").is_dir() else []
        return Facts(len(files), dims=3, counts={}, annotations=frozenset({"masks"})) if files else None
    if "annotations" in folders and "jpegimages" in folders:
        return _facts(_images_in(folders["jpegimages"]), counts={}, annotations=frozenset({"boxes"}))
    pairs = (
        [_pair(folders)] if _pair(folders) else [_pair(_inside(folders[part])) for part in _PARTS if part in folders]
    )
    if images := [path for pair in pairs if pair for path in _images_in(pair[0])]:
        masks = [path for pair in pairs if pair for path in _images_in(pair[1])]
        return _facts(
            images, counts={}, annotations={"masks"}, common=_drawn(masks) if len(masks) == len(images) else None
        )
    if files := _images_in(root):
        drawn = any(re.search(r"_\d(st|nd|rd|th)HO$|_mask$|_seg(mentation)?$", path.stem) for path in files)
        return None if drawn or not _kind(files[0]) else _facts(files, counts={}, annotations=frozenset())
    classes = _classes(folders)
    if len(classes) > 1:
        counts = {name: len(files) for name, files in sorted(classes.items())}
        return _facts([path for files in classes.values() for path in files], counts=counts, annotations=frozenset())
    return _folder(next(iter(folders.values()))) if len(folders) == 1 else None


def _classes(folders: dict[str, Path]) -> dict[str, list[Path]]:
    """Return the images of every class: of root/class/, or of root/train/class/ and so on."""
    split = folders and set(folders) <= set(_PARTS)
    tops = [path for part in folders.values() for path in _inside(part).values()] if split else folders.values()
    found: dict[str, list[Path]] = {}
    for path in tops:
        if files := _images_in(path):
            found.setdefault(path.name, []).extend(files)
    return found


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _inside(folder: Path) -> dict[str, Path]:
    return {path.name.lower(): path for path in sorted(folder.iterdir()) if _is_folder(path)}


def _pair(folders: dict[str, Path]) -> tuple[Path, Path] | None:
    """Return the folders of images and masks, if both are there."""
    images = next((folders[name] for name in _IMAGES if name in folders), None)
    masks = next((folders[name] for name in _MASKS if name in folders), None)
    return (images, masks) if images and masks else None


def _drawn(masks: list[Path]) -> float | None:
    """Return the share of masks in which something is drawn; of volumes or of very many it is not looked at."""
    if not masks or len(masks) > 500 or any(_kind(path) not in _PICTURES for path in masks):
        return None
    highest = []
    for path in masks:
        with Image.open(path, formats=_FORMATS) as picture:
            extrema = picture.convert("RGB" if picture.mode == "P" else picture.mode).getextrema()
        highest.append(max(np.ravel(extrema)))
    return float(np.mean(np.array(highest) > 0))


def _kind(path: Path) -> str:
    name = path.name.lower()
    return next((end for end in (*_PICTURES, ".nii.gz", ".nii", ".dcm") if name.endswith(end)), "")


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if _kind(path) and path.name[0] != "." and not path.is_dir())


def _facts(
    files: list[Path], *, counts: dict[str, int], annotations: Iterable[str], common: float | None = None
) -> Facts | None:
    if not files or _kind(files[0]) == ".dcm":
        return None
    kind, shape, channels = _kind(files[0]), None, None
    if kind in _PICTURES:
        with Image.open(files[0], formats=_FORMATS) as picture:
            shape = (picture.height, picture.width)
            channels = 1 if picture.mode in ("1", "L", "LA", "I", "F") or picture.mode.startswith("I;") else None
    dims = 3 if kind in _VOLUMES else 2
    drawn = frozenset(annotations)
    return Facts(len(files), dims, channels, shape, counts, annotations=drawn, sites=0, per_patient=1.0, common=common)


def _table(path: Path) -> Facts | None:
    """Look at a csv file: its columns, and how often each label stands in it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, skipinitialspace=True))
    rows = [{str(key).strip().lower(): value for key, value in row.items()} for row in rows]
    if not rows or path.stat().st_size > _MOST_LABELS:
        return None
    label = next((name for name in _LABELS if name in rows[0]), None)
    counts = dict(sorted(Counter((row[label] or "").strip() for row in rows).items())) if label else {}
    annotations = {"masks"} & {"masks" for name in ("mask", "mask_path", "segmentation") if name in rows[0]}
    sites = len({row["site"] for row in rows}) if "site" in rows[0] else 0
    patient = next((name for name in _PATIENTS if name in rows[0]), None)
    per_patient = len(rows) / len({row[patient] for row in rows}) if patient else 1.0
    return Facts(len(rows), counts=counts, annotations=frozenset(annotations), sites=sites, per_patient=per_patient)
