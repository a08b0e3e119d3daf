"""Chest CT: the hospital's patients in Hounsfield units, by line integrals, photon noise and filtered back-projection.

Seen from the feet, as is usual: the patient's right is on the left of the image, the back below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab import progress
from medlab.errors import MedlabError
from medlab.hospital.chest_slices import FIELD_CM, Chest, Slices, chests, slices
from medlab.hospital.chest_xray import _boxes
from medlab.hospital.patients import DISEASES
from medlab.hospital.rendering import device_of
from medlab.hospital.streams import stream
from medlab.physics.tomography import fbp, radon
from medlab.physics.xray import photon_noise

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

STRUCTURES = ("right lung", "left lung", "heart", *DISEASES)
KEV = (70, 40)  # the energies of a spectral examination; a plain one has the first
# Mass attenuation in cm2/g at 40, 60 and 80 keV of water, iodine and ICRU-44 cortical bone. Hubbell and Seltzer, NIST
# Standard Reference Database 126, doi:10.18434/T4D01F.
TABLE_KEV = (40, 60, 80)
MASS = {"water": (0.2683, 0.2059, 0.1837), "iodine": (22.10, 7.579, 3.510), "bone": (0.6655, 0.3148, 0.2229)}
BONE_DENSITY = 1.92  # g/cm3
RANGE_CM = 22.0  # height of the body that a volume shows
LEVEL = 0.62  # where in a volume the slice lies that crosses the findings
CHUNK_PIXELS = 2**18  # points of the anatomy computed at once


@dataclass(frozen=True)
class Protocol:
    """How a site scans: photons per cm of detector, summed over all views, and the kernel of the reconstruction."""

    counts: float
    kernel: str


# A choice, not a finding: C scans at low dose and smooths, B reconstructs sharply.
PROTOCOLS = {"A": Protocol(5.0e7, "hann"), "B": Protocol(5.0e7, "shepp-logan"), "C": Protocol(2.0e7, "smooth")}


def chest_ct(
    hospital: Hospital,
    table: pd.DataFrame,
    *,
    size: int,
    dose: float,
    device: str,
    depth: int | None = None,
    spectral: bool = False,
) -> Cohort:
    """Image the patients of a table; called through ``Hospital.cohort("chest_ct")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``.
    size : int
        Pixels along each side of the field of 44 cm x 44 cm.
    dose : float
        Photons relative to each site's protocol.
    device : str
        Where to compute.
    depth : int, optional
        Slices of a volume, over 22 cm from the apex down; without it, one slice, which crosses every finding.
    spectral : bool
        Whether to scan with contrast agent and show two energies, 70 and 40 keV, as channels; see ``decompose``.

    Returns
    -------
    Cohort
        images (N, C, [depth,] size, size) float32, HU, -1024 to 3071; labels (N, 4); masks (N, 7, [depth,] size,
        size); for slices also boxes of the findings. Seen from the feet: the patient's right is on the left.

    Raises
    ------
    MedlabError
        If the device cannot be used, or depth is not a whole number above 0.

    Notes
    -----
    Line integrals are taken on a grid 1.5 times as fine as the image. Simplified: parallel beams of one energy, so no
    beam hardening; no scatter; no bowtie filter; the patient does not move.

    Examples
    --------
    >>> from medlab.hospital import Hospital
    >>> from medlab.hospital.hospital import image_table
    >>> h = Hospital(patients=1)
    >>> chest_ct(h, image_table(h.patients, [0]), size=32, dose=1.0, device="cpu").images.shape[1:]
    torch.Size([1, 32, 32])
    """
    place, levels = device_of(device), _depth(depth)
    shape = (len(table), levels, size, size)
    images = torch.empty(shape[0], 1 + spectral, *shape[1:])
    masks = torch.empty(shape[0], len(STRUCTURES), *shape[1:], dtype=torch.uint8)
    step = max(1, CHUNK_PIXELS // (fine(size) ** 2))
    rows = np.repeat(np.arange(len(table)), levels)
    layer = np.tile(np.arange(levels), len(table))
    for start in progress.each(range(0, len(rows), step), "simulating"):
        row, which = rows[start : start + step], layer[start : start + step]
        part = table.iloc[row].reset_index(drop=True)
        chest = chests(hospital.seed, part, place)
        made = slices(chest, _levels(chest, which, levels, depth), fine(size))
        noise = _noise(hospital.seed, part, which, size, 1 + spectral)
        for channel, kev in enumerate(KEV[: 1 + spectral]):
            mu = attenuation(made, kev, contrast=spectral)
            images[row, channel, which] = _scan(mu, part, noise[:, channel], size, dose, kev).float().cpu()
        masks[row, :, which] = _masks(made, chest, size).cpu()
    flat = depth is None
    return _cohort(
        images[:, :, 0] if flat else images, masks[:, :, 0] if flat else masks, table, hospital.seed, depth, spectral
    )


def _cohort(images: Tensor, masks: Tensor, table: pd.DataFrame, seed: int, depth: int | None, spectral: bool) -> Cohort:
    from medlab.cohort import Cohort

    pixel = 10 * FIELD_CM / images.shape[-1]
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table[list(DISEASES)].to_numpy(np.float32)),
        masks=masks,
        boxes=_boxes(masks[:, 3:]) if depth is None else None,
        spacing=(pixel, pixel) if depth is None else (10 * RANGE_CM / depth, pixel, pixel),
        modality="chest CT" + (" at 70 and 40 keV, with contrast agent" if spectral else ""),
        intensity="HU",
        classes=DISEASES,
        structures=STRUCTURES,
        positive="pneumonia",
        source=f"hospital:chest_ct (simulated, seed {seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=(
            "simulated from a phantom: no result on it says anything about patients",
            "seen from the feet: the patient's right is on the left of the image",
            "one energy a channel, parallel beams: no beam hardening, no scatter, no motion",
        ),
    )


def _depth(depth: int | None) -> int:
    if depth is None:
        return 1
    if isinstance(depth, bool) or not isinstance(depth, (int, np.integer)) or depth < 1:
        raise MedlabError(f"depth is {depth!r}; wanted a whole number, at least 1, or None", hint="such as depth=16")
    return int(depth)


def fine(size: int) -> int:
    """Return the points along each side of the grid on which line integrals are taken, and the bins and views."""
    return (3 * size + 1) // 2


def _levels(chest: Chest, which: np.ndarray, levels: int, depth: int | None) -> Tensor:
    """Return the level t of each slice; one slice of every volume crosses the findings."""
    if depth is None:
        return chest.level
    below = torch.as_tensor(which - int(LEVEL * levels), dtype=chest.level.dtype, device=chest.level.device)
    return chest.level + below.reshape(-1, 1, 1) * (RANGE_CM / levels) / chest.body.length


def mass_attenuation(material: str, kev: float) -> float:
    """Return the mass attenuation of water, iodine or bone between 40 and 80 keV, cm2/g, interpolated as powers.

    Examples
    --------
    >>> mass_attenuation("water", 60)
    0.2059
    """
    value = np.exp(np.interp(np.log(kev), np.log(TABLE_KEV), np.log(MASS[material])))
    return round(float(value), 12)


def attenuation(made: Slices, kev: float, *, contrast: bool) -> Tensor:
    """Return the linear attenuation of slices in 1/cm, with or without the iodine of the contrast agent."""
    mu = made.water * mass_attenuation("water", kev) + made.bone * BONE_DENSITY * mass_attenuation("bone", kev)
    return mu + made.iodine * (1e-3 * mass_attenuation("iodine", kev)) if contrast else mu


def acquire(mu: Tensor, normal: Tensor, counts: Tensor, size: int, *, kernel: str) -> Tensor:
    """Scan slices: line integrals, photons with Poisson noise, logarithm, filtered back-projection.

    Parameters
    ----------
    mu : Tensor, shape (N, H, H), 1/cm
        Linear attenuation over the field of 44 cm, on a grid finer than the image.
    normal : Tensor, shape (N, H, H)
        Standard normal numbers: one for each of H views and H bins.
    counts : Tensor, shape (N, 1, 1)
        Photons per bin and view without a patient.
    size : int
        Pixels along each side of the image.
    kernel : str
        One of ``tomography.KERNELS``.

    Returns
    -------
    Tensor, shape (N, size, size), 1/cm

    Notes
    -----
    After Beer and Lambert; noise as in Macovski, Medical Imaging Systems (1983), chapter 5.
    """
    points = mu.shape[-1]
    angles, width = np.arange(points) * (180 / points), FIELD_CM / points
    expected = counts * torch.exp(-radon(mu, angles, pixel=width))
    lines = torch.log(counts / photon_noise(expected, normal).clamp(min=1.0))
    return fbp(lines, angles, size, kernel=kernel, pixel=FIELD_CM / size, bin_width=width)


def hounsfield(mu: Tensor, kev: float) -> Tensor:
    """Return attenuation in 1/cm as Hounsfield units: water 0, air -1000, clipped to -1024 and 3071 as stored."""
    water = mass_attenuation("water", kev)
    return (1000 * (mu - water) / water).clamp(-1024, 3071)


def _noise(seed: int, table: pd.DataFrame, which: np.ndarray, size: int, channels: int) -> Tensor:
    shape = (channels, fine(size), fine(size))
    return torch.as_tensor(
        np.stack(
            [
                stream(seed, "chest_ct/noise", k, j, layer).standard_normal(shape, np.float32)
                for k, j, layer in zip(table["patient"], table["image"], which, strict=True)
            ]
        )
    )


def _scan(mu: Tensor, table: pd.DataFrame, noise: Tensor, size: int, dose: float, kev: float) -> Tensor:
    points = mu.shape[-1]
    result = mu.new_empty(len(mu), size, size)
    sites = table["site"].to_numpy()
    for name, protocol in PROTOCOLS.items():
        here = torch.as_tensor(np.flatnonzero(sites == name), device=mu.device)
        if len(here):
            counts = mu.new_full((1, 1, 1), dose * protocol.counts * (FIELD_CM / points) / points)
            normal = noise[here.cpu()].to(mu)
            result[here] = acquire(mu[here], normal, counts, size, kernel=protocol.kernel)
    place = torch.arange(size, device=mu.device) - (size - 1) / 2
    outside = place[:, None] ** 2 + place[None] ** 2 > (size / 2) ** 2
    return hounsfield(result, kev).masked_fill(outside, -1000.0)


def _masks(made: Slices, chest: Chest, size: int) -> Tensor:
    """Return 0/1 masks (N, 7, size, size); what is small or thin is drawn where it reaches half its peak."""
    share = F.adaptive_avg_pool2d(torch.stack(list(made.region.values()), dim=1), size)
    peak = share.amax(dim=(2, 3), keepdim=True)
    drawn = share >= 0.5
    # Lungs and heart of a slice that hardly meets them stay empty; findings never do.
    drawn[:, 3:] = (share >= (0.5 * peak).clamp(max=0.35))[:, 3:] & (peak > 0)[:, 3:]
    large = drawn[:, 2:3] & (chest.finding["cardiomegaly"] > 0)[:, None]
    return torch.cat([drawn, large], dim=1).to(torch.uint8)


def decompose(images: Tensor) -> tuple[Tensor, Tensor]:
    """Separate water and iodine in images of two energies, point by point.

    Parameters
    ----------
    images : Tensor, shape (N, 2, ...), HU
        At 70 and at 40 keV, as ``chest_ct(spectral=True)`` gives them.

    Returns
    -------
    water : Tensor, shape (N, ...), g/cm3
    iodine : Tensor, shape (N, ...), mg/ml
        Not negative for a patient, but for noise; bone, which is neither, appears as both.

    Raises
    ------
    MedlabError
        If there are not two channels.

    References
    ----------
    Alvarez and Macovski, Phys Med Biol 21:733 (1976), doi:10.1088/0031-9155/21/5/002.

    Examples
    --------
    >>> [round(part.item(), 3) for part in decompose(torch.zeros(1, 2, 1))]
    [1.0, 0.0]
    """
    if images.ndim < 3 or images.shape[1] != 2:
        raise MedlabError(
            f"images of shape {tuple(images.shape)}; wanted two channels, 70 and 40 keV",
            hint='hospital.cohort("chest_ct", spectral=True)',
        )
    # Relative to water: 1 + HU / 1000 = water + iodine * gain(energy).
    relative = 1 + images / 1000
    gain = [1e-3 * mass_attenuation("iodine", kev) / mass_attenuation("water", kev) for kev in KEV]
    iodine = (relative[:, 1] - relative[:, 0]) / (gain[1] - gain[0])
    return relative[:, 0] - gain[0] * iodine, iodine
