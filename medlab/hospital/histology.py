"""Histology: sections stained with hematoxylin and eosin, by optical density; glands, or tumor that has lost them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.hospital.rendering import device_of, keys, texture
from medlab.hospital.streams import stream
from medlab.physics.xray import blur

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

FIELD_MM = 0.128  # a quarter of a field at 40x: 0.25 micrometer a pixel at 512 pixels
MOST = 160  # nuclei of a section at most
# Optical density of red, green and blue light per unit of stain, of unit length: Ruifrok and Johnston, Quantification
# of histochemical staining by color deconvolution (2001), PMID 11531144.
STAINS = {"hematoxylin": (0.650, 0.704, 0.286), "eosin": (0.072, 0.990, 0.105)}
# Of each site: strength of hematoxylin and eosin, rotation of the two colors toward blue, blur in mm, noise.
PROTOCOLS = {
    "A": (1.00, 1.00, 0.00, 0.00035, 0.010),
    "B": (1.25, 0.80, 0.12, 0.00050, 0.014),
    "C": (0.75, 1.30, -0.12, 0.00080, 0.024),
}


def stain_matrix(site: str) -> Tensor:
    """Return the optical densities (2, 3) of hematoxylin and eosin at a site: rows of unit length.

    Examples
    --------
    >>> round(float(stain_matrix("B").norm(dim=1).prod()), 5)
    1.0
    """
    matrix = torch.tensor(list(STAINS.values()))
    shift = PROTOCOLS[site][2]
    matrix = matrix + shift * torch.tensor([[-0.3, 0.0, 0.6], [0.2, 0.0, 0.3]])
    matrix = matrix.clamp(min=0.01)
    return matrix / matrix.norm(dim=1, keepdim=True)


def histology(hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str) -> Cohort:
    """Look at a section of each patient's thyroid nodule; called through ``Hospital.cohort("histology")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``; ``thyroid_nodule`` decides: "malignant" is tumor.
    size : int
        Pixels along each side of the 0.128 mm field.
    dose : float
        Light relative to the site's own: noise falls as 1/sqrt(dose).
    device : str

    Returns
    -------
    Cohort
        images (N, 3, size, size) float32, transmitted red, green, blue light, 0 to 1; labels (N,) int64, 0 benign, 1
        tumor; masks (N, 1, size, size) int16: the number of the nucleus in each pixel, 0 outside; a box around each.

    Notes
    -----
    Light is absorbed by the law of Beer and Lambert in each of two stains. Tumor has larger, darker, more irregular,
    crowded nuclei and no follicles; severity sets by how much.
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    images = torch.empty(len(table), 3, size, size)
    masks = torch.empty(len(table), 1, size, size, dtype=torch.int16)
    step = max(1, 2**18 // size**2)
    for start in progress.each(range(0, len(table), step), "simulating"):
        part, rows = slice(start, start + step), table.iloc[start : start + step].reset_index(drop=True)
        stains, nuclei = section(rows, hospital.seed, size, place)
        images[part] = light(stains, rows, hospital.seed, dose=dose).cpu()
        masks[part, 0] = nuclei.cpu()
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor((table["thyroid_nodule"] == "malignant").to_numpy(np.int64)),
        masks=masks,
        boxes=[_boxes(one[0]) for one in masks],
        spacing=(FIELD_MM / size,) * 2,
        modality="histology, hematoxylin and eosin",
        intensity="transmitted light, 0 to 1",
        classes=("benign", "tumor"),
        structures=("nuclei (instances)",),
        positive="tumor",
        source=f"hospital:histology (simulated, seed {hospital.seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=("rendered, not photographed: no result on it says anything about patients",),
    )


def _nuclei(table: pd.DataFrame, seed: int) -> tuple[Tensor, Tensor]:
    """Return the nuclei (N, MOST, 7): row, column, long and short radius in mm, angle, darkness, drawn; and follicles.

    Benign nuclei line round follicles (N, 5, 3): row, column, radius; tumor nuclei lie anywhere, close together.
    """
    cells, rings = np.zeros((len(table), MOST, 7)), np.zeros((len(table), 5, 3))
    for row, key in enumerate(keys(table)):
        random = stream(seed, "histology/nuclei", *key)
        tumor = table["thyroid_nodule"].iloc[row] == "malignant"
        grave = float(table["thyroid_nodule_severity"].iloc[row]) if tumor else 0.0
        centers = random.uniform(-0.5, 0.5, (5, 2)) * FIELD_MM
        wide = random.uniform(0.014, 0.026, 5)
        # Follicles do not overlap; tumor has none.
        keep = [
            k
            for k in range(5)
            if all(np.hypot(*(centers[k] - centers[j])) > wide[k] + wide[j] + 0.006 for j in range(k))
        ]
        if not tumor:
            rings[row, keep, :2], rings[row, keep, 2] = centers[keep], wide[keep]
        cells[row] = _cells(random, rings[row], tumor, grave)
    return torch.tensor(cells, dtype=torch.float32), torch.tensor(rings, dtype=torch.float32)


def _cells(random: np.random.Generator, rings: np.ndarray, tumor: bool, grave: float) -> np.ndarray:
    """Place nuclei one by one, where they do not lie on another."""
    mean = 0.0030 * (1 + (0.25 + 0.35 * grave) * tumor)
    spread = 0.10 + (0.10 + 0.20 * grave) * tumor
    wanted = int(90 + 50 * grave) if tumor else 24
    spot = random.uniform(-0.53, 0.53, (600, 2)) * FIELD_MM
    lined = []
    for y, x, wide in rings:
        if wide:
            n = int(2 * np.pi * wide / 0.0082)
            angle = 2 * np.pi * (np.arange(n) + random.uniform(-0.18, 0.18, n)) / n
            lined.append(np.stack([y + wide * np.sin(angle), x + wide * np.cos(angle)], axis=1))
    ring = np.concatenate(lined) if lined else np.zeros((0, 2))
    long = mean * np.exp(spread * random.standard_normal(600 + len(ring)))
    spot = np.concatenate([ring, spot])
    placed, chosen = np.zeros((0, 3)), list[int]()
    for k, (here, radius) in enumerate(zip(spot, long, strict=True)):
        free = (np.hypot(*(placed[:, :2] - here).T) > 0.88 * (placed[:, 2] + radius)).all()
        if k >= len(ring) and free and any(w and np.hypot(*(here - (y, x))) < w + 0.004 for y, x, w in rings):
            free = False  # inside a follicle lies colloid, and no cell
        if free:
            placed, chosen = np.vstack([placed, [*here, radius]]), [*chosen, k]
        if len(chosen) >= min(MOST, wanted + len(ring)):
            break
    out, n = np.zeros((MOST, 7)), len(chosen)
    thin = random.uniform(0.55 if tumor else 0.75, 0.95, n)
    dark = (1.0 + 0.35 * tumor) * np.exp((0.12 + 0.15 * tumor) * random.standard_normal(n))
    out[:n] = np.column_stack(
        [placed[:, :2], long[chosen], long[chosen] * thin, random.uniform(0, np.pi, n), dark, np.ones(n)]
    )
    return out


def section(table: pd.DataFrame, seed: int, size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return the amounts of hematoxylin and eosin (N, 2, H, W) and the nucleus in each pixel (N, H, W), 0 for none."""
    cells, rings = (one.to(device) for one in _nuclei(table, seed))
    grid = ((torch.arange(size, device=device) + 0.5) / size - 0.5) * FIELD_MM
    fiber = texture(table, seed, "histology/fiber", size=size, scale=0.008, device=device, field=FIELD_MM)
    grain = texture(table, seed, "histology/grain", size=size, scale=0.0028, device=device, field=FIELD_MM)
    number, density = _draw(cells, grid)
    blue, pink = 0.08 + 0.03 * fiber.clamp(min=-1), 0.42 * (1 + 0.16 * fiber).clamp(min=0.15)
    for k in range(rings.shape[1]):
        y, x, wide = (rings[:, k, j, None, None] for j in range(3))
        far = ((grid[:, None] - y) ** 2 + (grid - x) ** 2).sqrt()
        # Colloid is smooth and pink; round it lies a clear cleft, then the lining cells.
        colloid = torch.sigmoid((wide - 0.0045 - far) / 0.0006) * (wide > 0)
        lining = torch.sigmoid((0.0045 - (far - wide).abs()) / 0.0008) * (wide > 0)
        pink = pink * (1 - colloid) + 0.62 * colloid
        pink = pink * (1 - lining) + 0.38 * lining
        blue = blue * (1 - colloid) + (0.10 * lining)
    inside = density > 0
    blue = torch.where(inside, density * (0.95 + 0.22 * grain), blue)
    pink = torch.where(inside, 0.25 * pink, pink)
    return torch.stack([blue.clamp(min=0), pink.clamp(min=0)], dim=1), number


def _draw(cells: Tensor, grid: Tensor) -> tuple[Tensor, Tensor]:
    """Return number (N, H, W) int16 and darkness (N, H, W) of the nuclei: ellipses, a rim darker than the middle."""
    n, size = len(cells), len(grid)
    number = torch.zeros(n, size, size, dtype=torch.int16, device=grid.device)
    density = torch.zeros(n, size, size, device=grid.device)
    for k in range(cells.shape[1]):
        y, x, long, short, angle, dark, shown = (cells[:, k, j, None, None] for j in range(7))
        if not shown.any():
            break
        dy, dx = grid[:, None] - y, grid - x
        along = (dx * torch.cos(angle) + dy * torch.sin(angle)) / long.clamp(min=1e-6)
        across = (dy * torch.cos(angle) - dx * torch.sin(angle)) / short.clamp(min=1e-6)
        far = along**2 + across**2
        inside = (far <= 1) & (shown > 0) & (number == 0)
        number[inside] = k + 1
        density = torch.where(inside, dark * (0.75 + 0.35 * far), density)
    return number, density


def light(stains: Tensor, table: pd.DataFrame, seed: int, *, dose: float = 1.0) -> Tensor:
    """Return the light (N, 3, H, W), 0 to 1, that passes amounts of two stains, as each image's site stains and sees.

    Parameters
    ----------
    stains : Tensor, shape (N, 2, H, W), not negative
        Amount of hematoxylin and eosin, 1 is well stained.
    table : DataFrame
        Columns site, patient, image.
    seed : int
    dose : float
        Light relative to the site's own.
    """
    size, device = stains.shape[-1], stains.device
    sites = [PROTOCOLS[name] for name in table["site"]]
    amount = torch.tensor([one[:2] for one in sites], device=device)
    batch = np.array([stream(seed, "histology/batch", *key).standard_normal(2) for key in keys(table)])
    amount = amount * torch.tensor(np.exp(0.10 * batch), dtype=torch.float32, device=device)
    colors = torch.stack([stain_matrix(name) for name in table["site"]]).to(device)
    dense = torch.einsum("nshw,nsc->nchw", stains * amount[:, :, None, None], colors)
    passed = 0.96 * torch.exp(-1.15 * dense)
    sigma = torch.tensor([one[3] for one in sites], device=device) / (FIELD_MM / size)
    passed = blur(passed.flatten(0, 1), sigma.repeat_interleave(3)).view_as(passed)
    noise = np.stack(
        [stream(seed, "histology/noise", *key).standard_normal((3, size, size), np.float32) for key in keys(table)]
    )
    strength = torch.tensor([one[4] for one in sites], device=device)[:, None, None, None] * passed.sqrt() / dose**0.5
    return (passed + strength * torch.from_numpy(noise).to(device)).clamp(0, 1)


def _boxes(mask: Tensor) -> Tensor:
    """Return a box (top, left, bottom, right) in pixels round each nucleus, float32."""
    from scipy.ndimage import find_objects

    found = [place for place in find_objects(mask.numpy()) if place is not None]
    corners = [(y.start, x.start, y.stop, x.stop) for y, x in found]
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)
