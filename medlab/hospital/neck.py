"""A neck, as ultrasound sees it: layers of skin, fat and muscle, one lobe of the thyroid, artery, trachea, nodule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab.hospital.rendering import keys, texture
from medlab.hospital.streams import stream

DEPTH_MM = 40.0
FINE = 192  # cells along each side of the grid on which sound is simulated
# Power of the echoes in dB relative to the thyroid: the order is that of any neck scan, the values are simulated ones.
TISSUE_DB = {"skin": 6.0, "fat": -9.0, "muscle": -13.0, "thyroid": 0.0, "artery": -38.0, "deep": -15.0, "air": -30.0}
NODULE_DB = {"cyst": -38.0, "benign": -3.0, "malignant": -14.0}
NODULE_ATTENUATION = {"cyst": 0.05, "benign": 0.5, "malignant": 1.0}


@dataclass(frozen=True)
class Neck:
    """Maps on the fine grid, N necks.

    Parameters
    ----------
    power : Tensor, shape (N, FINE, FINE)
        Mean power of the echoes relative to the thyroid.
    attenuation : Tensor, shape (N, FINE, FINE)
        dB per cm and MHz, one way.
    masks : Tensor, shape (N, 3, FINE, FINE)
        Nodule, lobe (nodule included) and carotid artery, 0 or 1, float32.
    artery : Tensor, shape (N, 2)
        Row and column of its middle in mm from the top left corner.
    """

    power: Tensor
    attenuation: Tensor
    masks: Tensor
    artery: Tensor


def neck(table: pd.DataFrame, seed: int, device: str) -> Neck:
    """Return the necks of the patients of a table (columns patient, image, thyroid_nodule and its severity).

    Parameters
    ----------
    table : DataFrame
    seed : int
    device : str

    Returns
    -------
    Neck

    Examples
    --------
    >>> from medlab.hospital import Hospital
    >>> from medlab.hospital.hospital import image_table
    >>> neck(image_table(Hospital(patients=1).patients, [0]), 0, "cpu").masks.shape[1:]
    torch.Size([3, 192, 192])
    """
    forms = np.array([stream(seed, "ultrasound/neck", k).standard_normal(8).clip(-2, 2) for k, _ in keys(table)])
    poses = np.array([stream(seed, "ultrasound/pose", *key).standard_normal(3).clip(-2, 2) for key in keys(table)])
    form, pose = (torch.tensor(one, dtype=torch.float32, device=device)[:, :, None, None] for one in (forms, poses))
    side = torch.tensor([1.0 if j % 2 == 0 else -1.0 for _, j in keys(table)], device=device)[:, None, None]
    grid = (torch.arange(FINE, device=device) + 0.5) * DEPTH_MM / FINE
    bend = 0.8 * texture(table, seed, "ultrasound/bend", size=FINE, scale=16.0, device=device, field=DEPTH_MM)
    y = grid[:, None] + 0.5 * pose[:, 0] + 0.6 * bend
    x = (grid[None] - DEPTH_MM / 2) * side + 0.8 * pose[:, 1] + 0.6 * bend  # toward the trachea is positive
    fat, muscle = 4.5 + 0.8 * form[:, 0], 9.5 + 0.9 * form[:, 1]
    middle = muscle + 8.0
    lobe = _inside(y - middle - 0.06 * x, x - 1.0, 7.2 + 0.6 * form[:, 2], 9.0 + 0.8 * form[:, 3])
    lobe = torch.maximum(lobe, _inside(y - muscle - 4.5, x - 12.0, 2.6, 8.0))  # the isthmus, over the trachea
    wall = torch.sqrt((y - middle - 8.5) ** 2 + (x - 21.0) ** 2) - 12.5
    radius = 3.1 + 0.3 * form[:, 4]
    center = (middle + 1.0 + 0.8 * form[:, 5], -13.0 + 0.6 * form[:, 6])
    far = torch.sqrt((y - center[0]) ** 2 + (x - center[1]) ** 2) - radius
    decibel = _layers(table, seed, x, y, fat, muscle, device)
    decibel = torch.where(lobe > 0, TISSUE_DB["thyroid"] - 6.0 * torch.exp(-((lobe / 0.5) ** 2)) + 0 * y, decibel)
    attenuation = torch.full_like(decibel, 0.5)
    nodule, decibel, attenuation = _nodule(table, seed, x, y, middle, decibel, attenuation)
    decibel = torch.where(far < 0.5, TISSUE_DB["skin"] - 3.0 + 0 * y, decibel)
    decibel = torch.where(far < 0, TISSUE_DB["artery"] + 0 * y, decibel)
    attenuation = torch.where(far < 0, 0.15 + 0 * y, attenuation)
    decibel, attenuation = _trachea(decibel, attenuation, wall)
    solid = (wall > 0) & (far > 0.5)
    masks = torch.stack([nodule & solid, ((lobe > 0) | nodule) & solid, far < 0], dim=1).float()
    share = masks[:, 2] / masks[:, 2].sum(dim=(1, 2), keepdim=True)
    middles = torch.stack([(share * grid[:, None]).sum(dim=(1, 2)), (share * grid).sum(dim=(1, 2))], dim=1)
    return Neck(10 ** (decibel / 10), attenuation, masks, middles.cpu())


def _inside(dy: Tensor, dx: Tensor, high: Tensor | float, wide: Tensor | float) -> Tensor:
    """Return how deep inside an ellipse a point lies, roughly in mm; negative outside."""
    return (1 - torch.sqrt((dy / high) ** 2 + (dx / wide) ** 2)) * high


def _layers(table, seed, x, y, fat, muscle, device) -> Tensor:
    """Return the echoes in dB of skin, fat with its strands, the strap muscles with theirs, and what lies deep."""
    strand = texture(table, seed, "ultrasound/strands", size=FINE, scale=5.0, device=device, field=DEPTH_MM)
    lines = torch.cos(2 * np.pi * (y + 0.8 * strand) / 1.7)
    decibel = TISSUE_DB["deep"] + 3.0 * strand
    decibel = torch.where(y < muscle, TISSUE_DB["muscle"] + 7.0 * (lines > 0.8), decibel)
    decibel = torch.where((y - muscle).abs() < 0.35, torch.tensor(2.0, device=device), decibel)
    decibel = torch.where(y < fat, TISSUE_DB["fat"] + 8.0 * (lines > 0.9) + 2.0 * strand, decibel)
    decibel = torch.where((y - fat).abs() < 0.3, torch.tensor(1.0, device=device), decibel)
    return torch.where(y < 1.8, TISSUE_DB["skin"] + 0 * x, decibel)


def _trachea(decibel: Tensor, attenuation: Tensor, wall: Tensor) -> tuple[Tensor, Tensor]:
    """Return the maps with the trachea: a bright wall, then echoes of that wall that fade, as air lets nothing pass."""
    rings = 22.0 * torch.exp(wall / 4.0) * torch.cos(2 * np.pi * wall / 2.6)
    decibel = torch.where(wall < 0, TISSUE_DB["air"] + rings, decibel)
    decibel = torch.where((wall < 0.4) & (wall > -0.5), torch.full_like(decibel, 9.0), decibel)
    return decibel, torch.where(wall < 0, torch.full_like(attenuation, 0.8), attenuation)


def _nodule(table, seed, x, y, middle, decibel, attenuation) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mask of the nodule, and the maps with it.

    The look follows the criteria of ACR TI-RADS, doi:10.1016/j.jacr.2017.01.046: cysts are free of echoes; benign
    nodules are wider than tall, smooth, with a dark rim; malignant ones dark, taller than wide, irregular, calcified.
    """
    mask = torch.zeros_like(x, dtype=torch.bool)
    for row, ((patient, _), kind) in enumerate(zip(keys(table), table["thyroid_nodule"], strict=True)):
        if kind == "none":
            continue
        random = stream(seed, "ultrasound/nodule", patient)
        grave = float(table["thyroid_nodule_severity"].iloc[row])
        dy, dx = y[row] - middle[row] - 1.2 * random.uniform(-1, 1), x[row] - 3.0 * random.uniform(-1, 1)
        size = (2.2 + 2.6 * grave) * np.exp(random.normal(0, 0.08))
        tall = {"cyst": random.uniform(0.85, 1.05), "benign": random.uniform(0.65, 0.85)}.get(
            kind, 1.0 + 0.35 * random.uniform(0.3, 1) * (0.4 + grave)
        )
        angle, waves = torch.atan2(dy, dx), random.normal(0, 1, (2, 6))
        rough = (0.05 + 0.07 * grave) if kind == "malignant" else 0.02
        wobble = sum(
            waves[0, k] * torch.cos((k + 2) * angle) + waves[1, k] * torch.sin((k + 2) * angle) for k in range(6)
        )
        reach = 1 + rough * wobble / 1.5
        height = min(size * tall**0.5, 5.8)
        deep = (reach - torch.sqrt((dy / height) ** 2 + (dx / (size / tall**0.5)) ** 2)) * size
        inside = deep > 0
        level = NODULE_DB[kind] + (0 if kind == "cyst" else 2.0 * random.normal())
        decibel[row] = torch.where(inside, torch.full_like(deep, level), decibel[row])
        if kind == "benign":
            decibel[row] = torch.where(inside & (deep < 0.45), torch.full_like(deep, -13.0), decibel[row])
        if kind == "cyst":  # the far wall mirrors sound
            decibel[row] = torch.where((deep < 0) & (deep > -0.4) & (dy > 0.5 * size), 3.0 + 0 * deep, decibel[row])
        attenuation[row] = torch.where(inside, torch.full_like(deep, NODULE_ATTENUATION[kind]), attenuation[row])
        if kind == "malignant":
            for _ in range(int(random.poisson(2 + 5 * grave))):
                far, turn = size * 0.7 * random.uniform() ** 0.5, random.uniform(0, 2 * np.pi)
                spot = (dy - far * np.sin(turn)) ** 2 + (dx - far * np.cos(turn)) ** 2 < 0.32**2
                decibel[row] = torch.where(spot, torch.full_like(deep, 8.0), decibel[row])
        mask[row] = inside
    return mask, decibel, attenuation
