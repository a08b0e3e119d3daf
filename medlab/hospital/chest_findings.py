"""Findings: pneumonia, nodule and effusion take the place of air in the lung."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab.hospital.chest_body import Body, column
from medlab.hospital.chest_maps import Maps, chord, diaphragm, step
from medlab.hospital.streams import stream

# Middle of each zone where pneumonia sits: x as a share of the half width, y of the length of the lung; and its odds.
ZONES = {
    "right upper": (-0.52, 0.30, 0.16),
    "right middle": (-0.50, 0.62, 0.20),
    "right lower": (-0.60, 0.85, 0.26),
    "left upper": (0.52, 0.32, 0.15),
    "left lower": (0.66, 0.82, 0.23),
}
CHANCE = 24  # uniform numbers a patient


def chance(seed: int, table: pd.DataFrame) -> np.ndarray:
    """Draw the uniform numbers that place the findings of each patient, shape (N, CHANCE)."""
    return np.stack([stream(seed, "chest_xray/findings", k).random(CHANCE) for k in table["patient"]])


def add_findings(body: Body, view: Maps, table: pd.DataFrame, seed: int) -> dict[str, Tensor]:
    """Put the findings of each patient into the air map, and return how much of each is where.

    Parameters
    ----------
    body : Body
        N bodies.
    view : Maps
        Their thickness maps; ``air`` is changed in place.
    table : DataFrame
        One row per image, with diseases and severities.
    seed : int
        Seed of the hospital.

    Returns
    -------
    dict of Tensor, each (N, H, W), 0 to 1
        Extent of pneumonia, nodule and effusion; zero where the patient does not have it.
    """
    u = chance(seed, table)
    extent = {
        "pneumonia": _pneumonia(body, view, table, u),
        "nodule": _nodule(body, view, table, u),
        "effusion": _effusion(body, view, table, u),
    }
    # Fluid in the alveoli, or around the lung, where there was gas. The gas of the trachea and stomach stays.
    lost = 1 - torch.stack(
        [1 - _fill(view, table, "pneumonia") * extent["pneumonia"], 1 - 0.93 * extent["effusion"]]
    ).prod(0)
    inside = torch.minimum(view.air, view.lung)
    view.air = view.air - inside * lost
    view.air = (view.air - extent["nodule"]).clamp(min=0)
    return {**extent, "nodule": (extent["nodule"] > 0).to(view.air.dtype)}


def _fill(view: Maps, table: pd.DataFrame, name: str) -> Tensor:
    """Return the share of the gas that the densest part of an opacity replaces: 20 % if mild, 65 % if grave."""
    return column(0.20 + 0.45 * table[f"{name}_severity"], view.air.device)


def _pneumonia(body: Body, view: Maps, table: pd.DataFrame, u: np.ndarray) -> Tensor:
    """Return a patchy opacity: one to three foci, each an ellipse whose border and inside are broken up by noise."""
    severity = table["pneumonia_severity"].to_numpy()
    zones = np.array(list(ZONES.values()))
    place = torch.stack([view.x / 17, view.y / 17], dim=-1)
    patches = F.grid_sample(body.texture["patches"], place, mode="bicubic", padding_mode="border", align_corners=False)
    patches = patches[:, 0]
    total = torch.zeros_like(view.x)
    for focus in range(3):
        v = u[:, 7 * focus : 7 * focus + 7]
        zone = zones[np.searchsorted(np.cumsum(zones[:, 2])[:-1], v[:, 0], side="right")]
        present = (table["pneumonia"].to_numpy() == 1) & ((focus == 0) | (v[:, 6] < 0.15 + 0.4 * severity))
        cx = column(zone[:, 0] + 0.26 * (v[:, 1] - 0.5), view.x.device) * body.half
        cy = body.apex + column(zone[:, 1] + 0.22 * (v[:, 2] - 0.5), view.x.device) * body.length
        width = column((1.7 + 2.2 * severity) * (0.75 + 0.6 * v[:, 3]), view.x.device)
        height = column((1.7 + 2.2 * severity) * (0.75 + 0.6 * v[:, 4]), view.x.device)
        radius = (((view.x - cx) / width) ** 2 + ((view.y - cy) / height) ** 2).sqrt()
        blob = step(1.0 - radius + 0.25 * patches, 0.5) * (0.8 + 0.2 * torch.tanh(patches))
        total = torch.maximum(total, blob * column(present, view.x.device))
    lung = view.right + view.left
    return total * torch.maximum(lung, 0.35 * step(view.lung - 2, 2.0) * lung.clamp(min=0))


def _nodule(body: Body, view: Maps, table: pd.DataFrame, u: np.ndarray) -> Tensor:
    """Return the thickness of a ball of 8 to 25 mm in the lung field, cm."""
    radius = column(0.4 + 0.85 * table["nodule_severity"], view.x.device)
    cx, cy = nodule_center(body, u)
    # A ball smaller than a pixel is widened and thinned, so that its mass stays.
    wide = radius.clamp(min=0.75 * view.pixel)
    ball = 2 * radius * (radius / wide) ** 2 * chord(((view.x - cx) ** 2 + (view.y - cy) ** 2) / wide**2)
    return ball * column(table["nodule"], view.x.device)


def nodule_center(body: Body, u: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return where the nodule lies: in the outer half of either lung, clear of heart and diaphragm, cm."""
    side = column(np.where(u[:, 21] < 0.5, -1, 1), body.half.device)
    down = column(0.22 + 0.45 * u[:, 22], body.half.device)
    return side * (0.48 + 0.26 * column(u[:, 23], body.half.device)) * body.half, body.apex + down * body.length


def _effusion(body: Body, view: Maps, table: pd.DataFrame, u: np.ndarray) -> Tensor:
    """Return the share of the ray's lung that fluid fills: it lies in the angle and climbs the wall as a meniscus."""
    severity = column(table["effusion_severity"], view.x.device)
    side = column(np.where(u[:, 19] < 0.5, -1, 1), view.x.device)  # -1: right
    angle = diaphragm(body, side * body.half)
    level = angle - (0.8 + 8.5 * severity)
    out = (view.x * side / body.half).clamp(0, 1.1)
    surface = level + 2.5 * (1 - out).clamp(min=0).sqrt() - 2.0 * torch.exp(-(1 - out) / 0.18)
    fluid = step(view.y - surface, 0.8) * (view.x * side > 0)
    lung = view.right + view.left
    return fluid * lung * column(table["effusion"], view.x.device)
