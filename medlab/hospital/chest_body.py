"""The thorax of each patient in centimeters, and how it stands before the detector in each image.

Coordinates: x to the right of the image (the patient's left), y down, both in cm from the middle of the detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from medlab.hospital.sites import SITES
from medlab.hospital.streams import stream

FIELD_CM = 36.0  # the detector is 36 cm x 36 cm

# Standard normal numbers of a patient (clipped at 2.2, so that no anatomy is absurd) and of an image.
ANATOMY = (
    "half", "length", "depth", "apex", "dome", "dome_gap", "heart_ctr", "heart_tilt", "heart_depth", "aorta", "fat",
    "rib_gap", "rib_phase", "rib_drop", "rib_bone", "rib_width", "clavicle", "clavicle_tilt", "spine_bone",
    "spine_phase", "lung_density", "vessels", "breast", "breast_x", "breast_y", "shoulder", "stomach", "stomach_x",
    "hilum", "scapula",
)  # fmt: skip
POSE = ("x", "y", "roll", "twist", "inspiration", "exposure", "scapula", "magnify")
BEND = 4  # order of the smooth deformation: polynomials up to the third power


@dataclass
class Body:
    """Measures of the thorax of N images: each a Tensor of shape (N, 1, 1), cm unless said otherwise."""

    size: dict[str, Tensor]
    bend: Tensor  # (N, 2, BEND, BEND), coefficients of the deformation, cm
    texture: dict[str, Tensor] = field(default_factory=dict)  # fields of standard normal numbers, (N, 1, rows, cols)

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self.__dict__["size"][name]
        except KeyError:
            raise AttributeError(name) from None


def draw(seed: int, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, np.ndarray]]:
    """Draw the chance of anatomy (of the patient) and pose (of the image), and the textures of the lung."""
    anatomy, pose = [], []
    fields: dict[str, list[np.ndarray]] = {"bend": [], "vessels": [], "tissue": [], "patches": []}
    for patient, image in zip(table["patient"], table["image"], strict=True):
        source = stream(seed, "chest_xray/anatomy", patient)
        anatomy.append(source.standard_normal(len(ANATOMY)))
        fields["bend"].append(source.standard_normal((2, BEND, BEND), np.float32))
        fields["vessels"].append(source.standard_normal((1, 8, 48), np.float32))
        fields["tissue"].append(source.standard_normal((1, 40, 40), np.float32))
        fields["patches"].append(source.standard_normal((1, 20, 20), np.float32))
        pose.append(stream(seed, "chest_xray/pose", patient, image).standard_normal(len(POSE)))
    frames = (pd.DataFrame(np.clip(z, -2.2, 2.2), columns=list(n)) for z, n in ((anatomy, ANATOMY), (pose, POSE)))
    return *frames, {name: np.stack(values) for name, values in fields.items()}


def bodies(seed: int, table: pd.DataFrame, *, device: str = "cpu") -> Body:
    """Compute the body of every image from the patient's table row and the chance of anatomy and pose.

    Parameters
    ----------
    seed : int
        Seed of the hospital.
    table : DataFrame
        One row per image, from ``hospital.image_table``.
    device : str
        Where the tensors go.

    Returns
    -------
    Body
        Measures in cm; angles in radians; densities and shares without unit.
    """
    z, pose, fields = draw(seed, table)
    size = _cage(table, z, pose) | _pose(pose)
    size |= _heart(table, z, size) | _bones(z, size) | _soft(table, z)

    # Higher powers bend less: 4 mm for the first, down to 1 mm.
    order = np.add.outer(np.arange(BEND), np.arange(BEND))
    bend = fields.pop("bend") * (0.16 / (1 + order))
    dtype = precision(device)
    textures = {name: torch.as_tensor(values, dtype=dtype, device=device) for name, values in fields.items()}
    measures = {name: column(values, device) for name, values in size.items()}
    return Body(measures, torch.as_tensor(bend, dtype=dtype, device=device), textures)


def precision(device: str | torch.device) -> torch.dtype:
    """Return the type to compute in: float64, so that pixels agree to 1e-5 on every machine.

    The edge of a ball is infinitely steep, so single precision would differ by up to 3e-4 in a few pixels. Apple's MPS
    has no float64: there, and only there, pixels agree to 3e-4.
    """
    return torch.float32 if torch.device(device).type == "mps" else torch.float64


def column(values: Sequence[float] | np.ndarray, device: str | torch.device) -> Tensor:
    """Return one number per image as a Tensor of shape (N, 1, 1)."""
    return torch.as_tensor(np.array(values, float), dtype=precision(device), device=device).reshape(-1, 1, 1)


def _cage(table: pd.DataFrame, z: pd.DataFrame, pose: pd.DataFrame) -> dict[str, np.ndarray]:
    male = (table["sex"] == "M").to_numpy(float)
    height = table["height_cm"].to_numpy() / np.where(male, 176, 163)
    bmi = table["weight_kg"].to_numpy() / (table["height_cm"].to_numpy() / 100) ** 2
    fat = 0.9 + 0.14 * (bmi - 20).clip(0) + 0.25 * z["fat"].to_numpy()
    depth = pose["inspiration"].to_numpy() + table["site"].map({name: one.breath for name, one in SITES.items()})
    breath = 1 - 0.055 * (1 - depth.to_numpy()).clip(-0.6, 3.0)
    half = (12.7 + 1.1 * male) * height**0.5 + 0.45 * z["half"]
    length = (19.0 + 1.6 * male) * height * breath + 0.7 * z["length"]
    apex = -13.9 + 0.5 * z["apex"]
    return {
        "half": half,
        "length": length,
        "apex": apex,
        "depth": (13.3 + 1.6 * male) * (0.9 + 0.1 * breath) + 0.8 * z["depth"],
        "fat": fat.clip(0.4),
        "dome": apex + length,  # height of the right dome of the diaphragm
        "dome_gap": (1.3 + 0.45 * z["dome_gap"]).clip(0.4),  # the left dome is lower
        "angle_drop": 3.4 + 0.6 * z["dome"],  # from dome to costophrenic angle
        "lung_density": np.clip(0.27 + 0.03 * z["lung_density"] + 0.06 * (1 - breath) / 0.1, 0.18, 0.5),
    }


def _pose(pose: pd.DataFrame) -> dict[str, np.ndarray]:
    return {
        "shift_x": 0.55 * pose["x"],
        "shift_y": 0.55 * pose["y"],
        "roll": 0.03 * pose["roll"],
        "twist": 0.4 * pose["twist"],  # turned about the long axis: what lies in front moves sideways
        "zoom": 1 + 0.02 * pose["magnify"],
        "exposure": pose["exposure"],
        "scapula_out": pose["scapula"],
    }


def _heart(table: pd.DataFrame, z: pd.DataFrame, size: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    large = table["cardiomegaly"].to_numpy(bool)
    # Cardiothoracic ratio: below .5 by definition unless the patient has cardiomegaly.
    normal = np.clip(0.435 + 0.02 * z["heart_ctr"], 0.38, 0.475)
    ratio = np.where(large, 0.53 + 0.12 * table["cardiomegaly_severity"], normal)
    width = ratio * 2 * size["half"]
    return {
        "ctr": ratio,
        "heart_width": width,
        "heart_tilt": 0.6 + 0.1 * z["heart_tilt"],
        "heart_depth": (8.2 + 0.8 * z["heart_depth"]) * (width / 12) ** 0.5,
        "heart_y": size["dome"] + size["dome_gap"] - 2.8 - 0.09 * (width - 12) + 0.2 * z["heart_tilt"],
        "aorta": 1.45 + 0.15 * z["aorta"] + 0.006 * (table["age"] - 60).clip(0),
    }


def _bones(z: pd.DataFrame, size: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    stretch = size["length"] / 21
    return {
        "rib_gap": (2.35 + 0.12 * z["rib_gap"]) * stretch,
        "rib_phase": 0.35 * z["rib_phase"],
        "rib_drop": 3.1 + 0.7 * z["rib_drop"],
        "rib_bone": 0.34 + 0.04 * z["rib_bone"],
        "rib_width": 0.52 + 0.05 * z["rib_width"],
        "clavicle": size["apex"] + 3.0 + 0.5 * z["clavicle"],
        "clavicle_tilt": 0.17 + 0.06 * z["clavicle_tilt"],
        "spine_bone": 0.75 + 0.12 * z["spine_bone"],
        "spine_phase": z["spine_phase"],
        "scapula": 0.3 + 0.05 * z["scapula"],
    }


def _soft(table: pd.DataFrame, z: pd.DataFrame) -> dict[str, np.ndarray]:
    female = (table["sex"] == "F").to_numpy(float)
    return {
        "vessels": 0.55 + 0.1 * z["vessels"],
        "hilum": 1.5 + 0.25 * z["hilum"],
        "breast": female * (2.2 + 0.9 * z["breast"]).clip(0.5) + (1 - female) * 0.5,
        "breast_x": 7.6 + 0.6 * z["breast_x"],
        "breast_y": 3.3 + 1.2 * z["breast_y"],
        "shoulder": 0.6 * z["shoulder"],
        "stomach": (1.6 + 1.2 * z["stomach"]).clip(0),
        "stomach_x": 6.5 + 0.8 * z["stomach_x"],
    }


def grid(size: int, device: str) -> Tensor:
    """Return the positions of pixel centers in cm along one axis, shape (size,)."""
    return (torch.arange(size, device=device, dtype=precision(device)) + 0.5) * (FIELD_CM / size) - FIELD_CM / 2


def to_anatomy(body: Body, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Map detector positions to the upright, undeformed patient: shift, roll, zoom, then a smooth bend, all in cm."""
    x, y = x - body.shift_x, y - body.shift_y
    cos, sin = torch.cos(body.roll) / body.zoom, torch.sin(body.roll) / body.zoom
    x, y = cos * x + sin * y, cos * y - sin * x
    # A polynomial can be evaluated at any point, on the grid and at landmarks alike.
    u, w = x / (FIELD_CM / 2), y / (FIELD_CM / 2)
    moves = []
    for axis in (0, 1):
        coefficient = body.bend[:, axis, :, :, None, None]
        rows = [sum_powers(coefficient[:, k], u) for k in range(BEND)]
        moves.append(rows[0] + w * (rows[1] + w * (rows[2] + w * rows[3])))
    return x + moves[0], y + moves[1]


def sum_powers(coefficient: Tensor, u: Tensor) -> Tensor:
    """Evaluate a cubic polynomial with coefficients of shape (N, BEND, 1, 1), by Horner's rule."""
    return coefficient[:, 0] + u * (coefficient[:, 1] + u * (coefficient[:, 2] + u * coefficient[:, 3]))


def to_detector(body: Body, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Invert ``to_anatomy`` for points, by fixed-point iteration; the bend is small, so six rounds are exact."""
    px, py = x.clone(), y.clone()
    for _ in range(6):
        ax, ay = to_anatomy(body, px, py)
        px, py = px + (x - ax) * body.zoom, py + (y - ay) * body.zoom
    return px, py
