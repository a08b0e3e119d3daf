"""Slices through the thorax of each patient: what each point is made of, in water, bone and iodine.

Coordinates in cm: x to the right of the image (the patient's left), y down (the patient's back), t down the body as a
share of the length of the lungs (0: apex, 1: mean base). The measures are those of the same patient's chest X-ray.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab.hospital.chest_body import Body, bodies, column
from medlab.hospital.chest_maps import step
from medlab.hospital.streams import stream

FIELD_CM = 44.0  # field of view
TWIGS = 36  # vessels in each lung
# HU of tissues without contrast agent, and how much iodine (mg/ml) each takes up in a spectral examination.
HU = {"air": -1000, "skin": 20, "fat": -105, "muscle": 52, "blood": 42, "organ": 58, "fluid": 8, "marrow": 60}
IODINE = {"left heart": 6.0, "right heart": 5.0, "aorta": 6.5, "vessel": 4.5, "myocardium": 1.5, "muscle": 0.4,
          "liver": 1.5, "pneumonia": 1.0, "nodule": 0.8}  # fmt: skip


@dataclass
class Slices:
    """What N slices are made of, each (N, H, W)."""

    x: Tensor
    y: Tensor
    water: Tensor  # density of water with the attenuation of the soft tissue, g/cm3
    bone: Tensor  # share of cortical bone, 0 to 1
    iodine: Tensor  # mg/ml
    pixel: float  # cm
    region: dict[str, Tensor] = field(default_factory=dict)  # lungs, heart and findings, 0 to 1

    def paint(
        self, amount: Tensor, hu: float | Tensor, iodine: float | Tensor = 0.0, bone: float | Tensor = 0.0
    ) -> None:
        """Replace what is there by another tissue, wholly where ``amount`` is 1."""
        self.water = self.water + amount * (1 + hu / 1000 - self.water)
        self.iodine = self.iodine + amount * (iodine - self.iodine)
        self.bone = self.bone + amount * (bone - self.bone)


@dataclass
class Chest:
    """Bodies with the measures that only a slice shows; Tensors of shape (N, 1, 1), cm, unless said otherwise."""

    body: Body
    a: Tensor  # half width of the inner thorax
    b: Tensor  # half depth
    fat: Tensor
    pose: Tensor  # (N, 4, 1, 1): shift x, shift y (cm), roll (rad), rib phase
    twigs: Tensor  # (N, 2, TWIGS, 8): start, direction, length, radius
    level: Tensor  # t of the slice that all findings of the patient cross
    finding: dict[str, Tensor]


def chests(seed: int, table: pd.DataFrame, device: str = "cpu") -> Chest:
    """Compute the chest of every row of the table; the anatomy is the patient's, the pose the image's."""
    body = bodies(seed, table, device=device)
    draws, poses, twigs = [], [], []
    for patient, image in zip(table["patient"], table["image"], strict=True):
        source = stream(seed, "chest_ct/anatomy", patient)
        draws.append(source.random(16))
        twigs.append(source.random((2, TWIGS, 8)))
        poses.append(np.clip(stream(seed, "chest_ct/pose", patient, image).standard_normal(4), -2.2, 2.2))
    chance = np.stack(draws)
    a, b = body.half, 0.62 * body.depth
    fat = torch.minimum(0.75 * body.fat, 20.2 - a - 1.7)
    pose = torch.as_tensor(np.stack(poses) * [0.35, 0.2, 0.03, 0.5], dtype=a.dtype, device=device)[:, :, None, None]
    level = column(0.59 + 0.11 * chance[:, 0], device)
    chest = Chest(body, a, b, fat, pose, torch.empty(0), level, _places(a, b, table, chance, device))
    chest.twigs = _tree(chest, torch.as_tensor(np.stack(twigs), dtype=a.dtype, device=device))
    return chest


def _places(a: Tensor, b: Tensor, table: pd.DataFrame, u: np.ndarray, device: str) -> dict[str, Tensor]:
    """Place the findings: near the wall, clear of even a large heart."""

    def each(values) -> Tensor:
        return column(values, device)

    sides = {name: np.where(u[:, k] < 0.5, -1, 1) for k, name in ((1, "pneumonia"), (2, "nodule"), (3, "effusion"))}
    right = sides["nodule"] < 0
    return {
        **{f"{name}_side": each(side) for name, side in sides.items()},
        **{name: each(table[name]) for name in (*sides, "cardiomegaly")},
        **{f"{name}_severity": each(table[f"{name}_severity"]) for name in sides},
        "pneumonia_x": each(sides["pneumonia"] * (0.52 + 0.24 * u[:, 4])) * a,
        "pneumonia_y": each(np.where(sides["pneumonia"] < 0, -0.25, 0.1) + 0.5 * u[:, 5]) * b,
        "pneumonia_z": each(u[:, 6] - 0.5),
        "nodule_x": each(sides["nodule"] * np.where(right, 0.45 + 0.3 * u[:, 7], 0.66 + 0.12 * u[:, 7])) * a,
        "nodule_y": each(np.where(right, -0.35 + 0.8 * u[:, 8], 0.05 + 0.4 * u[:, 8])) * b,
        "nodule_z": each(0.5 * (u[:, 9] - 0.5)),
    }


def _tree(chest: Chest, u: Tensor) -> Tensor:
    """Grow the vessels of both lungs: stems from the hilum, and twigs that leave them on the way."""
    stems, n = TWIGS // 3, len(u)
    side = u.new_tensor([-1.0, 1.0])[None, :, None]
    a, b, length = (v.reshape(n, 1, 1) for v in (chest.a, chest.b, chest.body.length))
    turn = 2 * torch.pi * (torch.arange(stems, device=u.device, dtype=u.dtype) * 0.382 % 1 + 0.12 * u[..., :stems, 0])
    aim = torch.stack([side * a * (0.45 + 0.4 * u[..., :stems, 1]), 0.75 * b * torch.cos(turn),
                       0.42 * length * torch.sin(turn)], dim=-1)  # fmt: skip
    start = torch.stack([(0.26 * side * a).expand_as(turn), (0.05 * b).expand_as(turn), 0 * turn], dim=-1)
    stem = torch.cat([start, aim, 0.26 + 0.1 * u[..., :stems, 2:3]], dim=-1)
    parent = stem.repeat(1, 1, 2, 1)
    v = u[..., stems:, :]
    way = 0.2 + 0.55 * v[..., 3:4]
    size = aim.norm(dim=-1, keepdim=True).repeat(1, 1, 2, 1)
    bent = parent[..., 3:6] * 0.6 + 0.9 * size * (v[..., 4:7] - 0.5)
    child = torch.cat([parent[..., :3] + way * parent[..., 3:6], bent * (1 - way) * 1.2,
                       parent[..., 6:7] * (0.85 - 0.6 * way)], dim=-1)  # fmt: skip
    every = torch.cat([stem, child], dim=2)
    reach = every[..., 3:6].norm(dim=-1, keepdim=True).clamp(min=0.1)
    return torch.cat([every[..., :3], every[..., 3:6] / reach, reach, every[..., 6:7]], dim=-1)


def slices(chest: Chest, t: Tensor, size: int) -> Slices:
    """Compute what the slices at level t, shape (N, 1, 1), are made of, on a grid of size x size points."""
    pixel = FIELD_CM / size
    place = (torch.arange(size, device=t.device, dtype=t.dtype) + 0.5) * pixel - FIELD_CM / 2
    x, y = place[None, None, :] - chest.pose[:, 0], place[None, :, None] - chest.pose[:, 1]
    cos, sin = torch.cos(chest.pose[:, 2]), torch.sin(chest.pose[:, 2])
    x, y = cos * x + sin * y, cos * y - sin * x
    made = Slices(x, y, torch.zeros_like(x), torch.zeros_like(x), torch.zeros_like(x), pixel)
    soft = max(0.12, 0.5 * pixel)
    inner = _wall(chest, made, t, soft)
    inner, heart = _mediastinum(chest, made, t, inner, soft)
    _lungs(chest, made, t, inner, heart, soft)
    return made


def oval(x: Tensor, y: Tensor, wide: Tensor | float, high: Tensor | float, square: float = 0.0) -> Tensor:
    """Return the distance in cm from inside an ellipse to its edge, about; ``square`` makes its corners fuller."""
    u, v = (x / wide) ** 2, (y / high) ** 2
    least = torch.minimum(torch.as_tensor(wide), torch.as_tensor(high))
    return (1 - (u + v - square * u * v).clamp(min=1e-9).sqrt()) * least


def _wall(chest: Chest, made: Slices, t: Tensor, soft: float) -> Tensor:
    """Paint skin, fat, muscle and bones, and return how far inside the inner thorax each point lies, cm."""
    body, x, y = chest.body, made.x, made.y
    top = (1 - t / 0.55).clamp(0, 1) ** 2
    a, b = chest.a * (1 - 0.5 * top), chest.b * (1 - 0.28 * top)
    wide, high = chest.a + 1.7 + chest.fat, chest.b + 1.7 + 0.8 * chest.fat
    outer = oval(x, y, wide, high, 0.28)
    bulge = 0.5 + body.breast
    breast = oval(x.abs() - 0.58 * chest.a, y + high - 0.55 * bulge, 5.2, bulge)
    breast = torch.where((t > 0.35) & (t < 0.95) & (body.breast > 0.5), breast, breast - 9)
    outer = torch.maximum(outer, breast)
    made.paint(step(outer, soft), HU["skin"])
    made.paint(step(outer - 0.25, soft), HU["fat"])
    made.paint(0.55 * step(breast - 0.8, 0.9), 20.0)
    couch = y - (high + 0.7 - 0.010 * x**2)
    made.paint(step(0.35 - couch.abs(), soft) * step(17 - x.abs(), soft) * step(-outer, soft), -450.0)
    inner = oval(x, y, a, b, 0.30)
    flesh = [inner + 1.3, oval(x.abs() - 5.6, y + b + 0.7, 4.6, 1.25), oval(x.abs() - 3.1, y - b - 0.9, 2.9, 2.1),
             oval(x.abs() - 0.85 * a, y - 0.62 * b, 3.4, 3.3)]  # fmt: skip
    within = step(outer - 0.35, soft)
    for part in flesh:
        made.paint(step(part, soft) * within, HU["muscle"], IODINE["muscle"])
    _bones(chest, made, t, inner, soft)
    return inner


def _bones(chest: Chest, made: Slices, t: Tensor, inner: Tensor, soft: float) -> None:
    x, y, b = made.x, made.y, chest.b
    # Ribs run down and forward: a slice cuts each as an arc, which wanders along the wall from slice to slice.
    angle = torch.atan2(x.abs() / chest.a, -y / b)
    wave = torch.cos(6.5 * angle - 38 * t - 2.0 * chest.pose[:, 3] - 0.7 * (x > 0))
    from_middle = (inner + 0.62).abs()
    arc = step(wave - 0.05, 0.3) * step(angle - 0.42, 0.1) * step(0.42 - from_middle, soft)
    made.paint(arc, HU["marrow"], 0.0, 0.50)
    made.paint(arc * step(0.2 - from_middle, 0.12), HU["marrow"], 0.0, 0.12)
    made.paint(step(oval(x, y + b + 0.35, 1.7, 0.6), soft) * step(0.9 - t, 0.05), HU["marrow"], 0.0, 0.22)
    front = oval(x, y - b + 1.1, 1.85, 1.55)
    canal = oval(x, y - b - 1.15, 1.0, 0.85)
    process = [oval(x, y - b - 3.3, 0.42, 1.7), oval(x.abs() - 2.2, y - b - 1.0 - 0.25 * (x.abs() - 2.2), 1.6, 0.5)]
    made.paint(step(canal + 0.6, soft), HU["marrow"], 0.0, 0.40)
    for part in process:
        made.paint(step(part, soft), HU["marrow"], 0.0, 0.36)
    strength = 0.55 + 0.2 * (chest.body.spine_bone - 0.75)
    made.paint(step(front, soft), HU["marrow"], 0.0, strength)
    made.paint(step(front - 0.28, soft), HU["marrow"], 0.0, 0.13)
    made.paint(step(canal, soft), 28.0)


def _mediastinum(chest: Chest, made: Slices, t: Tensor, inner: Tensor, soft: float) -> tuple[Tensor, Tensor]:
    """Fill the inner thorax with fat and paint heart and vessels; return the room for the lungs, and the heart."""
    body, x, y, b = chest.body, made.x, made.y, chest.b
    size = (1 - ((t - 0.68) / 0.36) ** 2).clamp(min=0).sqrt()
    wide, tilt = body.heart_width * size.clamp(min=0.02), 0.58
    reach = 0.43 * wide  # from the middle of the heart forward and back
    u = x - 0.11 * wide
    v = y - torch.minimum(-b + 0.8 + reach, b - 2.9 - reach)
    along, across = np.cos(tilt) * u - np.sin(tilt) * v, np.cos(tilt) * v + np.sin(tilt) * u
    heart = torch.where(size > 0.05, oval(along, across, 0.54 * wide, 0.39 * wide, -0.1), -4 + 0 * along)
    aorta = 0.85 * body.aorta
    down = oval(x - 2.5, y - b + 2.6, aorta, aorta)
    upper = step(0.47 - t, 0.03)
    waist = 1.5 + 1.3 * upper + 0.5 * torch.cos(2.2 * (y + 0.2 * b) / b)
    strip = torch.minimum(waist - (x - 0.3).abs(), b - 1.5 - y)
    middle = torch.stack([heart + 0.45, down + 0.25, strip, oval(x, y - b + 1.1, 2.1, 1.8)]).amax(0)
    room = torch.minimum(inner, -middle)
    made.paint(step(torch.minimum(inner, middle), soft), -95.0)
    core = step(heart, soft)
    made.paint(core, HU["blood"] + 6.0, IODINE["myocardium"])
    left = oval(along - 0.16 * wide, across - 0.11 * wide, 0.24 * wide, 0.13 * wide)
    front = oval(along - 0.05 * wide, across + 0.19 * wide, 0.33 * wide, 0.11 * wide)
    behind = oval(along + 0.30 * wide, across + 0.02 * wide, 0.17 * wide, 0.22 * wide)
    for part, name in ((left, "left heart"), (front, "right heart"), (behind, "right heart")):
        made.paint(core * step(part, soft), HU["blood"], IODINE[name])
    made.paint(step(oval(x - 0.7, y - b + 3.9, 0.85, 0.6), soft), 35.0, 0.4)
    _great_vessels(chest, made, t, down, upper, soft)
    return room, heart


def _great_vessels(chest: Chest, made: Slices, t: Tensor, down: Tensor, upper: Tensor, soft: float) -> None:
    x, y, b, aorta = made.x, made.y, chest.b, 0.85 * chest.body.aorta
    below = step(t - 0.22, 0.03)
    made.paint(step(down, soft) * below, HU["blood"], IODINE["aorta"])
    arch = oval(x - 0.9 - 0.28 * (y - 0.5), y - 0.5, aorta, 0.62 * b) - 0.0 * t
    parts = [(oval(x + 1.3, y + 0.36 * b, 1.15 * aorta, 1.15 * aorta), upper * below, "aorta"),
             (arch, step(0.05 - (t - 0.22).abs(), 0.02), "aorta"),
             (oval(x + 2.9, y + 0.22 * b, 0.9, 1.0), upper, "vessel"),
             (oval(x - 1.6 - 0.3 * (y + 0.3 * b), y + 0.3 * b, 1.3, 2.0), step(0.05 - (t - 0.44).abs(), 0.02),
              "vessel"),
             (oval(x - 2.2, y + 0.1 * b, 0.5, 0.5), upper * (1 - below), "aorta")]  # fmt: skip
    for part, there, name in parts:
        made.paint(step(part, soft) * there, HU["blood"], IODINE[name])
    # The windpipe divides at the carina; below it the two main bronchi move apart.
    apart = ((t - 0.36) * 14).clamp(min=0)
    windpipe = oval(x.abs() - apart, y - 0.02 * b, 0.85 - 0.06 * apart, 0.85 - 0.06 * apart)
    made.paint(step(windpipe, soft) * step(0.52 - t, 0.03), -985.0)


def _lungs(chest: Chest, made: Slices, t: Tensor, room: Tensor, heart: Tensor, soft: float) -> None:
    """Paint lungs with vessels, the organs under the diaphragm, and the findings; note the regions."""
    body, x, y, place = chest.body, made.x, made.y, chest.finding
    lung = step(room, soft)
    dome = oval(x.abs() - 0.5 * chest.a, y + 0.05 * chest.b, 0.62 * chest.a, chest.b)
    lift = (t - 0.86 - 0.05 * (x > 0)) * body.length
    under = lung * step(dome - (0.62 * chest.a - 2.9 * lift.clamp(min=0).sqrt()) + 0.0 * x, soft) * (lift > 0)
    made.paint(under, HU["organ"], IODINE["liver"])
    lung = lung * (1 - under) * step(t - 0.01, 0.01)
    fluid = _effusion(chest, made) * lung * place["effusion"]
    depth = (y / chest.b).clamp(-1, 1)
    density = 1000 * (body.lung_density - 0.27) * 0.7 - 845 + 40 * depth
    made.paint(lung, density)
    vessel = _vessels(chest, made, t, room > -0.2) * step(room - 0.2, 0.4)
    opacity, fill = _pneumonia(chest, made, t)
    made.paint(lung * opacity * fill, 35.0, IODINE["pneumonia"])
    made.paint(lung * vessel, HU["blood"], IODINE["vessel"])
    made.paint(fluid, HU["fluid"])
    ball = _nodule(chest, made, t)
    made.paint(ball[0], 38.0, IODINE["nodule"])
    air = lung * (1 - fluid)
    made.region = {
        "right lung": air * (x < 0), "left lung": air * (x >= 0), "heart": step(heart, soft),
        "pneumonia": opacity * lung * (1 - fluid), "nodule": ball[1], "effusion": fluid,
    }  # fmt: skip


def _vessels(chest: Chest, made: Slices, t: Tensor, where: Tensor) -> Tensor:
    """Return the share of blood vessels where asked, 0 to 1; those thinner than a pixel are widened and thinned."""
    z = (t - 0.52) * chest.body.length
    size = made.x.shape[-1]
    somewhere = where.any(dim=0)
    point = torch.stack([made.x, made.y, z.expand_as(made.x)], dim=-1)
    total = torch.zeros_like(made.x)
    # Left lung and right lung lie in one half of the image each, and a little beyond its middle.
    half, column = size // 2 + 1, torch.arange(size, device=total.device)
    for side, part in ((0, column < half), (1, column >= size - half)):
        part = somewhere & part
        p, twig = point[:, part], _near(chest.twigs[:, side], z, made.pixel)
        start, way, reach, radius = twig[..., :3], twig[..., 3:6], twig[..., 6], twig[..., 7]
        along = p @ way.transpose(1, 2) - (start * way).sum(-1)[:, None]
        square = (p**2).sum(-1)[..., None] - 2 * p @ start.transpose(1, 2) + (start**2).sum(-1)[:, None]
        along = torch.minimum(along.clamp_(min=0), reach[:, None])
        # From the nearest point of the axis; the slice is 5 mm thick, which smears a vessel by about 1.5 mm.
        shift = p @ way.transpose(1, 2) - (start * way).sum(-1)[:, None]
        square = square - shift**2 + (shift - along) ** 2
        thin = radius[:, None] * (1 - 0.7 * along / reach[:, None])
        wide = (thin**2 + 0.15**2 + (0.4 * made.pixel) ** 2).sqrt()
        amount = (thin / wide) ** 1.5 * torch.exp(-0.7 * square.clamp(min=0) / wide**2)
        total[:, part] = torch.maximum(total[:, part], (1.3 * amount.amax(-1)).clamp(max=1))
    return total


def _near(twigs: Tensor, z: Tensor, pixel: float) -> Tensor:
    """Return those twigs (N, M, 8) that reach the slice at height z (N, 1, 1): the others are too far to be seen."""
    start, end = twigs[..., 2], twigs[..., 2] + twigs[..., 5] * twigs[..., 6]
    level = z.reshape(-1, 1)
    gap = torch.maximum(torch.minimum(start, end) - level, level - torch.maximum(start, end)).clamp(min=0)
    wide = (twigs[..., 7] ** 2 + 0.15**2 + (0.4 * pixel) ** 2).sqrt()
    gap = gap / wide  # at 5.2 widths a vessel has faded to 6e-9
    count = max(1, int((gap < 5.2).sum(dim=1).max()))
    chosen = gap.topk(count, dim=1, largest=False).indices
    return twigs.gather(1, chosen[..., None].expand(-1, -1, twigs.shape[-1]))


def _pneumonia(chest: Chest, made: Slices, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return the extent of the opacity, and the share of the lung that it fills: ground glass to consolidation."""
    place, severity = chest.finding, chest.finding["pneumonia_severity"]
    radius = 2.0 + 3.2 * severity
    z = (t - chest.level) * chest.body.length - 0.5 * radius * place["pneumonia_z"]
    where = torch.stack([made.x / 12, made.y / 12], dim=-1)
    patches = chest.body.texture["patches"]
    patches = F.grid_sample(patches, where, mode="bicubic", padding_mode="border", align_corners=False)[:, 0]
    square = (made.x - place["pneumonia_x"]) ** 2 + 1.3 * (made.y - place["pneumonia_y"]) ** 2 + z**2
    blob = step(1 - square.sqrt() / radius + 0.22 * patches, 0.35)
    core = step(0.62 - square.sqrt() / radius + 0.25 * patches + 0.35 * (severity - 0.5), 0.3)
    fill = 0.28 + 0.12 * torch.tanh(patches) + (0.25 + 0.5 * severity) * core
    return blob * place["pneumonia"], fill.clamp(0, 0.97)


def _nodule(chest: Chest, made: Slices, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return the share of a ball of 8 to 25 mm in each pixel, and its region."""
    place = chest.finding
    radius = 0.4 + 0.85 * place["nodule_severity"]
    z = (t - chest.level) * chest.body.length - radius * place["nodule_z"]
    cut = (radius**2 - z**2).clamp(min=0).sqrt()
    wide = torch.maximum(cut, 0.75 * made.pixel + 0 * cut)
    far = ((made.x - place["nodule_x"]) ** 2 + (made.y - place["nodule_y"]) ** 2).sqrt()
    region = step(wide - far, 0.5 * made.pixel) * place["nodule"] * (cut > 0)
    return region * (cut / wide) ** 2, region


def _effusion(chest: Chest, made: Slices) -> Tensor:
    """Return where the fluid of a patient who lies on the back gathers: behind, with a curved surface."""
    place = chest.finding
    out = (made.x * place["effusion_side"] / chest.a).clamp(0, 1)
    level = chest.b * (0.52 - 0.62 * place["effusion_severity"]) + 2.2 * (0.55 - out) ** 2 * 4 - 0.9 * out
    return step(made.y - level, 0.35) * (made.x * place["effusion_side"] > 0)
