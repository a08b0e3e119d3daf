"""PET of the brain: sugar in tissue, attenuation, counts along lines, and reconstruction by ordered subsets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab import progress
from medlab.errors import MedlabError
from medlab.hospital.brain import Heads, heads, pixels, tissues, to_head
from medlab.hospital.brain_atlas import FIELD_MM, points_of
from medlab.hospital.brain_mri import CLASSES, STRUCTURES, tissue_masks
from medlab.hospital.rendering import device_of, keys, lesion_boxes
from medlab.hospital.streams import stream
from medlab.physics.emission import mlem
from medlab.physics.tomography import radon
from medlab.physics.xray import blur, photon_noise

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

# Standardized uptake value of 18F-FDG. Gray to white matter as 4 to 1, as in the Hoffman phantom (Hoffman et al., IEEE
# Trans Nucl Sci 37:616 (1990), doi:10.1109/23.106686); the findings are a choice.
UPTAKE = {
    "gray matter": 8.0, "white matter": 2.0, "fluid": 0.3, "bone": 0.4, "scalp": 0.6, "lesion": 1.4, "edema": 1.3,
    "tumor": 10.0, "necrosis": 0.6,
}  # fmt: skip
# Linear attenuation at 511 keV, 1/cm: NIST, doi:10.18434/T4D01F.
WATER, BONE = 0.096, 0.172
# Of each site: counts in the slice that crosses most of a head (without randoms), full width at half maximum of the
# scanner in mm, and random coincidences per true one. A choice, not a finding.
SCANNERS = {"A": (9e5, 5.0, 0.15), "B": (6e5, 6.0, 0.25), "C": (3e5, 7.5, 0.35)}
TYPICAL, ESCAPING = 9.2e4, 0.18  # SUV mm2 of such a slice, and share of its pairs that reaches the detectors
SUBSETS, ITERATIONS = 6, 3


def uptake(head: Heads, shares: dict[str, Tensor], places: Tensor) -> Tensor:
    """Return the uptake of shares of tissues (N, ...), SUV: in dementia the cortex of the back and sides takes less."""
    inside = to_head(head, places)
    side, back = ((inside[..., 0].abs() - 18) / 12).clamp(0, 1), ((-20 - inside[..., 1]) / 20).clamp(0, 1)
    lost = head.forgetful.reshape(-1, *[1] * (side.ndim - 1)) * side * back
    total = sum(value * shares[name] for name, value in UPTAKE.items())
    return total - UPTAKE["gray matter"] * shares["gray matter"] * lost


def pet(hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str, dims: int = 2) -> Cohort:
    """Image sugar in the brain of each patient; called through ``Hospital.cohort("pet")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``: the patients, heads and positions of ``brain_mri``.
    size : int
        Pixels along each side of the field of 220 mm.
    dose : float
        Injected activity relative to the site's own; counts are proportional to it.
    device : str
    dims : int
        2: the slice of ``brain_mri``; 3: a volume, whose slices are measured one by one.

    Returns
    -------
    Cohort
        images (N, 1, [size,] size, size) float32, SUV, not negative; labels (N, 3); masks
        (N, 7, [size,] size, size); for slices also boxes of the tumors.

    Raises
    ------
    MedlabError
        If dims is not 2 or 3.
    SourceUnavailable
        If nilearn, which carries MNI152, is not installed.

    Notes
    -----
    Corrected for attenuation and random coincidences, which are known here; no scatter, no decay, no motion.

    Examples
    --------
    >>> from medlab.hospital import Hospital
    >>> from medlab.hospital.hospital import image_table
    >>> h = Hospital(patients=1)
    >>> pet(h, image_table(h.patients, [0]), size=32, dose=1.0, device="cpu").images.shape[1:]
    torch.Size([1, 32, 32])
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    if dims not in (2, 3) or isinstance(dims, bool):
        raise MedlabError(f"dims is {dims!r}; wanted 2 (a slice) or 3 (a volume)", hint="dims=2")
    shape = (size,) * dims
    images = torch.empty(len(table), 1, *shape)
    masks = torch.empty(len(table), len(STRUCTURES), *shape, dtype=torch.uint8)
    step = 16 if dims == 2 else 1
    for start in progress.each(range(0, len(table), step), "simulating"):
        rows, part = table.iloc[start : start + step].reset_index(drop=True), slice(start, start + step)
        activity, mu, shares = _body(heads(hospital.seed, rows, place), size, dims)
        images[part, 0] = _measure(rows, activity, mu, hospital.seed, dose).cpu()
        masks[part] = tissue_masks(shares).cpu()
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table[list(CLASSES)].to_numpy(np.float32)),
        masks=masks,
        boxes=lesion_boxes(masks[:, 6]) if dims == 2 else None,
        spacing=(FIELD_MM / size,) * dims,
        axes="IPL" if dims == 3 else "",
        modality="brain PET, FDG",
        intensity="SUV",
        classes=CLASSES,
        structures=STRUCTURES,
        positive="dementia",
        source=f"hospital:pet (simulated from MNI152, seed {hospital.seed})",
        licence="CC0 (simulated); MNI152: permission notice of McConnell Brain Imaging Centre, free for any use",
        simulated=True,
        notes=(
            "simulated by warping one template: no result on it says anything about patients",
            "seen from the feet: the patient's right is on the left of the image",
        ),
    )


def _body(head: Heads, size: int, dims: int) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Return activity (SUV), attenuation (1/cm) and shares of tissues, each (N, [size,] size, size)."""
    fine = 2 if dims == 2 else 1
    places = pixels(fine * size, dims, head.level)
    made = tissues(head, places, points_of(fine * size), FIELD_MM / (fine * size))
    activity = uptake(head, made, places)
    mu = WATER * sum(made[name] for name in UPTAKE) + (BONE - WATER) * made["bone"]
    if dims == 2:
        made = {name: F.avg_pool2d(value, 2) for name, value in made.items()}
        activity, mu = F.avg_pool2d(activity, 2), F.avg_pool2d(mu, 2)
    return activity, mu, made


def expected_counts(
    activity: Tensor, mu: Tensor, *, counts: Tensor, fwhm: Tensor, randoms: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a ring of detectors counts on average along each line.

    Parameters
    ----------
    activity : Tensor, shape (N, H, H), SUV
        Over the field of 220 mm.
    mu : Tensor, shape (N, H, H), 1/cm
    counts : Tensor, shape (N,)
        In a slice whose uptake and attenuation are typical of a head.
    fwhm : Tensor, shape (N,), mm
        Full width at half maximum of a point.
    randoms : Tensor, shape (N,)
        Random coincidences per true one, equal along all lines.

    Returns
    -------
    total, gain, background : Tensor, shape (N, H, H)
        Expected counts of H angles over 180 degrees and H bins; counts per SUV and pixel; expected random coincidences.

    Examples
    --------
    >>> one = torch.ones(1)
    >>> total, gain, background = expected_counts(
    ...     torch.ones(1, 8, 8), torch.zeros(1, 8, 8), counts=one * 1e4, fwhm=one * 5, randoms=one * 0.0
    ... )
    >>> total.shape, background.max().item()
    (torch.Size([1, 8, 8]), 0.0)
    """
    size = activity.shape[-1]
    angles, pixel = np.arange(size) * (180 / size), FIELD_MM / size
    seen = blur(activity, fwhm / 2.355 / pixel)
    through = torch.exp(-radon(mu, angles, pixel=pixel / 10))
    # Counts of a typical slice are shared by all angles; a line integral here is in pixels.
    gain = through * (counts / ESCAPING / (TYPICAL / pixel**2) / size)[:, None, None]
    true = gain * radon(seen, angles)
    # Randoms are set by a typical head, so that they do not hide in a slice without activity.
    background = (randoms * counts / size**2)[:, None, None].expand_as(true)
    return true + background, gain, background


def _measure(table: pd.DataFrame, activity: Tensor, mu: Tensor, seed: int, dose: float) -> Tensor:
    """Return images (N, [size,] size, size), SUV."""
    size, deep = activity.shape[-1], activity.ndim == 4
    shape = (size if deep else 1, size, size)
    draws = np.stack([stream(seed, "pet/counts", *key).standard_normal(shape, np.float32) for key in keys(table)])
    normal = torch.from_numpy(draws).to(activity.device).flatten(0, 1)
    settings = torch.tensor([SCANNERS[name] for name in table["site"]], device=activity.device)
    counts, fwhm, randoms = settings.repeat_interleave(size if deep else 1, dim=0).unbind(1)
    if deep:
        activity, mu = activity.flatten(0, 1), mu.flatten(0, 1)
    total, gain, background = expected_counts(activity, mu, counts=counts * dose, fwhm=fwhm, randoms=randoms)
    found = mlem(
        photon_noise(total, normal),
        np.arange(size) * (180 / size),
        size,
        iterations=ITERATIONS,
        subsets=min(SUBSETS, size),
        gain=gain,
        background=background,
    )
    return found.reshape(len(table), *[size] * (3 if deep else 2))
