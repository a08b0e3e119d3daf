"""Cohort: a stack of images with everything that is known about each, the one data type of every lesson."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab.errors import DataError, MedlabError, unknown

SPLITS = ("train", "val", "test")
# What text becomes of a missing value: taken for a patient, it would make several people one.
_NOBODY = {"", "nan", "NaN", "None", "<NA>", "NaT"}


@dataclass
class Cohort:
    """Images of patients, with labels, masks, boxes and landmarks where they are known.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W) or (N, C, D, H, W), float32
        Intensities in the unit that ``intensity`` names. Finite.
    patients : DataFrame, N rows
        One row per image; column ``patient_id`` always; ``site``, ``scanner``, ``sex``, ``age``, ``split`` where known.
    labels : Tensor, optional, shape (N,) int64 or (N, K) float32
        Class index, or one 0/1 column per finding (several may be present).
    masks : Tensor, optional, shape (N, M, [D,] H, W), uint8
        One 0/1 channel per structure that ``structures`` names; one whose name ends in "(instances)" numbers its
        objects from 1 instead.
    boxes : list of N Tensors, optional, each (B, 2 * dims), float32
        Corners in pixels: first the lower corner, then the upper, axes in the order of the image.
    landmarks : Tensor, optional, shape (N, L, dims), float32
        Positions in pixels, axes in the order of the image.
    spacing : tuple of float
        Size of a pixel or voxel in mm, axes in the order of the image; nan where it is not known.
    axes : str
        Where the axes of a volume run to in the patient, such as "RAS" (right, anterior, superior); "" if not known.
    modality, intensity : str
        Such as "chest X-ray" and "relative brightness, 0 to 1".
    classes : tuple of str
        Names of the label values or columns; "0", "1", ... if not given.
    positive : str
        The class that a lesson with two classes looks for; the last of ``classes`` if empty.
    source, licence : str
        Shown on every figure and in every record.
    simulated : bool
        Whether the images were computed rather than acquired.
    notes : tuple of str
        Known problems that a reader of results must know.

    Raises
    ------
    DataError
        If shapes, counts or values do not fit; the message names the image.

    Examples
    --------
    >>> ids = pd.DataFrame({"patient_id": ["p0", "p1"]})
    >>> len(Cohort(torch.zeros(2, 1, 8, 8), ids))
    2
    """

    images: Tensor
    patients: pd.DataFrame
    labels: Tensor | None = None
    masks: Tensor | None = None
    boxes: list[Tensor] | None = None
    landmarks: Tensor | None = None
    spacing: tuple[float, ...] = ()
    axes: str = ""
    modality: str = "unknown"
    intensity: str = "arbitrary units"
    classes: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    landmark_names: tuple[str, ...] = ()
    positive: str = ""
    source: str = "unnamed source"
    licence: str = "unknown"
    simulated: bool = False
    notes: tuple[str, ...] = ()
    _checked: bool = field(default=False, repr=False)

    def __post_init__(self) -> None:
        if not self._checked:
            self.classes = self.classes or _numbered(self.labels)
            _validate(self)
            self._checked = True

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> Cohort:
        """Return the cohort of the chosen images: an int, slice, list, array, boolean mask or Series."""
        rows = _rows(index, len(self))
        pick = torch.from_numpy(rows)
        taken: dict[str, Any] = {
            f.name: value[pick] for f in fields(self) if isinstance(value := getattr(self, f.name), Tensor)
        }
        if self.boxes is not None:
            taken["boxes"] = [self.boxes[i] for i in rows]
        return replace(self, patients=self.patients.iloc[rows].reset_index(drop=True), **taken)

    @property
    def dims(self) -> int:
        """Number of spatial axes, 2 or 3."""
        return self.images.ndim - 2

    @property
    def patient_ids(self) -> np.ndarray:
        """The patient of each image, shape (N,), str: what the bootstrap resamples."""
        return self.patients["patient_id"].to_numpy(dtype=str)

    def target(self, positive: str | None = None) -> Tensor:
        """Return the 0/1 labels of one finding against all else, shape (N,), float32.

        Parameters
        ----------
        positive : str, optional
            One of ``classes``; the cohort's own ``positive`` when not given.

        Raises
        ------
        MedlabError
            If there are no labels, or no such class.
        """
        if self.labels is None:
            raise MedlabError(
                f"{self.source} has no labels", hint="open a source with labels, or pass an npz with them"
            )
        name = positive or self.positive or (self.classes[-1] if self.classes else "1")
        if self.classes and name not in self.classes:
            raise unknown("class", name, self.classes)
        column = self.classes.index(name) if self.classes else int(name)
        chosen = self.labels[:, column] if self.labels.ndim == 2 else self.labels == column
        return chosen.to(torch.float32)

    def split(
        self,
        train: float = 0.6,
        val: float = 0.2,
        test: float = 0.2,
        *,
        seed: int = 0,
        external: str | None = None,
    ) -> tuple[Cohort, Cohort, Cohort]:
        """Split into training, validation and test cohorts, by patient.

        Parameters
        ----------
        train, val, test : float
            Shares of the patients, which add up to 1. Ignored where the set has an official split
            (column ``split`` in ``patients``).
        seed : int
            Seed of the random assignment.
        external : str, optional
            A site whose patients form the whole test set (external validation); ``train`` and ``val`` share the
            others in their proportion. Sets with an official split or without sites ignore it; so do
            acquired images of other sites than this one, and a note says so.

        Returns
        -------
        tuple of three Cohorts
            No patient is in two of them.

        Raises
        ------
        MedlabError
            If the shares are not a partition, a part would be empty, or an official split shares patients.
        """
        if "split" in self.patients:
            if strange := set(self.patients["split"]) - set(SPLITS):
                got = ", ".join(sorted(map(str, strange))[:5])
                raise MedlabError(f"column split of {self.source} holds {got}", hint=f"use {', '.join(SPLITS)}")
            parts = [self[(self.patients["split"] == name).to_numpy()] for name in SPLITS]
        else:
            elsewhere = not self.simulated and "site" in self.patients and external not in set(self.patients["site"])
            part = _assign(self.patients, (train, val, test), seed, None if elsewhere else external)
            note = (f"no site is called {external!r}: patients of all sites are in each part",) if elsewhere else ()
            whole = replace(self, notes=self.notes + note) if external else self
            parts = [whole[part == k] for k in range(3)]
        for name, cohort in zip(SPLITS, parts, strict=True):
            if not len(cohort):
                raise MedlabError(
                    f"the {name} part of {self.source} is empty ({self.patients['patient_id'].nunique()} patients)",
                    hint="use more patients, or give that part a larger share",
                )
        for first, second in ((0, 1), (0, 2), (1, 2)):
            assert_disjoint(parts[first], parts[second])
        return parts[0], parts[1], parts[2]

    def summary(self) -> pd.DataFrame:
        """Return for each class how many images and patients show it, and its share of the images.

        Raises
        ------
        MedlabError
            If there are no labels.
        """
        found = {name: self.target(name).numpy() > 0 for name in self.classes} or {"1": self.target().numpy() > 0}
        counts = {k: (int(here.sum()), len(set(self.patient_ids[here])), here.mean()) for k, here in found.items()}
        return pd.DataFrame.from_dict(counts, orient="index", columns=["images", "patients", "share"])

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.images.shape[1:]))
        n = self.patients["patient_id"].nunique()
        return f"Cohort({len(self)} images {shape} of {n} patients, {self.modality}, source: {self.source})"

    def _repr_html_(self) -> str:
        from medlab.figures.card import cohort_html

        return cohort_html(self)


def _numbered(labels: Tensor | None) -> tuple[str, ...]:
    """Return "0", "1", ... as names of classes that have none; lessons title pictures by them."""
    if labels is None or not len(labels) or labels.ndim not in (1, 2) or not bool((labels >= 0).all()):
        return ()  # not ">= 0": also NaN, which is refused with its row
    count = labels.shape[1] if labels.ndim == 2 else int(labels.max()) + 1
    return tuple(map(str, range(count))) if count <= 1000 else ()


def assert_disjoint(first: Cohort, second: Cohort) -> None:
    """Raise if two cohorts share a patient.

    Raises
    ------
    MedlabError
        Naming up to five shared patients: results on the second cohort would be too good.

    Examples
    --------
    >>> ids = pd.DataFrame({"patient_id": ["p0", "p1"]})
    >>> cohort = Cohort(torch.zeros(2, 1, 8, 8), ids)
    >>> assert_disjoint(cohort[[0]], cohort[[1]])
    """
    shared = sorted(set(first.patient_ids) & set(second.patient_ids))
    if shared:
        raise MedlabError(
            f"{len(shared)} patients are in both cohorts, such as {', '.join(shared[:5])}",
            hint="split by patient: cohort.split(...) does",
        )


def _assign(patients: pd.DataFrame, shares: tuple[float, float, float], seed: int, external: str | None) -> np.ndarray:
    """Return 0, 1 or 2 for each image: the part that its patient was drawn into."""
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise MedlabError(f"shares {shares} are not a partition", hint="train + val + test must be 1, none negative")
    ids = patients["patient_id"].astype(str)
    of_patient = pd.Series(0, index=pd.unique(ids))
    pool = of_patient.index.to_numpy()
    outside = np.zeros(len(pool), dtype=bool)
    if external is not None and "site" in patients:
        if external not in set(patients["site"]):
            raise unknown("site", external, sorted(set(patients["site"])))
        away = set(ids[patients["site"] == external])
        outside = np.array([name in away for name in pool])
        shares = (shares[0] / (shares[0] + shares[1]), shares[1] / (shares[0] + shares[1]), 0.0)
    inside = np.random.default_rng(seed).permutation(pool[~outside])
    cuts = np.round(np.cumsum(shares[:2]) * len(inside)).astype(int)
    of_patient[inside[cuts[0] : cuts[1]]] = 1
    of_patient[inside[cuts[1] :]] = 2
    of_patient[pool[outside]] = 2
    return of_patient[ids].to_numpy()


def _rows(index, length: int) -> np.ndarray:
    if isinstance(index, (int, np.integer)):
        if not -length <= index < length:
            raise IndexError(f"image {index} of a cohort of {length}")
        return np.array([index % length])
    if isinstance(index, slice):
        return np.arange(length)[index]
    chosen = np.asarray(index)
    if chosen.dtype == bool:
        if chosen.shape != (length,):
            raise MedlabError(f"a boolean mask of shape {chosen.shape} for {length} images", hint="one value an image")
        return np.flatnonzero(chosen)
    if not chosen.size:
        return chosen.astype(np.int64)
    return np.arange(length)[chosen]


def _validate(cohort: Cohort) -> None:
    images, n = cohort.images, len(cohort.images)
    if not isinstance(images, Tensor) or images.dtype != torch.float32 or images.ndim not in (4, 5):
        got = f"{images.dtype} of shape {tuple(images.shape)}" if isinstance(images, Tensor) else type(images).__name__
        raise DataError(
            f"images are {got}; wanted a float32 Tensor (N, C, H, W) or (N, C, D, H, W)",
            hint="torch.as_tensor(array, dtype=torch.float32), with the channel axis second",
        )
    # A sum is NaN or infinite as soon as one value is: one pass, and the slow search only when it is needed.
    if not torch.isfinite(images.sum()) and len(bad := _not_finite(images)):
        raise DataError(f"image {int(bad[0])} holds NaN or infinite values", hint="repair or leave out that image")
    cohort.patients = _checked_patients(cohort.patients, n)
    for name in ("labels", "masks", "landmarks", "boxes"):
        value = getattr(cohort, name)
        if value is not None and len(value) != n:
            raise DataError(f"{n} images but {len(value)} {name}", hint=f"one entry of {name} per image, in order")
    _validate_labels(cohort)
    _validate_shapes(cohort)


def _checked_patients(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the table with patients in one form, or raise: an empty id would make several people one patient."""
    if not isinstance(table, pd.DataFrame) or "patient_id" not in table:
        raise DataError("patients has no column 'patient_id'", hint="one row per image, with the patient it shows")
    if table.columns.duplicated().any():
        name = table.columns[table.columns.duplicated()][0]
        raise DataError(f"patients has two columns {name!r}", hint="one column of each name")
    if len(table) != n:
        raise DataError(f"{n} images but {len(table)} rows in patients", hint="one row per image, in order")
    ids = table["patient_id"]
    given = ids.tolist()
    joined = "".join(given).replace("_", "0") if set(map(type, given)) == {str} else ""
    # Most sets have plain ids: thousands of them need not be looked at one by one.
    names = given if joined.isascii() and joined.isalnum() else [_one_form(value) for value in given]
    if not _NOBODY.isdisjoint(names):
        row = next(row for row, name in enumerate(names) if name in _NOBODY)
        raise DataError(f"image {row} has no patient_id", hint="give every image the patient it shows")
    return table if names == given else table.assign(patient_id=names)


def _one_form(value: object) -> str:
    """Return a patient's id as text: 1 and 1.0 are one patient, as are "p1" and "p1 "."""
    if isinstance(value, str) and value.isascii():
        return value.strip()
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return unicodedata.normalize("NFC", str(value)).strip()


def _validate_shapes(cohort: Cohort) -> None:
    dims, size = cohort.images.ndim - 2, tuple(cohort.images.shape[2:])
    if cohort.masks is not None:
        if cohort.masks.shape[2:] != size:
            raise DataError(
                f"masks have size {tuple(cohort.masks.shape[2:])}, images {size}",
                hint="resample the masks (nearest neighbor) to the grid of the images",
            )
        numbered = [name.endswith("(instances)") for name in cohort.structures] or [False]
        plain = cohort.masks if not any(numbered) else cohort.masks[:, [not k for k in numbered]]
        if plain.numel() and not 0 <= plain.min() <= plain.max() <= 1:
            raise DataError("masks hold other values than 0 and 1", hint="one channel of 0 and 1 per structure")
    for row, boxes in enumerate(cohort.boxes or ()):
        if boxes.ndim != 2 or boxes.shape[1] != 2 * dims or not torch.isfinite(boxes).all():
            raise DataError(
                f"the boxes of image {row} have shape {tuple(boxes.shape)} or hold NaN",
                hint=f"(B, {2 * dims}): the lower corner, then the upper, in pixels",
            )
    if cohort.landmarks is not None and cohort.landmarks.shape[2:] != (dims,):
        raise DataError(f"landmarks have shape {tuple(cohort.landmarks.shape)}", hint=f"(N, L, {dims}), in pixels")
    if cohort.spacing and (len(cohort.spacing) != dims or any(mm <= 0 or mm == np.inf for mm in cohort.spacing)):
        raise DataError(f"spacing {cohort.spacing} for {dims} axes", hint="one positive value in mm an axis, or nan")


def _validate_labels(cohort: Cohort) -> None:
    labels = cohort.labels
    if len(set(cohort.classes)) < len(cohort.classes):
        raise DataError(f"classes {cohort.classes} have one name twice", hint="one name a class")
    if labels is None or not len(labels):
        return
    if labels.ndim not in (1, 2):
        raise DataError(f"labels have shape {tuple(labels.shape)}", hint="(N,) class indices or (N, K) of 0 and 1")
    if labels.is_floating_point() and len(bad := _not_finite(labels)):
        raise DataError(f"the label of image {int(bad[0])} is NaN", hint="leave out images without a label")
    if not cohort.classes:
        return
    k = len(cohort.classes)
    if labels.ndim == 2 and labels.shape[1] != k:
        raise DataError(f"labels have {labels.shape[1]} columns for {k} classes", hint="one column a class")
    if labels.ndim == 1 and len(bad := torch.nonzero((labels < 0) | (labels >= k)).flatten()):
        row = int(bad[0])
        raise DataError(f"image {row} has label {labels[row].item()}, but there are {k} classes", hint=f"0 to {k - 1}")


def _not_finite(values: Tensor) -> Tensor:
    return torch.nonzero(~torch.isfinite(values).reshape(len(values), -1).all(dim=1)).flatten()
