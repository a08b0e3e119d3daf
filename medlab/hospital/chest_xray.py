"""Chest X-ray: the hospital's patients, projected by the law of Beer and Lambert and shown as each site shows films."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab import progress
from medlab.hospital.chest_body import FIELD_CM, Body, bodies, column, to_detector
from medlab.hospital.chest_findings import add_findings
from medlab.hospital.chest_maps import APEX_X, CARINA, DOME_X, Maps, diaphragm, heart_center, maps
from medlab.hospital.patients import DISEASES
from medlab.hospital.rendering import device_of
from medlab.hospital.sites import SITES
from medlab.hospital.streams import stream
from medlab.physics.xray import add_scatter, blur, photon_noise, transmission

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

STRUCTURES = ("right lung", "left lung", "heart", *DISEASES)
LANDMARKS = (
    "carina", "right lung apex", "left lung apex", "right dome", "left dome",
    "right costophrenic angle", "left costophrenic angle", "heart apex",
)  # fmt: skip
CHUNK_PIXELS = 2**17  # pixels computed at once: about 60 MB of thickness maps
SCATTER_CM = 3.5  # spread of scattered photons at the detector


def chest_xray(hospital: Hospital, table: pd.DataFrame, *, size: int, dose: float, device: str) -> Cohort:
    """Image the patients of a table; called through ``Hospital.cohort("chest_xray")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``.
    size : int
        Pixels along each side of the 36 cm x 36 cm detector.
    dose : float
        Photons relative to each site's protocol.
    device : str
        Where to compute.

    Returns
    -------
    Cohort
        images (N, 1, size, size) float32, relative brightness 0 to 1, bone white; labels (N, 4); masks
        (N, 7, size, size); boxes of the findings, as (row, column) corners; landmarks (N, 8, 2) as (row, column).
    """
    from medlab.cohort import Cohort

    place = device_of(device)
    images = torch.empty(len(table), 1, size, size)
    masks = torch.empty(len(table), len(STRUCTURES), size, size, dtype=torch.uint8)
    landmarks = torch.empty(len(table), len(LANDMARKS), 2)
    step = max(1, CHUNK_PIXELS // size**2)
    for start in progress.each(range(0, len(table), step), "simulating"):
        part, rows = slice(start, start + step), table.iloc[start : start + step].reset_index(drop=True)
        body = bodies(hospital.seed, rows, device=place)
        view = maps(body, size)
        extent = add_findings(body, view, rows, hospital.seed)
        images[part, 0] = _film(body, view, rows, hospital.seed, dose).cpu()
        masks[part] = _masks(view, extent, rows).cpu()
        landmarks[part] = _landmarks(body, size).cpu()
    columns = table.drop(columns="patient")
    return Cohort(
        images,
        columns,
        labels=torch.tensor(table[list(DISEASES)].to_numpy(np.float32)),
        masks=masks,
        boxes=_boxes(masks[:, 3:]),
        landmarks=landmarks,
        spacing=(10 * FIELD_CM / size,) * 2,
        modality="chest X-ray",
        intensity="relative brightness, 0 to 1",
        classes=DISEASES,
        structures=STRUCTURES,
        landmark_names=LANDMARKS,
        positive="pneumonia",
        source=f"hospital:chest_xray (simulated, seed {hospital.seed})",
        licence="CC0 (simulated)",
        simulated=True,
        notes=("simulated from a phantom: no result on it says anything about patients",),
    )


def expected_counts(body: Body, view: Maps, table: pd.DataFrame, dose: float) -> Tensor:
    """Return the expected photons in each detector pixel, shape (N, H, W): primary, scatter and blur."""
    air = torch.minimum(view.air, view.body)
    bone = torch.minimum(view.bone, view.body - air)
    primary = transmission(view.body - air - bone, bone)
    of_site = [SITES[name] for name in table["site"]]

    def each(name: str) -> Tensor:
        return column([getattr(one, name) for one in of_site], primary.device)

    total = add_scatter(primary, each("scatter"), SCATTER_CM / view.pixel)
    total = blur(total, each("blur_mm") / (10 * view.pixel))
    exposure = torch.exp(each("exposure_spread") * body.exposure)
    return total.clamp(min=0) * each("counts") * exposure * dose


def _film(body: Body, view: Maps, table: pd.DataFrame, seed: int, dose: float) -> Tensor:
    """Return the images as the site shows them: counts with noise, their logarithm, window, film curve."""
    mean = expected_counts(body, view, table, dose)
    size = mean.shape[-1]
    noise = np.stack(
        [
            stream(seed, "chest_xray/noise", k, j).standard_normal((size, size), np.float32)
            for k, j in zip(table["patient"], table["image"], strict=True)
        ]
    )
    counts = photon_noise(mean, torch.as_tensor(noise, dtype=mean.dtype, device=mean.device))
    return display(counts, table["site"].tolist(), view.pixel)


def display(counts: Tensor, sites: list[str], pixel: float) -> Tensor:
    """Show photon counts as each image's site does: bone white, 0 to 1.

    The window comes from the image itself, as in digital radiography: from a low and a high quantile of the middle of
    the field. So the exposure cancels, and what stays of a site is its scatter, noise, sharpness and film curve.

    Parameters
    ----------
    counts : Tensor, shape (N, H, W), photons
    sites : list of N str
    pixel : float
        Size of a pixel in cm.

    Returns
    -------
    Tensor, shape (N, H, W), 0 to 1
    """
    of_site = [SITES[name] for name in sites]

    def each(name: str) -> Tensor:
        return column([getattr(one, name) for one in of_site], counts.device)

    dark = -torch.log(counts.clamp(min=1.0))
    dark = dark + each("sharpening") * (dark - blur(dark, 0.6 / pixel))
    size = dark.shape[-1]
    middle = dark[:, size // 6 : -(size // 6), size // 6 : -(size // 6)].flatten(1)
    low, high = torch.quantile(middle, dark.new_tensor([0.03, 0.97]), dim=1)[:, :, None, None]
    windowed = (dark - low) / (high - low).clamp(min=1e-3)
    film = torch.sigmoid(each("contrast") * (windowed - each("center")))
    return film ** each("gamma")


def _masks(view: Maps, extent: dict[str, Tensor], table: pd.DataFrame) -> Tensor:
    """Return 0/1 masks (N, 7, H, W); the mask of a finding is empty if and only if the patient does not have it."""
    organs = [view.right > 0.5, view.left > 0.5, view.heart > 0.5]
    found = []
    inside = organs[0] | organs[1]
    for name in DISEASES[:3]:
        # What lies in front of heart or mediastinum is not drawn, unless all of the finding does.
        drawn = extent[name] * inside
        drawn = torch.where(drawn.amax(dim=(1, 2), keepdim=True) > 0, drawn, extent[name])
        # Half the peak where a finding is so faint or small that it nowhere reaches .35.
        peak = drawn.amax(dim=(1, 2), keepdim=True)
        found.append((drawn >= (0.5 * peak).clamp(max=0.35)) & (peak > 0))
    large = torch.as_tensor(table["cardiomegaly"].to_numpy() == 1, device=view.x.device).reshape(-1, 1, 1)
    return torch.stack([*organs, *found, organs[2] & large], dim=1).to(torch.uint8)


def _boxes(masks: Tensor) -> list[Tensor]:
    """Return one box (top, left, bottom, right) in pixels per finding of each image, float32."""
    rows, cols = masks.amax(dim=3), masks.amax(dim=2)
    size = masks.shape[-1]
    edges = [rows.argmax(2), cols.argmax(2), size - rows.flip(2).argmax(2), size - cols.flip(2).argmax(2)]
    corners, present = torch.stack(edges, dim=2).to(torch.float32), rows.amax(dim=2) > 0
    return [corner[there] for corner, there in zip(corners, present, strict=True)]


def _landmarks(body: Body, size: int) -> Tensor:
    """Return the landmarks in pixels (row, column), shape (N, 8, 2)."""
    apex_x, dome_x, top = APEX_X * body.half, DOME_X * body.half, body.apex
    reach = 0.38 * body.heart_width  # from the center of the left ventricle to its apex
    heart_x = heart_center(body) + body.twist * 0.6 + reach * torch.cos(body.heart_tilt)
    points = [
        (torch.zeros_like(top), top + CARINA * body.length),
        (-apex_x, top), (apex_x, top),
        (-dome_x, diaphragm(body, -dome_x)), (dome_x, diaphragm(body, dome_x)),
        (-body.half, diaphragm(body, -body.half)), (body.half, diaphragm(body, body.half)),
        (heart_x, body.heart_y + reach * torch.sin(body.heart_tilt)),
    ]  # fmt: skip
    x = torch.cat([p[0] for p in points], dim=2)
    y = torch.cat([p[1] for p in points], dim=2)
    x, y = to_detector(body, x, y)
    pixels = torch.stack([y, x], dim=-1)[:, 0]
    return (pixels + FIELD_CM / 2) * (size / FIELD_CM) - 0.5
