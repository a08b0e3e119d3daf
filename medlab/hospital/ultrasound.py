"""Ultrasound of the thyroid: scatterers, point-spread function, attenuation, envelope and log compression."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab import progress
from medlab.errors import MedlabError
from medlab.hospital.neck import DEPTH_MM, FINE, Neck, neck
from medlab.hospital.records import THYROID
from medlab.hospital.rendering import device_of, keys, lesion_boxes
from medlab.hospital.streams import stream

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

CLASSES = tuple(THYROID)
STRUCTURES = ("nodule", "thyroid lobe", "carotid artery")
PIXEL = DEPTH_MM / FINE  # mm, of the grid on which sound is simulated
# Machine of each site: pulse length and beam width at the focus (standard deviations in mm), depth of the focus in mm,
# frequency in MHz, dynamic range in dB, gain in dB, noise of the electronics in dB below tissue at the surface.
MACHINES = {
    "A": (0.16, 0.28, 18.0, 10.0, 60.0, 0.0, 46.0),
    "B": (0.20, 0.34, 22.0, 8.0, 55.0, 3.0, 42.0),
    "C": (0.26, 0.46, 16.0, 7.0, 48.0, -4.0, 34.0),
}
ATTENUATION = 0.5  # dB per cm and MHz, one way, which the machine compensates


def speckle(scatter: Tensor, power: Tensor, *, axial: float, lateral: Tensor) -> Tensor:
    """Return the echo signal of many scatterers that a pulse cannot tell apart.

    Parameters
    ----------
    scatter : Tensor, shape (N, 2, H, W)
        Independent standard normal numbers: real and imaginary part of each cell's scattering.
    power : Tensor, shape (N, H, W)
        Mean power of the echoes of each cell, relative to soft tissue, at least 0.
    axial : float
        Standard deviation of the pulse along the depth, in cells.
    lateral : Tensor, shape (H,)
        Standard deviation of the beam at each depth, in cells.

    Returns
    -------
    Tensor, shape (N, 2, H, W)
        Its length is the envelope. Over homogeneous tissue it has Rayleigh's distribution: mean over standard deviation
        sqrt(pi / (4 - pi)) = 1.91, whatever the tissue; its mean square is 2 times the power.

    Raises
    ------
    MedlabError
        If shapes do not agree.

    References
    ----------
    Burckhardt, Speckle in ultrasound B-mode scans, IEEE Trans Sonics Ultrason 25:1 (1978),
    doi:10.1109/T-SU.1978.30978.

    Examples
    --------
    >>> echo = speckle(torch.ones(1, 2, 4, 4), torch.zeros(1, 4, 4), axial=1.0, lateral=torch.ones(4))
    >>> echo.abs().max().item()
    0.0
    """
    if scatter.ndim != 4 or scatter.shape[1] != 2 or power.shape != (len(scatter), *scatter.shape[2:]):
        got = f"scatter {tuple(scatter.shape)}, power {tuple(power.shape)}"
        raise MedlabError(f"{got}; wanted (N, 2, H, W) and (N, H, W)", hint="one power for each cell")
    height, width = power.shape[1:]
    waves = scatter * power.sqrt()[:, None]
    waves = _bell(height, float(axial), power.device) @ waves
    echo = torch.empty_like(waves)
    # The beam widens slowly: depths whose widths agree to a sixteenth of a cell share one matrix.
    for wide in torch.unique((lateral * 16).round()).tolist():
        rows = ((lateral * 16).round() == wide).to(power.device)
        echo[:, :, rows] = waves[:, :, rows] @ _bell(width, wide / 16, power.device).T
    return echo


def _bell(cells: int, sigma: float, device: torch.device | str) -> Tensor:
    """Return a Gaussian blur, shape (cells, cells), that keeps the power of white noise."""
    place = torch.arange(cells, device=device, dtype=torch.float32)
    bell = torch.exp(-0.5 * ((place[:, None] - place[None]) / max(sigma, 1e-3)) ** 2)
    return bell / bell.pow(2).sum(dim=1, keepdim=True).sqrt()


def ultrasound(
    hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str, compressed: bool = True
) -> Cohort:
    """Scan one thyroid lobe of each patient; called through ``Hospital.cohort("ultrasound")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``; ``thyroid_nodule`` and its severity decide the picture.
    size : int
        Pixels along each side of the 40 mm field; the skin is at the top.
    dose : float
        Transmitted power relative to the site's own: noise of the electronics falls as 1/sqrt(dose), speckle stays.
    device : str
    compressed : bool
        Gray levels as on the screen; False gives the envelope before the logarithm, as speckle's statistics need it.

    Returns
    -------
    Cohort
        images (N, 1, size, size) float32; labels (N,) int64: no nodule, cyst, benign, malignant; masks
        (N, 3, size, size) of nodule, lobe and carotid artery; a box around the nodule; landmark: middle of the artery.

    Notes
    -----
    Even images show the right lobe (artery on the left of the picture), odd ones the left. Gaussian pulses, straight
    rays, no refraction and no multiple echoes except behind the trachea's wall.
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    images = torch.empty(len(table), 1, size, size)
    masks = torch.empty(len(table), len(STRUCTURES), size, size, dtype=torch.uint8)
    landmarks = torch.empty(len(table), 1, 2)
    for start in progress.each(range(0, len(table), 32), "simulating"):
        rows = table.iloc[start : start + 32].reset_index(drop=True)
        body = neck(rows, hospital.seed, place)
        envelope = _scan(rows, body, hospital.seed, size, dose, place)
        part = slice(start, start + len(rows))
        images[part, 0] = (_screen(envelope, rows) if compressed else envelope).cpu()
        masks[part] = _shrink(body.masks, size).cpu()
        landmarks[part, 0] = body.artery * size / DEPTH_MM - 0.5
    number = {name: k for k, name in enumerate(CLASSES)}
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table["thyroid_nodule"].map(number).to_numpy(np.int64)),
        masks=masks,
        boxes=lesion_boxes(masks[:, 0]),
        landmarks=landmarks,
        spacing=(DEPTH_MM / size,) * 2,
        modality="ultrasound",
        intensity="gray level after log compression, 0 to 1" if compressed else "envelope, relative to soft tissue",
        classes=CLASSES,
        structures=STRUCTURES,
        landmark_names=("carotid artery",),
        positive="malignant",
        source=f"hospital:ultrasound (simulated, seed {hospital.seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=("simulated scatterers and beams: no result on it says anything about patients",),
    )


def _scan(table: pd.DataFrame, body: Neck, seed: int, size: int, dose: float, device: str) -> Tensor:
    """Return the envelope (N, size, size), soft tissue at about 1 after compensation of the depth."""
    shape = (2, FINE, FINE)
    draws = [stream(seed, "ultrasound/scatter", *key).standard_normal(shape, np.float32) for key in keys(table)]
    scatter = torch.from_numpy(np.stack(draws)).to(device)
    depth = (torch.arange(FINE, device=device) + 0.5) * PIXEL
    # Extra attenuation of what lies above, there and back: shadows behind calcium, bright tissue behind a cyst.
    mhz = torch.tensor([MACHINES[s][3] for s in table["site"]], device=device)[:, None, None]
    extra = 2 * mhz * torch.cumsum(body.attenuation - ATTENUATION, dim=1) * PIXEL / 10
    power = body.power * 10 ** (-extra / 10)
    echo = torch.empty_like(scatter)
    for site in table["site"].unique():
        here = torch.tensor((table["site"] == site).to_numpy(), device=device)
        pulse, beam, focus, *_ = MACHINES[site]
        lateral = beam * torch.sqrt(1 + ((depth - focus) / 11.0) ** 2) / PIXEL
        echo[here] = speckle(scatter[here], power[here], axial=pulse / PIXEL, lateral=lateral)
    echo = F.interpolate(echo, size=(size, size), mode="bilinear", align_corners=False)
    draws = [stream(seed, "ultrasound/noise", *key).standard_normal((2, size, size), np.float32) for key in keys(table)]
    deep = (torch.arange(size, device=device) + 0.5) * DEPTH_MM / size / 10
    below = torch.tensor([MACHINES[s][6] for s in table["site"]], device=device)[:, None, None]
    level = 10 ** ((2 * mhz * ATTENUATION * deep[:, None] - below) / 20) / dose**0.5
    echo = echo + torch.from_numpy(np.stack(draws)).to(device) * level[:, None]
    return echo.pow(2).sum(dim=1).sqrt() / np.sqrt(2)


def _screen(envelope: Tensor, table: pd.DataFrame) -> Tensor:
    """Return gray levels 0 to 1: the logarithm, over the dynamic range of the machine."""
    span, gain = (
        torch.tensor([MACHINES[s][k] for s in table["site"]], device=envelope.device)[:, None, None] for k in (4, 5)
    )
    return (0.62 + (20 * torch.log10(envelope.clamp(min=1e-6)) + gain) / span).clamp(0, 1)


def _shrink(masks: Tensor, size: int) -> Tensor:
    return (F.interpolate(masks, size=(size, size), mode="area") > 0.5).to(torch.uint8)
