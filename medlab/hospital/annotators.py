"""Simulated readers: people who label and outline images, each with known habits and errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.special import ndtr, ndtri

from medlab.errors import MedlabError, unknown
from medlab.hospital.streams import stream

if TYPE_CHECKING:
    from medlab.cohort import Cohort


@dataclass(frozen=True)
class Reader:
    """The habits of one reader.

    Parameters
    ----------
    name : str
    sensitivity : float
        Probability, 0 to 1, that a finding of middle severity is called.
    specificity : float
        Probability, 0 to 1, that an absent finding is not called.
    by_severity : float
        How much the reader depends on severity: added to the probit of the sensitivity for severity 1, taken away
        for severity 0.
    repeatability : float
        Correlation, 0 to 1, between two readings of the same image by this reader.
    grade_bias, grade_noise : float
        Of ordinal grades: mean and standard deviation of the error, in grades.
    boundary_mm : float
        How far outside (above 0) or inside (below 0) the true boundary this reader draws.
    roughness_mm : float
        Standard deviation of the drawn boundary around that habit.
    """

    name: str
    sensitivity: float
    specificity: float
    by_severity: float = 0.8
    repeatability: float = 0.6
    grade_bias: float = 0.0
    grade_noise: float = 0.3
    boundary_mm: float = 0.0
    roughness_mm: float = 1.0


# A is a specialist; B calls much and draws generously; C calls little and draws tightly; D is in a hurry.
READERS: dict[str, Reader] = {
    one.name: one
    for one in (
        Reader("A", 0.95, 0.97, 0.6, 0.8, 0.0, 0.25, 0.0, 0.8),
        Reader("B", 0.94, 0.82, 0.5, 0.6, 0.3, 0.40, 2.5, 1.5),
        Reader("C", 0.78, 0.98, 1.2, 0.7, -0.3, 0.40, -2.0, 1.2),
        Reader("D", 0.75, 0.80, 1.0, 0.2, 0.0, 0.90, 0.5, 3.5),
    )
}


def read(seed: int, cohort: Cohort, reader: str | Reader, *, occasion: int = 0) -> Cohort:
    """Return the cohort with the labels and masks of a reader in place of the truth; see ``Hospital.read``."""
    if not isinstance(reader, Reader):
        if reader not in READERS:
            raise unknown("reader", reader, READERS)
        reader = READERS[reader]
    if cohort.labels is None:
        raise MedlabError(f"{cohort.source} has no labels to read", hint="read a cohort of the hospital")
    chance = _Chance(seed, reader, cohort, occasion)
    if cohort.labels.ndim == 2:
        labels = _findings(cohort.labels.numpy(), cohort, reader, chance)
    elif cohort.classes and all(name.startswith("grade") for name in cohort.classes):
        labels = _grades(cohort.labels.numpy(), len(cohort.classes), reader, chance)
    else:
        labels = _classes(cohort.labels.numpy(), len(cohort.classes), reader, chance)
    masks = None if cohort.masks is None else _outlines(cohort, cohort.masks, reader, labels, chance)
    note = f"labels and masks are those of simulated reader {reader.name}, occasion {occasion}, not the truth"
    # Boxes and landmarks were the truth; beside a reader's labels they would be a leak.
    return replace(
        cohort, labels=labels, masks=masks, boxes=None, landmarks=None, notes=(*cohort.notes, note), _checked=False
    )


class _Chance:
    """Normal numbers of this reader for each image: part belongs to the image, part to the occasion."""

    def __init__(self, seed: int, reader: Reader, cohort: Cohort, occasion: int):
        self.seed, self.reader, self.occasion = seed, reader, occasion
        table = cohort.patients
        number = table["patient_id"].astype(str).str.extract(r"(\d+)$")[0]
        if number.isna().any():
            raise MedlabError("these patients are not of the hospital", hint="read what hospital.cohort returned")
        image = table["image"] if "image" in table else np.zeros(len(table), int)
        self.keys = list(zip(number.astype(int), image, strict=True))

    def normal(self, purpose: str, row: int, shape: tuple[int, ...]) -> np.ndarray:
        name, keep = f"read/{self.reader.name}/{purpose}", self.reader.repeatability
        lasting = stream(self.seed, name, *self.keys[row]).standard_normal(shape)
        fresh = stream(self.seed, name, *self.keys[row], 1 + self.occasion).standard_normal(shape)
        return np.sqrt(keep) * lasting + np.sqrt(1 - keep) * fresh

    def normals(self, purpose: str, shape: tuple[int, ...]) -> np.ndarray:
        return np.stack([self.normal(purpose, row, shape) for row in range(len(self.keys))])


def call_probability(reader: Reader, present: np.ndarray, severity: np.ndarray) -> np.ndarray:
    """Return the probability that a reader calls a finding.

    Parameters
    ----------
    reader : Reader
    present : ndarray of 0 and 1, any shape
    severity : ndarray, 0 to 1, same shape

    Examples
    --------
    >>> call_probability(READERS["A"], np.array([0, 1]), np.array([0.0, 0.5])).round(2).tolist()
    [0.03, 0.95]
    """
    hit = ndtr(ndtri(reader.sensitivity) + reader.by_severity * (2 * severity - 1))
    return np.where(present == 1, hit, 1 - reader.specificity)


def _findings(truth: np.ndarray, cohort: Cohort, reader: Reader, chance: _Chance) -> torch.Tensor:
    table = cohort.patients
    middle = np.full(len(table), 0.5)
    severity = np.stack([table.get(f"{name}_severity", middle) for name in cohort.classes], axis=1)
    called = ndtr(chance.normals("findings", truth.shape[1:])) < call_probability(reader, truth, severity)
    return torch.from_numpy(called.astype(np.float32))


def _grades(truth: np.ndarray, count: int, reader: Reader, chance: _Chance) -> torch.Tensor:
    felt = truth + reader.grade_bias + reader.grade_noise * chance.normals("grade", ())
    return torch.from_numpy(np.clip(np.round(felt), 0, count - 1).astype(np.int64))


def _classes(truth: np.ndarray, count: int, reader: Reader, chance: _Chance) -> torch.Tensor:
    """Return class numbers: right with the probability of the reader's sensitivity, else any of the others."""
    k = max(2, count)
    luck = ndtr(chance.normals("class", (2,)))
    other = (truth + 1 + np.floor(luck[:, 1] * (k - 1)).astype(int).clip(max=k - 2)) % k
    return torch.from_numpy(np.where(luck[:, 0] < reader.sensitivity, truth, other).astype(np.int64))


def _outlines(
    cohort: Cohort, masks: torch.Tensor, reader: Reader, labels: torch.Tensor, chance: _Chance
) -> torch.Tensor:
    drawn = torch.zeros_like(masks)
    step = np.array(cohort.spacing, float)
    step = np.where(np.isfinite(step), step, 1.0) if len(step) else np.ones(cohort.dims)
    findings = {name: k for k, name in enumerate(cohort.classes)} if labels.ndim == 2 else {}
    names = cohort.structures or tuple(map(str, range(masks.shape[1])))
    for row in range(len(cohort)):
        truth = masks[row].numpy() > 0
        body = np.asarray(truth.any(axis=0)) if truth.any() else np.ones(truth.shape[1:], bool)
        for m, name in enumerate(names):
            called = bool(labels[row, findings[name]]) if name in findings else bool(truth[m].any())
            if not called:
                continue
            shape = truth[m] if truth[m].any() else _imagined(body, step, chance.normal(f"false/{name}", row, (3,)))
            wobble = chance.normal(f"outline/{name}", row, truth.shape[1:])
            drawn[row, m] = torch.from_numpy(outline(shape, step, reader, wobble))
    return drawn


def outline(mask: np.ndarray, spacing_mm: np.ndarray, reader: Reader, wobble: np.ndarray) -> np.ndarray:
    """Return a mask as a reader would draw it.

    Parameters
    ----------
    mask : ndarray of bool, shape ([D,] H, W)
    spacing_mm : ndarray, one number an axis
    reader : Reader
        Its boundary_mm and roughness_mm are used.
    wobble : ndarray, shape of the mask
        White standard normal numbers; they are smoothed over about 8 mm.

    Returns
    -------
    ndarray of uint8, shape of the mask; never empty where the mask is not

    Examples
    --------
    >>> box = np.zeros((9, 9), bool); box[3:6, 3:6] = True
    >>> wide = Reader("wide", 1, 1, boundary_mm=1.0, roughness_mm=0.0)
    >>> int(outline(box, np.ones(2), wide, np.zeros((9, 9))).sum())
    25
    """
    if mask.all():
        return mask.astype(np.uint8)
    # Half a pixel is taken off each side, so that the boundary lies between pixels, not on one of them.
    half = spacing_mm.min() / 2
    outside = distance_transform_edt(~mask, sampling=spacing_mm) - half
    inside = distance_transform_edt(mask, sampling=spacing_mm) - half
    depth = np.where(mask, inside, -outside)
    smooth = gaussian_filter(wobble, 4.0 / spacing_mm)
    smooth = smooth / max(float(smooth.std()), 1e-9) if reader.roughness_mm else smooth
    drawn = depth + reader.boundary_mm + reader.roughness_mm * smooth > 0
    if mask.any() and not drawn.any():  # a small finding does not vanish: its middle is still marked
        drawn = depth == depth.max()
    return drawn.astype(np.uint8)


def _imagined(body: np.ndarray, step: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return a round finding that is not there: somewhere in the outlined organs, 4 % of the field wide or more."""
    inside = np.argwhere(body)
    center = inside[min(int(ndtr(normal[0]) * len(inside)), len(inside) - 1)]
    radius = (0.04 + 0.03 * ndtr(normal[1])) * min(np.array(body.shape) * step)
    place = np.moveaxis(np.indices(body.shape), 0, -1) - center
    return np.sqrt(((place * step) ** 2).sum(-1)) <= max(radius, step.max())
