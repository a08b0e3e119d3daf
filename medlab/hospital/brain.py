"""The patients' brains: every one is MNI152, warped without folds, with lesions, tumor and atrophy as recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab.hospital import brain_atlas
from medlab.hospital.brain_atlas import AMOUNTS, CENTER, FIELD_MM, atlas, exponential, sample
from medlab.hospital.rendering import keys
from medlab.hospital.streams import stream

if TYPE_CHECKING:
    pass

TISSUES = ("gray matter", "white matter", "fluid", "bone", "scalp", "lesion", "edema", "tumor", "necrosis")
LEVEL_MM = 14.0  # height of the slice, through the lateral ventricles
KNOTS = 8  # control points along each side of a patient's velocity field, 31 mm apart
GRID = 28  # points along each side on which it is integrated
SHIFT_MM = 3.0  # standard deviation of the displacement in each direction
LESIONS = 28  # at most, per patient
RIM_MM = 3.5  # width of the living rim of a tumor


@dataclass(frozen=True)
class Heads:
    """What distinguishes the heads of N images; the length of every tensor is N.

    Parameters
    ----------
    warp : Tensor, shape (N, 3, 28, 28, 28), mm
        Displacement from the head of the patient to the atlas, axes z, y, x.
    widening : Tensor, shape (N, 3, 55, 55, 55), mm
        Displacement that widens the ventricles, applied after it.
    turn : Tensor, shape (N, 3, 3)
        Rotation and scale from the image to the head.
    shift : Tensor, shape (N, 3), mm
        Of the head in the image.
    level : Tensor, shape (N,), mm
        Height of the slice.
    bone, scalp, atrophy : Tensor, shape (N,)
        Thickness in mm of skull and of skin with fat; share of cortex that is lost beside a sulcus.
    forgetful : Tensor, shape (N,), 0 to 1
        Share of its uptake that the cortex of the back and sides has lost.
    lesions : Tensor, shape (N, 28, 4), mm
        Places in the atlas and radii of white-matter lesions; radius 0 where there is none.
    cap : Tensor, shape (N,), mm
        Width of the lesion around the ventricles.
    tumor : Tensor, shape (N, 11)
        Place (3), radius (0 without one), width of the edema, and shape (6).
    """

    warp: Tensor
    widening: Tensor
    turn: Tensor
    shift: Tensor
    level: Tensor
    bone: Tensor
    scalp: Tensor
    atrophy: Tensor
    forgetful: Tensor
    lesions: Tensor
    cap: Tensor
    tumor: Tensor


def heads(seed: int, table: pd.DataFrame, device: str) -> Heads:
    """Draw the head of each row: its shape by the patient, its position by the image."""
    rows = [_head(seed, row, *key) for key, row in zip(keys(table), table.to_dict("records"), strict=True)]
    made = {name: torch.tensor(np.stack([row[name] for row in rows]), dtype=torch.float32) for name in rows[0]}
    made = {name: value.to(device) for name, value in made.items()}
    velocity, amount = made.pop("velocity"), made.pop("amount")
    # Images of a patient share one warp, which is what takes time.
    _, first, of_row = np.unique(table["patient"], return_index=True, return_inverse=True)
    warp = exponential(spline(velocity[first] * (SHIFT_MM / 0.354), GRID))[torch.as_tensor(of_row)]
    table_of = brain_atlas.widening().to(device)
    wider = torch.empty(len(amount), *table_of.shape[1:], device=device)
    for row, value in zip(wider, amount.clamp(-AMOUNTS, AMOUNTS - 0.001).tolist(), strict=True):
        low = int(np.floor(value))
        torch.lerp(table_of[low + AMOUNTS], table_of[low + AMOUNTS + 1], value - low, out=row)
    return Heads(warp=warp, widening=wider, **made)


def _head(seed: int, row: dict, patient: int, image: int) -> dict[str, np.ndarray | float]:
    shape, pose = stream(seed, "brain/shape", patient), stream(seed, "brain/pose", patient, image)
    velocity = shape.standard_normal((3, KNOTS, KNOTS, KNOTS), np.float32)
    scale = np.exp(shape.normal(0, 0.03) + shape.normal(0, 0.015, 3) + (0.02 if row["sex"] == "M" else -0.02))
    old = (row["age"] - 60) / 10
    dementia = row["dementia_severity"]
    level = LEVEL_MM + shape.normal(0, 2.0)
    angle = np.radians(shape.normal(0, 2.0, 3) + pose.normal(0, 2.0, 3))
    return {
        "velocity": velocity,
        "turn": _rotation(angle) / scale[None],
        "shift": pose.normal(0, 2.0, 3),
        "level": level,
        "bone": shape.uniform(5, 8),
        "scalp": shape.uniform(4, 7) + 0.15 * (row["weight_kg"] / (row["height_cm"] / 100) ** 2 - 25),
        # A ventricle widens by 0.6 mm a decade, and by up to 4.5 mm in dementia; people differ by 0.8 mm.
        "amount": 0.6 * old + 4.5 * dementia + shape.normal(0, 0.8),
        "atrophy": np.clip(0.12 + 0.06 * old + 0.5 * dementia, 0, 0.75),
        "forgetful": 0.6 * dementia,
        "lesions": _lesions(stream(seed, "brain/lesions", patient), row["white_matter_disease_severity"]),
        "cap": 7.0 * row["white_matter_disease_severity"],
        "tumor": _tumor(stream(seed, "brain/tumor", patient), row["brain_tumor_severity"], level),
    }


def _lesions(rng: np.random.Generator, severity: float) -> np.ndarray:
    """Return places in the atlas and radii; most lie near the level of the slice."""
    sites = brain_atlas.deep_white()
    near = np.exp(-0.5 * ((sites[:, 2] - LEVEL_MM) / 5) ** 2)
    chosen = sites[rng.choice(len(sites), LESIONS, p=near / near.sum())] + rng.uniform(-1, 1, (LESIONS, 3))
    count = min(LESIONS, 2 + rng.poisson(22 * severity)) if severity > 0 else 0
    radius = (1.8 + 4.0 * severity * rng.random(LESIONS)) * (np.arange(LESIONS) < count)
    return np.concatenate([chosen, radius[:, None]], axis=1)


def _tumor(rng: np.random.Generator, severity: float, level: float) -> np.ndarray:
    sites = brain_atlas.deep_white()
    place = sites[rng.integers(len(sites))] * (1.15, 1.0, 0.0) + rng.normal(0, 3, 3) * (1, 1, 0)
    radius = 9 + 14 * severity
    place[2] = level + rng.uniform(-0.35, 0.35) * radius
    edema = rng.uniform(4, 9) + 5 * severity
    return np.concatenate([place, [radius * (severity > 0), edema], rng.normal(0, 1, 6)])


def _rotation(angle: np.ndarray) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    return Rotation.from_euler("xyz", angle).as_matrix()


def spline(coefficients: Tensor, points: int, *, middle: bool = False) -> Tensor:
    """Return the cubic B-spline of coefficients (N, C, K, K, K) over the field, axes as those of the coefficients.

    Shape (N, C, P, P, P), or (N, C, P, P) in the middle of the first axis. Independent coefficients of deviation 1 give
    values of deviation about 0.354 (0.5 along each axis).
    """
    knots = coefficients.shape[-1]

    def weights(place: Tensor) -> Tensor:
        far = (place[:, None] * (knots - 3) + 1 - torch.arange(knots)).abs()
        near = (4 - 6 * far**2 + 3 * far**3) / 6
        return torch.where(far < 1, near, (2 - far).clamp(min=0) ** 3 / 6).to(coefficients)

    line = weights((torch.arange(points, dtype=torch.float32) + 0.5) / points)
    first = weights(torch.tensor([0.5])) if middle else line
    found = torch.einsum("pi,ncijk->ncpjk", first, coefficients)
    found = torch.einsum("qj,ncpjk->ncpqk", line, found)
    found = torch.einsum("rk,ncpqk->ncpqr", line, found)
    return found[:, :, 0] if middle else found


def pixels(size: int, dims: int, level: Tensor) -> Tensor:
    """Return where the pixels are, mm, shape (N or 1, [size,] size, size, 3).

    Seen from the feet, as is usual: columns run from the patient's right to the left, rows from the front to the back,
    and the slices of a volume from the top down. A slice lies at its patient's level.
    """
    line = (0.5 - (torch.arange(size, device=level.device) + 0.5) / size) * FIELD_MM
    x, y, z = (line + c for c in CENTER)
    if dims == 3:
        return torch.stack(torch.meshgrid(z, y, x, indexing="ij")[::-1], dim=-1)[None]
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    flat = torch.stack([columns, rows, torch.zeros_like(rows)], dim=-1)[None].repeat(len(level), 1, 1, 1)
    flat[..., 2] = level[:, None, None]
    return flat


def to_head(head: Heads, places: Tensor) -> Tensor:
    """Return where places (N or 1, ..., 3) of the image are in the head, in mm of the atlas before warping."""
    n = len(head.shift)
    middle = places.new_tensor((CENTER[0], CENTER[1], 0.0))
    flat = places.expand(n, *places.shape[1:]).reshape(n, -1, 3) - middle - head.shift[:, None]
    return (flat @ head.turn.transpose(1, 2) + middle).reshape(n, *places.shape[1:])


def to_atlas(head: Heads, places: Tensor) -> Tensor:
    """Return where places (N, ..., 3) of the head are in the atlas: warp, then mass of a tumor, then ventricles."""
    moved = places + sample(head.warp, places).movedim(1, -1)
    away, far = _from_tumor(head, moved)
    radius = _wide(head.tumor[:, 3], far).clamp(min=1e-3)
    # What the tumor pushes aside: from its middle outwards, less than a third of its radius, without folds.
    pull = 0.45 * torch.exp(-0.5 * (far / radius) ** 2) * (_wide(head.tumor[:, 3], far) > 0)
    moved = moved - away * pull[..., None]
    return moved + sample(head.widening, moved).movedim(1, -1)


def _from_tumor(head: Heads, places: Tensor) -> tuple[Tensor, Tensor]:
    away = places - head.tumor[:, :3].reshape(-1, *[1] * (places.ndim - 2), 3)
    return away, away.norm(dim=-1)


def _wide(value: Tensor, like: Tensor) -> Tensor:
    return value.reshape(-1, *[1] * (like.ndim - 1))


def tissues(head: Heads, places: Tensor, points: int, pixel: float) -> dict[str, Tensor]:
    """Return the share of each tissue at places of the image.

    Parameters
    ----------
    head : Heads
    places : Tensor, shape (N or 1, ..., 3), mm
    points : int
        Of the atlas, along each side: its cells are best about as large as the pixels.
    pixel : float
        Side of a pixel, mm: how soft drawn edges are.

    Returns
    -------
    dict of str to Tensor, shape (N, ...), 0 to 1
        One for each of TISSUES, whose sum is at most 1 (air has none), and "ventricles", a part of the fluid.
    """
    inside = to_head(head, places)
    found = to_atlas(head, inside)
    gray, white, outside, ventricle, sulcus = sample(atlas(points).maps[None].to(found.device), found).unbind(1)
    lost = gray * (_wide(head.atrophy, gray) * 3.0 * sulcus).clamp(max=0.9)
    gray = gray - lost

    def within(distance: Tensor) -> Tensor:
        return (0.5 - distance / pixel).clamp(0, 1)

    brain, skull = within(outside - 2.5), within(outside - 2.5 - _wide(head.bone, outside))
    skin = within(outside - 2.5 - _wide(head.bone + head.scalp, outside))
    matter = (gray + white).clamp(max=1)
    made = {
        "gray matter": gray,
        "white matter": white,
        "fluid": (brain - matter).clamp(min=0),
        "bone": (skull - torch.maximum(brain, matter)).clamp(min=0),
        "scalp": (skin - torch.maximum(skull, matter)).clamp(min=0),
    }
    _disease(made, head, inside, found, ventricle, pixel)
    made["ventricles"] = torch.minimum(made["fluid"], within(ventricle))
    return made


def _disease(made: dict, head: Heads, inside: Tensor, found: Tensor, ventricle: Tensor, pixel: float) -> None:
    """Add lesions, edema, tumor and necrosis, each in the place of what was there."""
    white = made["white matter"]
    lesion = white * (1 - ventricle.clamp(min=0) / _wide(head.cap, white).clamp(min=1e-3)).clamp(0, 1)
    lesion = lesion * (_wide(head.cap, white) > 0)
    ill = torch.nonzero(head.cap > 0).flatten()
    if len(ill):
        flat = found[ill].reshape(len(ill), -1, 3)
        far = torch.cdist(flat, head.lesions[ill, :, :3], compute_mode="donot_use_mm_for_euclid_dist")
        radius = head.lesions[ill, None, :, 3]
        spot = ((radius - far) / max(pixel, 1.0) + 0.5).clamp(0, 1) * (radius > 0)
        lesion[ill] = torch.maximum(lesion[ill], white[ill] * spot.amax(dim=-1).reshape(white[ill].shape))
    moved = inside + sample(head.warp, inside).movedim(1, -1)
    away, far = _from_tumor(head, moved)
    unit = away / far.clamp(min=1e-3)[..., None]
    ripple = sum(
        (unit * head.tumor[:, k : k + 3].reshape(-1, *[1] * (unit.ndim - 2), 3)).sum(-1).mul(w).sin()
        for k, w in ((5, 2.0), (8, 4.0))
    )
    radius = _wide(head.tumor[:, 3], far)
    edge = radius * (1 + 0.10 * ripple)
    brain = made["gray matter"] + white + made["fluid"]
    grown = (radius > 0) * brain

    def within(limit: Tensor) -> Tensor:
        return ((limit - far) / pixel + 0.5).clamp(0, 1) * grown

    mass = within(edge)
    made["lesion"] = lesion
    made["edema"] = (white * within(edge + _wide(head.tumor[:, 4], far) * (1 + 0.3 * ripple))).clamp(max=1)
    made["tumor"], made["necrosis"] = mass - within(edge - RIM_MM), within(edge - RIM_MM)
    for name in ("gray matter", "white matter", "fluid", "lesion", "edema"):
        made[name] = made[name] * (1 - mass / brain.clamp(min=1e-6)).clamp(0, 1)
    made["lesion"] = torch.minimum(made["lesion"], (made["white matter"] - made["edema"]).clamp(min=0))
    made["white matter"] = (made["white matter"] - made["lesion"] - made["edema"]).clamp(min=0)
