"""What rendered modalities share: textures, spots, color tones and the camera. Shapes in mm, so any pixel size fits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import find_objects, label
from torch import Tensor
from torch.nn import functional as F

from medlab.errors import MedlabError
from medlab.hospital.streams import stream
from medlab.physics.xray import blur

KNOTS = 24  # random numbers along each side of a texture, at every image size


def device_of(name: str) -> str:
    """Return the device if it can be used.

    Raises
    ------
    MedlabError
        If it cannot.
    """
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        raise MedlabError(f"device {name!r} cannot be used: {error}", hint="device='cpu' always works") from None
    return str(name)


def keys(table: pd.DataFrame) -> list[tuple[int, int]]:
    """Return (patient number, image number) of each row."""
    return list(zip(table["patient"].astype(int), table["image"].astype(int), strict=True))


def texture(
    table: pd.DataFrame, seed: int, purpose: str, *, size: int, scale: float, device: str, field: float = 1.0
) -> Tensor:
    """Return smooth random textures, mean about 0 and spread about 1, the same at every pixel size.

    Parameters
    ----------
    table : DataFrame
        Columns patient and image.
    seed : int
    purpose : str
        Name of the stream.
    size : int
        Pixels along each side.
    scale : float
        Length over which the texture changes, in the unit of ``field``, at least field / KNOTS.
    device : str
    field : float
        Side of the image.

    Returns
    -------
    Tensor, shape (N, size, size)
    """
    knots = int(np.clip(np.ceil(2 * field / scale), 4, 4 * KNOTS))
    noise = np.stack([stream(seed, purpose, *key).standard_normal((knots, knots), np.float32) for key in keys(table)])
    coarse = torch.from_numpy(noise).to(device)[:, None]
    fine = F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=False)[:, 0]
    return fine * 1.35  # cubic interpolation averages: back to a spread of about 1


def palette(table: pd.DataFrame, seed: int, purpose: str, *, spread: float) -> Tensor:
    """Return a color tone per patient, shape (N, 3): factors around 1, the same for all images of a patient."""
    draws = np.array([stream(seed, purpose, k).standard_normal(3) for k, _ in keys(table)])
    # Most of the variation is common to the three colors: people are lighter or darker.
    tone = spread * (0.9 * draws[:, :1] + 0.25 * draws)
    return torch.tensor(np.exp(tone), dtype=torch.float32)


def spots(points: Tensor, *, size: int, field: float, device: str, hard: bool = False) -> Tensor:
    """Return how far each pixel is covered by round spots.

    Parameters
    ----------
    points : Tensor, shape (N, K, 4)
        Row, column (from the middle of the image), radius, and strength 0 to 1 of each spot, in the unit of field.
        A chain of spots is a vessel.
    size : int
    field : float
        Side of the image.
    device : str
    hard : bool
        Sharp edges of half a pixel instead of soft ones.

    Returns
    -------
    Tensor, shape (N, size, size), 0 to 1
        A spot smaller than a pixel covers it by the share of its width: thin vessels fade, they do not vanish.
    """
    points = points.to(device)
    pixel = field / size
    reach = int(np.ceil(float(points[..., 2].max()) / pixel + 2)) if points.shape[1] else 0
    spot = (points[..., :2] / field + 0.5) * size - 0.5
    base = spot.round()
    steps = torch.arange(-reach, reach + 1, device=device, dtype=points.dtype)
    cover = torch.zeros(len(points), size + 2 * reach, size + 2 * reach, device=device)
    rows, cols = (base[..., k].long().clamp(-reach, size - 1 + reach) + reach for k in (0, 1))
    radius = points[..., 2] / pixel
    soft = 0.5 if hard else 0.8
    for dy in steps:
        for dx in steps:
            far = ((base[..., 0] + dy - spot[..., 0]) ** 2 + (base[..., 1] + dx - spot[..., 1]) ** 2).sqrt()
            share = ((radius - far) / soft + 0.5).clamp(0, 1) * (radius * 2).clamp(max=1) * points[..., 3]
            y, x = rows + int(dy), cols + int(dx)
            inside = (y >= 0) & (y < cover.shape[1]) & (x >= 0) & (x < cover.shape[2])
            flat = (y.clamp(0, cover.shape[1] - 1) * cover.shape[2] + x.clamp(0, cover.shape[2] - 1)).long()
            cover.view(len(points), -1).scatter_reduce_(1, flat, share * inside, "amax")
    return cover[:, reach : reach + size, reach : reach + size]


def camera(
    picture: Tensor, table: pd.DataFrame, seed: int, *, kind: str, settings: dict, field_mm: float, dose: float
) -> Tensor:
    """Photograph: white balance, exposure, vignetting, blur and noise of the site's camera.

    Parameters
    ----------
    picture : Tensor, shape (N, 3, H, W), light from the object
    table : DataFrame
        Columns site, patient, image.
    seed : int
    kind : str
        Modality, for the names of the streams.
    settings : dict of site to (white balance, blur in mm, noise, vignetting, exposure spread)
    field_mm : float
    dose : float
        Light relative to the site's own; the noise falls as 1/sqrt(dose).

    Returns
    -------
    Tensor, shape (N, 3, H, W), 0 to 1
    """
    size, device = picture.shape[-1], picture.device
    of_site = [settings[name] for name in table["site"]]

    def each(k: int) -> Tensor:
        return torch.tensor([one[k] for one in of_site], device=device, dtype=torch.float32)

    flash = np.array([stream(seed, f"{kind}/exposure", *key).standard_normal() for key in keys(table)])
    exposure = torch.exp(each(4) * torch.tensor(flash, device=device, dtype=torch.float32))
    place = (torch.arange(size, device=device) + 0.5) / size * 2 - 1
    corner = (place[:, None] ** 2 + place[None] ** 2) / 2
    light = exposure[:, None, None] * (1 - each(3)[:, None, None] * corner)
    shot = picture * each(0)[:, :, None, None] * light[:, None]
    sigma = (each(1) / (field_mm / size)).repeat_interleave(3)
    shot = blur(shot.flatten(0, 1), sigma).view_as(shot)
    noise = np.stack(
        [stream(seed, f"{kind}/noise", *key).standard_normal((3, size, size), np.float32) for key in keys(table)]
    )
    strength = each(2)[:, None, None, None] * (shot.clamp(min=0.02) / 0.5).sqrt() / dose**0.5
    return (shot + strength * torch.from_numpy(noise).to(device)).clamp(0, 1)


def lesion_boxes(masks: Tensor) -> list[Tensor]:
    """Return a box (top, left, bottom, right) in pixels around each connected part of each mask (N, H, W), float32."""
    boxes = []
    for mask in masks.numpy() > 0:
        found = find_objects(label(mask, structure=np.ones((3, 3)))[0])
        corners = [(y.start, x.start, y.stop, x.stop) for y, x in found]
        boxes.append(torch.tensor(corners, dtype=torch.float32).reshape(-1, 4))
    return boxes
