"""Fundus photographs: disc, macula, branching vessels and the lesions of diabetic retinopathy, rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.hospital.rendering import camera, device_of, lesion_boxes, palette, spots, texture
from medlab.hospital.streams import stream

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

GRADES = ("grade 0", "grade 1", "grade 2", "grade 3", "grade 4")
STRUCTURES = ("disc", "vessels", "microaneurysms", "hemorrhages", "exudates", "new vessels")
FIELD_MM = 14.0  # a 45 degree field on the retina
# Mean number of each lesion by grade, in the spirit of the International Clinical Diabetic Retinopathy scale
# (Wilkinson et al. 2003, doi:10.1016/S0161-6420(03)00475-5): 1 microaneurysms only, 2 more than that, 3 many
# hemorrhages, 4 new vessels.
COUNTS = {
    "microaneurysms": (0, 6, 16, 26, 24),
    "hemorrhages": (0, 0, 5, 18, 16),
    "exudates": (0, 0, 9, 16, 18),
}
SIZES_MM = {"microaneurysms": (0.09, 0.15), "hemorrhages": (0.20, 0.55), "exudates": (0.12, 0.38)}
MOST = 48  # lesions of a kind drawn at most
SPOTS = 3200  # spots that the vessels of an eye are drawn with, at most
# Camera of each site: white balance (red, green, blue), blur in mm, noise, vignetting, exposure spread.
CAMERAS = {
    "A": ((1.00, 1.00, 1.00), 0.045, 0.012, 0.30, 0.08),
    "B": ((0.95, 1.06, 1.15), 0.060, 0.018, 0.40, 0.12),
    "C": ((1.10, 0.92, 0.80), 0.085, 0.030, 0.55, 0.20),
}
RED, DARK, YELLOW, PALE = (0.45, 0.07, 0.05), (0.36, 0.045, 0.03), (0.98, 0.86, 0.42), (1.0, 0.84, 0.56)


def fundus(hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str) -> Cohort:
    """Photograph the retina of each patient; called through ``Hospital.cohort("fundus")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``; ``retinopathy`` holds the grade.
    size : int
        Pixels along each side of the 14 mm field.
    dose : float
        Light relative to the site's flash: noise falls as 1/sqrt(dose).
    device : str

    Returns
    -------
    Cohort
        images (N, 3, size, size) float32, relative brightness of red, green, blue, 0 to 1; labels (N,) int64, grade
        0 to 4; masks (N, 6, size, size); boxes of the lesions; landmarks (N, 2, 2): disc and fovea, (row, column).

    Notes
    -----
    Even images show the right eye (disc on the right), odd ones the left. Lesions smaller than a pixel mark the pixel
    that holds their center.
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    images = torch.empty(len(table), 3, size, size)
    masks = torch.empty(len(table), len(STRUCTURES), size, size, dtype=torch.uint8)
    landmarks = torch.empty(len(table), 2, 2)
    step = max(1, 2**18 // size**2)
    for start in progress.each(range(0, len(table), step), "simulating"):
        part, rows = slice(start, start + step), table.iloc[start : start + step].reset_index(drop=True)
        picture, truth, points = _eyes(rows, hospital.seed, size, place)
        shot = camera(picture, rows, hospital.seed, kind="fundus", settings=CAMERAS, field_mm=FIELD_MM, dose=dose)
        images[part] = (shot * _aperture(size, place)).cpu()
        masks[part], landmarks[part] = truth.cpu(), points.cpu()
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table["retinopathy"].to_numpy(np.int64)),
        masks=masks,
        boxes=lesion_boxes(masks[:, 2:5].amax(dim=1)),
        landmarks=landmarks,
        spacing=(FIELD_MM / size,) * 2,
        modality="fundus photograph",
        intensity="relative brightness, 0 to 1",
        classes=GRADES,
        structures=STRUCTURES,
        landmark_names=("disc", "fovea"),
        positive="",
        source=f"hospital:fundus (simulated, seed {hospital.seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=(
            "rendered, not photographed: no result on it says anything about patients",
            "one grade a patient: both eyes are equally ill",
        ),
    )


def _aperture(size: int, device: str) -> Tensor:
    place = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    radius = (place[:, None] ** 2 + place[None] ** 2).sqrt()
    return ((0.98 - radius) * size / 2).clamp(0, 1)


def _eyes(table: pd.DataFrame, seed: int, size: int, device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return pictures (N, 3, H, W), masks (N, 6, H, W) and landmarks (N, 2, 2) of the eyes."""
    keys = list(zip(table["patient"], table["image"], strict=True))
    pose = torch.tensor(
        np.array([stream(seed, "fundus/pose", *k).uniform(-1, 1, 6) for k in keys]), dtype=torch.float32
    )
    side = torch.tensor([1.0 if j % 2 == 0 else -1.0 for _, j in keys])
    disc = torch.stack([0.4 * pose[:, 0], side * (3.6 + 0.4 * pose[:, 1])], dim=1)  # row, column in mm
    fovea = disc + torch.stack([0.45 + 0.1 * pose[:, 2], -side * (4.3 + 0.2 * pose[:, 3])], dim=1)
    grid = ((torch.arange(size, device=device) + 0.5) / size - 0.5) * FIELD_MM
    skin = texture(table, seed, "fundus/choroid", size=size, scale=0.18, device=device, field=1.0)
    tone = palette(table, seed, "fundus/tone", spread=0.10).to(device)
    base = torch.tensor([0.80, 0.36, 0.14], device=device) * tone
    picture = base[:, :, None, None] * (1 + 0.045 * skin[:, None])
    center = fovea.to(device)
    macula = torch.exp(
        -0.5 * ((grid[:, None] - center[:, 0, None, None]) ** 2 + (grid - center[:, 1, None, None]) ** 2) / 0.9**2
    )
    picture = picture * (1 - 0.40 * macula[:, None])
    shape, glow, cup = _disc(disc.to(device), grid)
    picture = picture * (1 - glow[:, None]) + glow[:, None] * torch.tensor(PALE, device=device)[:, None, None]
    picture = picture * (1 + 0.12 * cup[:, None])
    trees, fresh = _trees(table, seed, disc, side, device)
    pixel = FIELD_MM / size
    vessels = spots(trees, size=size, field=FIELD_MM, device=device)
    sprouts = spots(fresh, size=size, field=FIELD_MM, device=device)
    picture = _paint(picture, vessels * 0.72, DARK)
    picture = _paint(picture, sprouts * 0.80, RED)
    found = [shape > 0.5, vessels > 0.35]
    for kind, color in zip(COUNTS, (RED, DARK, YELLOW), strict=True):
        lesions = _lesions(table, seed, kind, disc)
        cover = spots(lesions, size=size, field=FIELD_MM, device=device, hard=kind == "exudates")
        picture = _paint(picture, cover * (0.95 if kind == "exudates" else 0.85), color)
        found.append(_marked(cover, lesions, pixel))
    points = (torch.stack([disc, fovea], dim=1) / FIELD_MM + 0.5) * size - 0.5
    return picture, torch.stack([*found, _thin(sprouts)], dim=1).to(torch.uint8), points


def _thin(cover: Tensor) -> Tensor:
    """Return the mask of thin vessels: above half of their own peak, for at coarse pixels none is covered by more."""
    peak = cover.amax(dim=(1, 2), keepdim=True)
    return (cover >= (0.5 * peak).clamp(max=0.35)) & (peak > 0)


def _paint(picture: Tensor, cover: Tensor, color: tuple[float, float, float]) -> Tensor:
    tint = torch.tensor(color, device=picture.device)[:, None, None]
    return picture * (1 - cover[:, None]) + cover[:, None] * tint


def _disc(center: Tensor, grid: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    far = (((grid[:, None] - center[:, 0, None, None]) / 1.08) ** 2 + (grid - center[:, 1, None, None]) ** 2).sqrt()
    pixel = float(grid[1] - grid[0])
    shape = torch.sigmoid((0.92 - far) / max(0.05, 0.3 * pixel))
    return shape, 0.85 * shape, torch.sigmoid((0.42 - far) / 0.08)


def _trees(table: pd.DataFrame, seed: int, disc: Tensor, side: Tensor, device: str) -> tuple[Tensor, Tensor]:
    """Return the vessels as chains of spots (N, K, 4): row, column, radius in mm, strength; and the new vessels."""
    trees, fresh = [], []
    for row, (patient, image) in enumerate(zip(table["patient"], table["image"], strict=True)):
        # An eye has one tree: images of the same eye share it.
        random = stream(seed, "fundus/vessels", patient, image % 2)
        start, flip = disc[row].numpy(), float(side[row])
        trees.append(_tree(random, start, flip))
        grown = np.zeros((160, 4), np.float32)
        if table["retinopathy"].iloc[row] == 4:
            grown = _tangle(stream(seed, "fundus/new", patient, image % 2), start)
        fresh.append(grown)
    return torch.tensor(np.array(trees), device=device), torch.tensor(np.array(fresh), device=device)


def _tree(random: np.random.Generator, start: np.ndarray, flip: float) -> np.ndarray:
    """Grow four arcades and their branches, as spots: row, column, radius in mm, strength; zero rows fill up."""
    chains: list[np.ndarray] = []
    for up in (-1, 1):
        for nasal in (False, True):
            for vein in (0, 1):
                angle = (1.15 if not nasal else 0.7) + random.normal(0, 0.10) + 0.16 * vein
                course = np.arctan2(up * np.sin(angle), (flip if nasal else -flip) * np.cos(angle))
                bend = (-up * flip if not nasal else up * flip) * 0.026 * (1 + random.normal(0, 0.2))
                width = (0.125 if vein else 0.088) * (0.75 if nasal else 1.0)
                _grow(random, chains, start, course, -bend, width, 72 if not nasal else 40, depth=0)
    points = np.concatenate(chains)[:SPOTS]
    return np.pad(points, ((0, SPOTS - len(points)), (0, 0))).astype(np.float32)


def _grow(random, chains, start, course, bend, width, steps, *, depth) -> None:
    """Append one vessel, a walk that bends and thins, and the branches that leave it."""
    angle = course + np.cumsum(bend + random.normal(0, 0.035, steps))
    place = start + 0.14 * np.cumsum(np.stack([np.sin(angle), np.cos(angle)], axis=1), axis=0)
    thick = width * np.linspace(1, 0.45, steps)
    chains.append(np.column_stack([place, thick, np.ones(steps)]))
    if depth == 2:
        return
    for k in range(4 + (11 if depth == 0 else 8), steps, 11 if depth == 0 else 8):
        turn = random.choice([-1, 1]) * random.uniform(0.5, 0.9)
        longer = max(8, int(steps * 0.42))
        _grow(
            random, chains, place[k], angle[k] + turn, 0.02 * random.normal(), thick[k] * 0.65, longer, depth=depth + 1
        )


def _tangle(random: np.random.Generator, disc: np.ndarray) -> np.ndarray:
    """New vessels: a tangle of thin loops on or near the disc."""
    center = disc + random.normal(0, 0.5, 2)
    turn = np.cumsum(random.normal(0, 0.9, 160))
    walk = np.cumsum(np.stack([np.sin(turn), np.cos(turn)], 1) * 0.16, axis=0)
    walk = center + (walk - walk.mean(0)) * min(1.0, 1.2 / (np.abs(walk - walk.mean(0)).max() + 1e-6))
    return np.concatenate([walk, np.full((160, 1), 0.045), np.ones((160, 1))], axis=1).astype(np.float32)


def _lesions(table: pd.DataFrame, seed: int, kind: str, disc: Tensor) -> Tensor:
    """Return the lesions of one kind (N, MOST, 4): row, column, radius in mm, 1 or 0 for drawn or not."""
    every = []
    for row, (patient, image) in enumerate(zip(table["patient"], table["image"], strict=True)):
        grade = int(table["retinopathy"].iloc[row])
        random = stream(seed, f"fundus/{kind}", patient, image % 2)
        mean = COUNTS[kind][grade]
        # At least one microaneurysm from grade 1 on, and one of the others where the grade asks for it.
        count = min(MOST, max(1, int(random.poisson(mean)))) if mean else 0
        angle, far = random.uniform(0, 2 * np.pi, MOST), 5.6 * np.sqrt(random.uniform(0.03, 1, MOST))
        spot = np.stack([far * np.sin(angle), far * np.cos(angle)], axis=1)
        if kind == "exudates":  # in rings and clusters toward the macula
            spot = np.clip(spot[0] * 0.5 + random.normal(0, 1.1, (MOST, 2)), -4, 4)
        low, high = SIZES_MM[kind]
        radius = random.uniform(low, high, MOST) / 2
        near = np.linalg.norm(spot - disc[row].numpy(), axis=1) < 1.1
        spot[near] = -spot[near]  # not on the disc
        shown = np.arange(MOST) < count
        every.append(np.concatenate([spot, radius[:, None], shown[:, None]], axis=1))
    return torch.tensor(np.array(every), dtype=torch.float32)


def _marked(cover: Tensor, lesions: Tensor, pixel: float) -> Tensor:
    """Return the mask: covered by half, and in any case the pixel that holds the center of a lesion."""
    mask = cover > 0.5
    size = cover.shape[-1]
    spot = ((lesions[..., :2] / (pixel * size) + 0.5) * size).long().clamp(0, size - 1).to(cover.device)
    flat = spot[..., 0] * size + spot[..., 1]
    drawn = torch.zeros(len(cover), size * size, device=cover.device)
    drawn.scatter_reduce_(1, flat, lesions[..., 3].to(cover.device), "amax")
    return mask | (drawn.view_as(cover) > 0)
