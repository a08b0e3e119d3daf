"""Read what a csv file says about images: where they are, whose they are, and what they show."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit
from medlab.sources.readers.guard import guarded, inside, text_of
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.masks import label_maps
from medlab.sources.readers.stack import build
from medlab.sources.values import alike, classes_of, finding_of, is_missing, text

IMAGE = ("image", "image_path", "path", "file", "filename", "file_name", "filepath", "image_id", "id", "name")
PATIENT = ("patient_id", "patient", "patientid", "subject", "subject_id", "case", "case_id")
LABEL = ("label", "labels", "class", "diagnosis", "target")
MASK = ("mask", "mask_path", "segmentation")
_PARTS = {"training": "train", "validation": "val", "valid": "val", "dev": "val", "testing": "test"}
# Only these are kept: other columns may hold names or dates of birth.
_KEPT = ("site", "scanner", "sex", "age")


def open_csv(path: Path, fit: Fit) -> Cohort:
    """Open the images that a csv file lists, one a row.

    Parameters
    ----------
    path : Path
        The file. Columns: ``image`` (a path, counted from the folder of the file), and where known ``patient_id``,
        ``label``, ``mask``, ``split``, ``site``, ``scanner``, ``sex``, ``age``; some other names are understood.
    fit : Fit
        What to do with different sizes.

    Raises
    ------
    DataError
        If there is no column of images, a file is missing or lies outside the folder, or a row is incomplete.
    """
    root, path = path.resolve().parent, path.resolve()
    table = read_table(path, root)
    image = find(table, IMAGE[:-3])
    if image is None:
        raise DataError(
            f"{path.name} has no column of images, but {', '.join(map(str, table.columns[:12]))}",
            hint="add a column 'image' with paths, counted from the folder of the csv file",
        )
    paths = [inside(root / name, root) for name in _complete(table, image, path)]
    if twice := [row for row, one in enumerate(paths) if paths.index(one) != row]:
        lines = f"{table.index[paths.index(paths[twice[0]])]} and {table.index[twice[0]]}"
        raise DataError(f"{paths[twice[0]].name} is in lines {lines} of {path.name}", hint="one row per image")
    about: dict = {"source": path.name, "notes": []}
    if (label := find(table, LABEL)) is not None:
        found, about["classes"], notes = classes_of(_complete(table, label, path), where=path.name)
        about |= {"labels": found, "notes": [*notes, *finding_of(about["classes"])]}
    drawn = None
    if (mask := find(table, MASK)) is not None:
        drawn = label_maps([[inside(root / name, root)] for name in _complete(table, mask, path)], root)
    patients, columns, notes = known_columns(table, path)
    about["notes"] += [*_unused(table, (image, label, mask, find(table, PATIENT)), path), *notes]
    if len({one.parent for one in paths}) == 1:  # the table says what of its folder is meant; tell what it leaves out
        about |= {"ledger": Ledger(paths[0].parent), "strict": False, "also": [path]}
    return build(paths, root=root, fit=fit, patients=patients, columns=columns, drawn=drawn, **about)


def read_table(path: Path, root: Path) -> pd.DataFrame:
    """Return a csv file as text, with column names in small letters and the numbers of the lines as index.

    Commas, semicolons or tabs divide the columns, whatever the first line has most of. Nothing that stands there is
    taken for a missing value.
    """
    content = text_of(path, root)
    first = content.lstrip().partition("\n")[0]
    with guarded(path):
        table = pd.read_csv(
            io.StringIO(content), dtype=str, header=None, sep=max(",;\t", key=first.count), skipinitialspace=True,
            keep_default_na=False, na_filter=False, skip_blank_lines=False,
        ).fillna("")  # fmt: skip
    table.index += 1
    table = table[(table != "").any(axis=1)]
    names = [text(name).lower() for name in table.iloc[0]] if len(table) else []
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"{path} has two columns {twice[0]!r}", hint="one column of each name; case does not count")
    if len(table) < 2:
        raise DataError(f"{path} has no rows", hint="one row per image")
    table = table.iloc[1:]
    table.columns = names
    return table


def _unused(table: pd.DataFrame, used: tuple[str | None, ...], path: Path) -> list[str]:
    """Return a note on columns that could have been meant instead of those that were taken."""
    taken = [name for name in used if name]
    others = [name for names in (IMAGE[:-3], LABEL, MASK, PATIENT) for name in names if name in table]
    left = [name for name in others if name not in taken]
    return [f"{path.name}: {', '.join(taken)} are read, and not {', '.join(left)}"] if left else []


def find(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first of these names that is a column."""
    return next((name for name in names if name in table), None)


def known_columns(table: pd.DataFrame, path: Path) -> tuple[list[str] | None, dict, list[str]]:
    """Return patients, the columns that a cohort keeps, and notes on what is missing or was left out."""
    columns: dict[str, list] = {}
    if "split" in table:
        columns["split"] = [_PARTS.get(part.lower(), part.lower()) for part in _complete(table, "split", path)]
        if wrong := sorted(set(columns["split"]) - set(SPLITS)):
            raise DataError(f"{path.name} has split {wrong[0]!r}", hint=f"use {', '.join(SPLITS)}")
    for name in _KEPT:
        if name in table:
            columns[name] = [text(v) or "unknown" for v in table[name]] if name != "age" else _ages(table, path)
    patient = find(table, PATIENT)
    understood = {*IMAGE, *PATIENT, *LABEL, *MASK, *_KEPT, "split"}
    left = [str(name) for name in table.columns if name not in understood]
    notes = [f"columns of {path.name} that were left out: {', '.join(left[:12])}"] if left else []
    for name in ("site", "scanner", "sex"):
        notes += alike(columns.get(name, ()), f"values of {name}")
    return (None if patient is None else _complete(table, patient, path)), columns, notes


def _complete(table: pd.DataFrame, column: str, path: Path) -> list[str]:
    values = table[column].map(text)
    if len(empty := np.flatnonzero(values == "")):
        line = table.index[empty[0]]
        raise DataError(f"line {line} of {path.name} has no {column}", hint=f"fill in {column} in every row")
    return values.tolist()


def _ages(table: pd.DataFrame, path: Path) -> list[float]:
    words = table["age"].map(text)
    ages = pd.to_numeric(words.where(~words.map(is_missing), "nan"), errors="coerce")
    if len(bad := np.flatnonzero((ages.isna() & ~words.map(is_missing)) | np.isinf(ages))):
        line = table.index[bad[0]]
        raise DataError(f"line {line} of {path.name} has an age that is no number", hint="years, or empty")
    return ages.tolist()
