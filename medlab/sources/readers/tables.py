"""Read what a csv file says about images: where they are, whose they are, and what they show."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from medlab.cohort import SPLITS, Cohort
from medlab.errors import DataError
from medlab.sources.readers.grid import Fit
from medlab.sources.readers.guard import guarded, inside, text_of
from medlab.sources.readers.images import read_mask
from medlab.sources.readers.stack import build

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
    images = find(table, IMAGE[:-3])
    if images is None:
        raise DataError(
            f"{path.name} has no column of images, but {', '.join(map(str, table.columns[:12]))}",
            hint="add a column 'image' with paths, counted from the folder of the csv file",
        )
    _complete(table, images, path)
    about: dict = {"source": path.name, "notes": []}
    if (label := find(table, LABEL)) is not None:
        about["labels"], about["classes"] = labels_of(_complete(table, label, path))
    if (mask := find(table, MASK)) is not None:
        masks = [inside(root / name, root) for name in _complete(table, mask, path)]
        about |= {"structures": ("mask",), "mask": lambda row: (read_mask(masks[row]) != 0)[None]}
        about["notes"].append("masks: every value but 0 is inside")
    patients, columns, notes = known_columns(table, path)
    about["notes"] += notes
    return build(
        [root / name for name in table[images]], root=root, fit=fit, patients=patients, columns=columns, **about
    )


def read_table(path: Path, root: Path) -> pd.DataFrame:
    """Return a csv file as text, with column names in small letters."""
    text = text_of(path, root)
    with guarded(path):
        table = pd.read_csv(io.StringIO(text), dtype=str, skipinitialspace=True)
    table.columns = [str(name).strip().lower() for name in table.columns]
    if not len(table):
        raise DataError(f"{path} has no rows", hint="one row per image")
    return table


def find(table: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first of these names that is a column."""
    return next((name for name in names if name in table), None)


def known_columns(table: pd.DataFrame, path: Path) -> tuple[list[str] | None, dict, list[str]]:
    """Return patients, the columns that a cohort keeps, and notes on what is missing or was left out."""
    columns = {}
    if "split" in table:
        columns["split"] = [_PARTS.get(part.lower(), part.lower()) for part in _complete(table, "split", path)]
        if wrong := sorted(set(columns["split"]) - set(SPLITS)):
            raise DataError(f"{path.name} has split {wrong[0]!r}", hint=f"use {', '.join(SPLITS)}")
    for name in _KEPT:
        if name in table:
            columns[name] = table[name].fillna("unknown").tolist() if name != "age" else _ages(table, path)
    patient = find(table, PATIENT)
    understood = {*IMAGE, *PATIENT, *LABEL, *MASK, *_KEPT, "split"}
    left = [str(name) for name in table.columns if name not in understood]
    notes = [f"columns of {path.name} that were left out: {', '.join(left[:12])}"] if left else []
    return (None if patient is None else _complete(table, patient, path)), columns, notes


def labels_of(values: list[str]) -> tuple[torch.Tensor, tuple[str, ...]]:
    """Return class numbers (N,) int64, and names: numbers from 0 on stay as they are, words are sorted.

    Examples
    --------
    >>> labels_of(["ill", "healthy"])
    (tensor([1, 0]), ('healthy', 'ill'))
    """
    if all(value.isascii() and value.isdigit() and len(value) < 4 for value in values):
        numbers = np.array([int(value) for value in values])
        if set(numbers) == set(range(int(numbers.max()) + 1)):
            return torch.from_numpy(numbers), tuple(str(k) for k in range(int(numbers.max()) + 1))
    names, numbers = np.unique(np.array(values, dtype=str), return_inverse=True)
    return torch.from_numpy(numbers.astype(np.int64)), tuple(str(name) for name in names)


def _complete(table: pd.DataFrame, column: str, path: Path) -> list[str]:
    values = table[column].str.strip()
    empty = np.flatnonzero(values.isna() | (values == ""))
    if len(empty):
        # The header is line 1 of the file.
        raise DataError(f"line {empty[0] + 2} of {path.name} has no {column}", hint=f"fill in {column} in every row")
    return values.tolist()


def _ages(table: pd.DataFrame, path: Path) -> list[float]:
    ages = pd.to_numeric(table["age"], errors="coerce")
    if len(bad := np.flatnonzero(ages.isna() & table["age"].notna())):
        raise DataError(f"line {bad[0] + 2} of {path.name} has an age that is no number", hint="years, or empty")
    return ages.tolist()
