"""Dermoscopy: pigmented and other lesions of the skin, rendered by class: outline, colors, network, dots, vessels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.hospital.records import SKIN
from medlab.hospital.rendering import camera, device_of, keys, lesion_boxes, palette, spots, texture
from medlab.hospital.streams import stream

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

CLASSES = tuple(SKIN)
FIELD_MM = 16.0
MOST = 60  # dots, vessels or scales of a lesion drawn at most
# Dermoscope of each site: white balance, blur in mm, noise, vignetting, exposure spread.
CAMERAS = {
    "A": ((1.00, 1.00, 1.00), 0.05, 0.012, 0.15, 0.06),
    "B": ((1.03, 0.97, 1.06), 0.07, 0.016, 0.25, 0.08),
    "C": ((1.05, 0.98, 0.86), 0.12, 0.028, 0.70, 0.14),
}


@dataclass(frozen=True)
class Look:
    """What a class looks like, after the criteria of dermoscopy; every number is a choice of this simulation.

    Parameters
    ----------
    radius : tuple of float
        Smallest and largest mean radius in mm.
    irregular, asymmetric : float
        Spread of the outline, and offset of the darker half, relative to the radius.
    edge : float
        Width of the border in mm: small is sharp.
    depth : float
        Opacity of the pigment, 0 to 1.
    colors : tuple of (red, green, blue)
        From the rim to the core.
    network : float
        Strength of the pigment network.
    dots : tuple
        Mean number of dots, their color and radius in mm.
    center : tuple of (red, green, blue), optional
        A scar or veil in the middle.
    """

    radius: tuple[float, float]
    irregular: float
    asymmetric: float
    edge: float
    depth: float
    colors: tuple[tuple[float, float, float], tuple[float, float, float]]
    network: float
    dots: tuple[int, tuple[float, float, float], float]
    center: tuple[float, float, float] | None = None


BROWN, TAN, BLACK, BLUE = (0.36, 0.20, 0.12), (0.62, 0.41, 0.28), (0.11, 0.07, 0.06), (0.36, 0.42, 0.52)
RED, PINK, WHITE, YELLOW = (0.62, 0.09, 0.13), (0.86, 0.52, 0.50), (0.94, 0.84, 0.80), (0.93, 0.80, 0.52)
# The seven classes: Tschandl, Rosendahl and Kittler, The HAM10000 dataset (2018), doi:10.1038/sdata.2018.161, and
# Kittler et al., Standardization of terminology in dermoscopy (2016), doi:10.1016/j.jaad.2015.12.038 (the criteria).
LOOKS: dict[str, Look] = {
    "nevus": Look((2.0, 3.8), 0.05, 0.10, 0.50, 0.80, (TAN, BROWN), 0.45, (10, BROWN, 0.16)),
    "melanoma": Look((3.0, 5.6), 0.22, 0.75, 0.22, 0.92, (BROWN, BLACK), 0.60, (26, BLACK, 0.22), BLUE),
    "benign keratosis": Look((2.6, 4.6), 0.11, 0.20, 0.10, 0.75, (TAN, (0.48, 0.33, 0.23)), 0.0, (34, YELLOW, 0.20)),
    "basal cell carcinoma": Look((2.2, 4.4), 0.12, 0.30, 0.35, 0.55, (PINK, WHITE), 0.0, (14, BLUE, 0.38)),
    "actinic keratosis": Look((2.4, 4.6), 0.14, 0.15, 0.80, 0.60, (PINK, (0.80, 0.42, 0.40)), 0.0, (40, WHITE, 0.16)),
    "vascular lesion": Look((1.6, 3.6), 0.08, 0.10, 0.12, 0.92, (RED, (0.40, 0.03, 0.10)), 0.0, (16, RED, 0.55)),
    "dermatofibroma": Look((2.0, 3.4), 0.06, 0.06, 0.80, 0.55, (TAN, (0.66, 0.44, 0.34)), 0.35, (0, WHITE, 0.1), WHITE),
}


def dermoscopy(hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str) -> Cohort:
    """Photograph the lesion of each patient; called through ``Hospital.cohort("dermoscopy")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``; ``skin_lesion`` and its severity decide the picture.
    size : int
        Pixels along each side of the 16 mm field.
    dose : float
        Light relative to the site's own: noise falls as 1/sqrt(dose).
    device : str

    Returns
    -------
    Cohort
        images (N, 3, size, size) float32, relative brightness of red, green, blue, 0 to 1; labels (N,) int64, one of 7
        classes; masks (N, 1, size, size) of the lesion; a box around each.

    Notes
    -----
    Images of a patient show the same lesion, turned and shifted. Severity makes a lesion larger and its criteria
    stronger: a mild melanoma looks much like a nevus.
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    images = torch.empty(len(table), 3, size, size)
    masks = torch.empty(len(table), 1, size, size, dtype=torch.uint8)
    step = max(1, 2**18 // size**2)
    for start in progress.each(range(0, len(table), step), "simulating"):
        part, rows = slice(start, start + step), table.iloc[start : start + step].reset_index(drop=True)
        picture, cover = _skin(rows, hospital.seed, size, place)
        shot = camera(picture, rows, hospital.seed, kind="dermoscopy", settings=CAMERAS, field_mm=FIELD_MM, dose=dose)
        images[part], masks[part, 0] = shot.cpu(), (cover > 0.5).to(torch.uint8).cpu()
    number = {name: k for k, name in enumerate(CLASSES)}
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table["skin_lesion"].map(number).to_numpy(np.int64)),
        masks=masks,
        boxes=lesion_boxes(masks[:, 0]),
        spacing=(FIELD_MM / size,) * 2,
        modality="dermoscopy",
        intensity="relative brightness, 0 to 1",
        classes=CLASSES,
        structures=("lesion",),
        positive="melanoma",
        source=f"hospital:dermoscopy (simulated, seed {hospital.seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=("rendered, not photographed: no result on it says anything about patients",),
    )


def _column(values: list, device: str) -> Tensor:
    return torch.tensor(np.array(values, dtype=np.float32), device=device)[:, None, None]


def _skin(table: pd.DataFrame, seed: int, size: int, device: str) -> tuple[Tensor, Tensor]:
    """Return the pictures (N, 3, H, W) and how far each pixel belongs to the lesion (N, H, W)."""
    looks = [LOOKS[name] for name in table["skin_lesion"]]
    grave = _column(table["skin_lesion_severity"].tolist(), device)
    x, y, radius = _frame(table, seed, size, looks, grave, device)
    inside, rim = _outline(table, seed, x, y, radius, looks, device)
    tone = palette(table, seed, "dermoscopy/tone", spread=0.12).to(device)
    fine = texture(table, seed, "dermoscopy/skin", size=size, scale=0.9, device=device, field=FIELD_MM)
    skin = torch.tensor([0.88, 0.68, 0.59], device=device) * tone
    picture = skin[:, :, None, None] * (1 + 0.03 * fine[:, None])
    depth = _column([one.depth for one in looks], device) * (0.75 + 0.25 * grave)
    # Toward one side the pigment is darker: asymmetry is the first criterion of malignancy.
    lean = _column([one.asymmetric for one in looks], device)
    patchy = texture(table, seed, "dermoscopy/patches", size=size, scale=3.0, device=device, field=FIELD_MM)
    core = torch.sigmoid((0.35 - rim + lean * (0.5 * x / radius + 0.45 * patchy) * (0.5 + grave)) * 5)
    outer = torch.tensor([one.colors[0] for one in looks], device=device)[:, :, None, None]
    inner = torch.tensor([one.colors[1] for one in looks], device=device)[:, :, None, None]
    pigment = outer * (1 - core[:, None]) + inner * core[:, None]
    mesh = _network(x, y, table, seed, device) * _column([one.network for one in looks], device)
    pigment = pigment * (1 - (0.55 * mesh * (1 - 0.6 * core))[:, None])
    cover = (inside * depth)[:, None]
    picture = picture * (1 - cover) + cover * pigment
    picture = _middle(picture, rim, patchy, grave, looks)
    picture = _dots(picture, inside, table, seed, looks, radius, size)
    return _hairs(picture, table, seed, size), inside


def _frame(table, seed, size, looks, grave, device) -> tuple[Tensor, Tensor, Tensor]:
    """Return coordinates in mm about the lesion, turned as in this image, and the mean radius."""
    grid = ((torch.arange(size, device=device) + 0.5) / size - 0.5) * FIELD_MM
    pose = np.array([stream(seed, "dermoscopy/pose", *key).uniform(-1, 1, 3) for key in keys(table)])
    turn, up, left = (_column(list(pose[:, k]), device) for k in range(3))
    low, high = (_column([one.radius[k] for one in looks], device) for k in (0, 1))
    radius = low + (high - low) * grave
    y, x = grid[:, None] - 0.9 * up, grid[None] - 0.9 * left
    return (
        x * torch.cos(np.pi * turn) - y * torch.sin(np.pi * turn),
        x * torch.sin(np.pi * turn) + y * torch.cos(np.pi * turn),
        radius,
    )


def _outline(table, seed, x, y, radius, looks, device) -> tuple[Tensor, Tensor]:
    """Return how far each pixel is inside (0 to 1), and its distance from the center over that of the border."""
    draws = np.array([stream(seed, "dermoscopy/outline", k).standard_normal((2, 7)) for k, _ in keys(table)])
    waves = torch.tensor(draws, dtype=torch.float32, device=device)
    angle, far = torch.atan2(y, x), torch.sqrt(x**2 + y**2)
    wobble = torch.zeros_like(angle)
    for k in range(7):
        part = waves[:, 0, k, None, None] * torch.cos((k + 2) * angle)
        part = part + waves[:, 1, k, None, None] * torch.sin((k + 2) * angle)
        wobble = wobble + part / (k + 1.5)
    border = radius * (1 + _column([one.irregular for one in looks], device) * wobble).clamp(0.55, 1.6)
    edge = _column([one.edge for one in looks], device).clamp(min=FIELD_MM / x.shape[-1] / 2)
    return torch.sigmoid((border - far) / (0.5 * edge)), far / border


def _network(x, y, table, seed, device) -> Tensor:
    """Return the lines of a honeycomb, 0 to 1, about 0.7 mm wide, bent a little."""
    draws = np.array([stream(seed, "dermoscopy/network", k).uniform(0, 2 * np.pi, 4) for k, _ in keys(table)])
    phase = torch.tensor(draws, dtype=torch.float32, device=device)[:, :, None, None]
    x = x + 0.25 * torch.sin(0.8 * y + phase[:, 3])
    waves = [
        torch.cos(2 * np.pi / 0.85 * (x * np.cos(a) + y * np.sin(a)) + phase[:, k])
        for k, a in enumerate((0, 2.094, 4.189))
    ]
    return torch.sigmoid(-3.0 * (waves[0] + waves[1] + waves[2] + 0.2))


def _middle(picture, rim, patchy, grave, looks) -> Tensor:
    """Paint what lies in the middle: the scar of a dermatofibroma, the veil of a melanoma."""
    for row, one in enumerate(looks):
        if one.center is None:
            continue
        tint = torch.tensor(one.center, device=picture.device)[:, None, None]
        if one.center is BLUE:
            share = 0.65 * grave[row] * torch.sigmoid((0.6 - rim[row]) * 6) * torch.sigmoid(3 * (patchy[row] - 0.2))
        else:
            share = 0.75 * torch.sigmoid((0.42 - rim[row]) * 12)
        picture[row] = picture[row] * (1 - share) + share * tint
    return picture


def _dots(picture, inside, table, seed, looks, radius, size) -> Tensor:
    """Paint globules, milia, blue nests, scales or lacunae, whatever the class has."""
    every, color = [], []
    for row, ((patient, image), one) in enumerate(zip(keys(table), looks, strict=True)):
        random = stream(seed, "dermoscopy/dots", patient)
        turn, up, left = stream(seed, "dermoscopy/pose", patient, image).uniform(-1, 1, 3) * (np.pi, 0.9, 0.9)
        count, tint, wide = one.dots
        far, angle = np.sqrt(random.uniform(0, 1, MOST)), random.uniform(0, 2 * np.pi, MOST)
        angle = angle - turn  # the dots turn with the lesion
        spot = 0.9 * float(radius[row].max()) * np.stack([far * np.sin(angle), far * np.cos(angle)], axis=1)
        spot = spot + np.array([up, left])
        shown = np.arange(MOST) < min(MOST, random.poisson(count))
        broad = wide * random.uniform(0.6, 1.3, MOST)
        every.append(np.column_stack([spot, broad, shown]))
        color.append(tint)
    points = torch.tensor(np.array(every), dtype=torch.float32)
    cover = 0.75 * spots(points, size=size, field=FIELD_MM, device=str(picture.device)) * inside
    tint = torch.tensor(color, device=picture.device)[:, :, None, None]
    return picture * (1 - cover[:, None]) + cover[:, None] * tint


def _hairs(picture, table, seed, size) -> Tensor:
    """Lay zero to six dark hairs across the picture, as on real skin."""
    every = np.zeros((len(table), 6, 90, 4))
    for row, key in enumerate(keys(table)):
        random = stream(seed, "dermoscopy/hairs", *key)
        number = max(0, int(random.integers(-4, 7)))
        start, angle, bend = random.uniform(-8, 8, (6, 2)), random.uniform(0, 2 * np.pi, 6), random.normal(0, 0.012, 6)
        course = angle[:, None] + bend[:, None] * np.arange(90)
        walk = start[:, None] + 0.14 * np.cumsum(np.stack([np.sin(course), np.cos(course)], axis=-1), axis=1)
        every[row, ..., :2], every[row, ..., 2] = walk, 0.05
        every[row, :number, :, 3] = 1
    points = torch.tensor(every.reshape(len(table), -1, 4), dtype=torch.float32)
    cover = 0.9 * spots(points, size=size, field=FIELD_MM, device=str(picture.device))
    return picture * (1 - 0.85 * cover[:, None])
