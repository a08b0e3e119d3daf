"""Read boxes in the form of Pascal VOC: Annotations/*.xml, JPEGImages/, ImageSets/Main/*.txt."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import torch

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit
from medlab.sources.readers.guard import guarded, text_of
from medlab.sources.readers.images import images_in, peek, stem
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.stack import build
from medlab.sources.values import alike, text


def is_voc(folder: Path) -> bool:
    """Say whether a folder has the form of Pascal VOC."""
    return (folder / "Annotations").is_dir() and (folder / "JPEGImages").is_dir()


def open_voc(root: Path, ledger: Ledger, fit: Fit) -> Cohort:
    """Open a folder of images with boxes.

    Returns
    -------
    Cohort
        ``boxes`` (row0, col0, row1, col1) in pixels from the upper left corner of the image, the end not included (VOC
        counts from 1 and includes it). ``structures`` has the names of the objects; ``patients`` has a column
        ``n_<name>`` with the number of each, ``box_classes`` with the names in the order of the boxes, joined by ";",
        and ``split`` where lists name every image.

    Raises
    ------
    DataError
        If an annotation is damaged, or no image has one.
    """
    files = {stem(path): path for path in images_in(root / "JPEGImages") if not ledger.skipped(path)}
    annotated = sorted(name for name in files if (root / "Annotations" / f"{name}.xml").exists())
    if not annotated:
        raise DataError(f"no image of {root / 'JPEGImages'} has an xml file in Annotations", hint="match their names")
    xmls = [root / "Annotations" / f"{name}.xml" for name in annotated]
    found = [_objects(path, root, files[name]) for path, name in zip(xmls, annotated, strict=True)]
    dropped = sum(not _area(box) for objects in found for _, box in objects)
    found = [[(name, box) for name, box in objects if _area(box)] for objects in found]
    names = tuple(sorted({name for objects in found for name, _ in objects}))
    notes = alike(names, "names of objects")
    columns: dict[str, list] = {}
    for name in names:
        columns[f"n_{name}"] = [sum(name == one for one, _ in objects) for objects in found]
    columns["box_classes"] = [";".join(name for name, _ in objects) for objects in found]
    split, said = _split(root, annotated)
    notes += said
    if dropped:
        notes.append(f"{dropped} boxes without an area were left out")
    return build(
        [files[name] for name in annotated],
        root=root,
        fit=fit,
        boxes=[torch.tensor([box for _, box in objects]).reshape(-1, 4) for objects in found],
        columns=columns | split,
        notes=notes,
        structures=names,
        source=root.name,
        ledger=ledger,
        also=[*xmls, *(root / "ImageSets" / "Main" / f"{part}.txt" for part in SPLITS)],
        strict=False,
    )


def _objects(path: Path, root: Path, picture: Path) -> list[tuple[str, tuple[float, ...]]]:
    """Return the name and the box (row0, col0, row1, col1) of every object of an annotation."""
    content = text_of(path, root)
    if "<!DOCTYPE" in content or "<!ENTITY" in content:
        raise DataError(f"{path} defines entities; it was not read", hint="annotations need none: export them again")
    with guarded(path):
        objects: list[tuple[str, tuple[float, ...]]] = []
        tree = ElementTree.fromstring(content)
        told = [int(tree.findtext(f"size/{name}", "0")) for name in ("height", "width")]
        shape = peek(picture).shape
        if all(told) and tuple(told) != shape[1:]:
            raise DataError(
                f"{path} is about a picture of {told[0]}x{told[1]}, but {picture.name} is {shape[1]}x{shape[2]}",
                hint="the picture was resized or turned after it was annotated: restore it, or annotate it again",
            )
        for item in tree.iter("object"):
            corners = [float(item.findtext(f"bndbox/{name}", "")) for name in ("ymin", "xmin", "ymax", "xmax")]
            if not all(math.isfinite(value) for value in corners):
                raise DataError(f"{path} has a box at {corners}", hint="repair that box")
            name = text(item.findtext("name", "object")).replace(";", ",")
            objects.append((name, (max(corners[0] - 1, 0.0), max(corners[1] - 1, 0.0), corners[2], corners[3])))
        return objects


def _area(box: tuple[float, ...]) -> bool:
    return box[2] > box[0] and box[3] > box[1]


def _split(root: Path, names: list[str]) -> tuple[dict, list[str]]:
    """Return the column ``split`` if the lists name each image once, and a note if they do not."""
    part_of: dict[str, str] = {}
    for part in SPLITS:
        path = root / "ImageSets" / "Main" / f"{part}.txt"
        for line in text_of(path, root).splitlines() if path.exists() else ():
            name = line.split()[0] if line.strip() else ""
            if name and part_of.setdefault(name, part) != part:
                raise DataError(f"image {name} is in two lists: {part_of[name]} and {part}", hint="keep one of them")
    if not part_of:
        return {}, ["no lists of train, val and test images"]
    if missing := [name for name in names if name not in part_of]:
        return {}, [f"the lists do not name {len(missing)} images, such as {missing[0]}: no official split is used"]
    return {"split": [part_of[name] for name in names]}, []
