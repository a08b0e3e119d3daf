"""From a body to thickness maps: how many cm of air, soft tissue and bone each ray crosses."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from medlab.hospital.chest_body import FIELD_CM, Body, grid, to_anatomy

# Shares of the half width of the thorax, or of the length of the lungs, that hold for all patients.
APEX_X = 0.43  # where the apex of a lung lies
DOME_X = 0.50  # where the dome of the diaphragm is highest
CARINA = 0.36  # how far down the lungs the trachea divides


@dataclass
class Maps:
    """Thickness in cm along each ray and regions, all of shape (N, H, W)."""

    x: Tensor  # position in the patient, cm
    y: Tensor
    body: Tensor  # all tissue and air, cm
    lung: Tensor  # depth of the lung, cm
    air: Tensor  # of which gas, cm
    bone: Tensor  # as cortical bone, cm
    right: Tensor  # region of the right lung (image left), 0 to 1
    left: Tensor
    heart: Tensor  # region of the heart, 0 to 1
    pixel: float  # cm


def maps(body: Body, size: int) -> Maps:
    """Compute the thickness maps of N bodies on a grid of size x size pixels."""
    device = str(body.half.device)
    row = grid(size, device)
    x, y = to_anatomy(body, row[None, None, :], row[None, :, None])
    pixel = FIELD_CM / size
    side = (x > 0).to(x.dtype)
    lung, field = _lungs(body, x, y, pixel)
    heart_depth, heart = _heart(body, x, y, pixel)
    lung = (lung - heart_depth).clamp(min=0)
    # In a radiograph the lung fields end where the heart begins.
    field = field * (1 - heart)
    air = lung * (1 - body.lung_density)
    air = (air - _vessels(body, x, y, field)).clamp(min=0) * _tissue(body, x, y)
    air = air + _airways(body, x, y) + _stomach(body, x, y)
    bone = _ribs(body, x, y, pixel) + _spine(body, x, y, pixel) + _girdle(body, x, y, pixel)
    return Maps(x, y, _outline(body, x, y), lung, air, bone, field * (1 - side), field * side, heart, pixel)


def step(distance: Tensor, width: float) -> Tensor:
    """Return a smooth step: 0 for distances below -width, 1 above width (cm)."""
    t = (distance / (2 * width) + 0.5).clamp(0, 1)
    return t * t * (3 - 2 * t)


def chord(radius2: Tensor) -> Tensor:
    """Return the relative length of a ray through a ball, given its squared relative distance from the middle."""
    return (1 - radius2).clamp(min=0).sqrt()


def wall(body: Body, y: Tensor) -> Tensor:
    """Return how far from the midline the inner side of the thorax lies at height y, cm."""
    down = ((y - body.apex) / (0.85 * body.length)).clamp(0, 1)
    return body.half * (APEX_X + (1 - APEX_X) * (1 - (1 - down) ** 2.3).clamp(min=0) ** 0.6)


def diaphragm(body: Body, x: Tensor) -> Tensor:
    """Return the height y of the diaphragm at x, cm: the right dome is the higher one."""
    out = x.abs() / body.half
    lateral = ((out - DOME_X) / (1 - DOME_X)).clamp(min=0)
    medial = ((DOME_X - out) / DOME_X).clamp(min=0)
    left = step(x, 1.0) * body.dome_gap
    return body.dome + left + body.angle_drop * lateral**2.4 + 1.7 * medial**2


def _lungs(body: Body, x: Tensor, y: Tensor, pixel: float) -> tuple[Tensor, Tensor]:
    """Return the depth of the lungs before the heart is taken out, and the lung fields."""
    out, down = x.abs(), (y - body.apex) / body.length
    edge = max(0.18, 0.5 * pixel)
    side = wall(body, y)
    # The mediastinum is narrow behind the sternum and wide at the apex and the base.
    round_top = chord((1 - down / 0.13).clamp(min=0) ** 2)
    medial = 2.3 + (APEX_X * body.half - 2.3) * (1 - round_top) + 0.5 * (down - 0.3).clamp(min=0)
    floor = diaphragm(body, x) - y
    inside = step(side - out, edge) * step(out - medial, edge) * step(y - body.apex, edge)
    field = inside * step(floor, edge)
    # Behind the dome a thin wedge of lung reaches further down.
    recess = 0.16 * inside * (1 + floor / 5.0).clamp(0, 1)
    depth = body.depth * chord((out / side) ** 2) ** 0.9 * (0.35 + 0.65 * chord((1 - down / 0.5).clamp(0, 1) ** 2))
    # Near the mediastinum, lung lies only in front of it and behind it.
    depth = depth * (0.45 + 0.55 * step(out - medial - 1.2, 1.6))
    return depth * torch.maximum(field, recess), field


def _ellipse(x: Tensor, y: Tensor, width: Tensor | float, height: Tensor | float) -> Tensor:
    return (x / width) ** 2 + (y / height) ** 2


def _heart(body: Body, x: Tensor, y: Tensor, pixel: float) -> tuple[Tensor, Tensor]:
    """Return the depth of heart and great vessels, and the region of the heart."""
    x = x - body.twist * 0.6  # the heart lies in front of the axis about which the patient turns
    width, y = body.heart_width, y - body.heart_y
    cos, sin = torch.cos(body.heart_tilt), torch.sin(body.heart_tilt)
    u, v = x - heart_center(body), y
    left = _ellipse(cos * u + sin * v, cos * v - sin * u, 0.46 * width, 0.34 * width)
    right = _ellipse(x + 0.06 * width, y + 0.4, 0.28 * width, 0.36 * width)
    nearest = torch.minimum(left, right)
    region = step((1 - nearest) * 0.17 * width, max(0.15, 0.5 * pixel))
    arch = body.heart_y - (body.apex + 0.27 * body.length)  # how far the aortic arch lies above the heart
    knob = chord(_ellipse(x - 1.75, y + arch, body.aorta, body.aorta)) * 4.5
    trunk = chord(_ellipse(x - 1.7, y + 0.62 * arch, 1.75, 2.3)) * 5.5
    cava = chord((x + 1.35) ** 2 / 1.9) * 4 * step(1 - y, 2.0)
    middle = chord((x / 2.6) ** 2) * 9
    depth = torch.stack([chord(nearest) ** 0.8 * body.heart_depth, knob, trunk, cava, middle]).amax(dim=0)
    return depth, region


def heart_center(body: Body) -> Tensor:
    """Return x of the center of the left ventricle: its left border lies at 66 % of the heart's width, cm."""
    cos, sin = torch.cos(body.heart_tilt), torch.sin(body.heart_tilt)
    return body.heart_width * (0.66 - ((0.46 * cos) ** 2 + (0.34 * sin) ** 2).sqrt())


def hilum(body: Body, left: Tensor) -> tuple[Tensor, Tensor]:
    """Return the position of a hilum: the left one (left = 1) is higher."""
    return (2 * left - 1) * 3.6, body.apex + (0.47 - 0.04 * left) * body.length


def _vessels(body: Body, x: Tensor, y: Tensor, field: Tensor) -> Tensor:
    """Return the thickness of the lung's vessels: ridges of noise in polar coordinates, which branch as they go out."""
    left = (x > 0).to(x.dtype)
    hx, hy = hilum(body, left)
    dx, dy = (x - hx).abs(), y - hy
    far = (dx**2 + dy**2 + 0.3).sqrt()
    # One half of the noise is for each lung: the angle runs over 48 columns, the logarithm of the distance over 8.
    angle = torch.atan2(dy, dx + 0.6) / 1.7
    place = torch.stack([0.5 * (angle.clamp(-1, 1) * 0.94) + left - 0.5, far.log() / 1.45 - 0.75], dim=-1)
    noise = F.grid_sample(body.texture["vessels"], place, mode="bicubic", padding_mode="border", align_corners=False)
    trunk = (1 - far / 13).clamp(min=0)
    width = 0.14 + 0.16 * trunk
    ridges = torch.exp(-((noise / width.unsqueeze(1)) ** 2)).amax(dim=1) * step(far - 1.0, 1.0)
    root = 2.2 * body.hilum * torch.exp(-(dx**2 / 1.5 + dy**2 / 4.0))
    return (2.6 * body.vessels * ridges * trunk**1.4 + root) * field.sqrt()


def _tissue(body: Body, x: Tensor, y: Tensor) -> Tensor:
    """Return the fine unevenness of lung density around 1."""
    place = torch.stack([x / 16, y / 16], dim=-1)
    noise = F.grid_sample(body.texture["tissue"], place, mode="bicubic", padding_mode="border", align_corners=False)
    return 1 + 0.025 * noise[:, 0]


def _airways(body: Body, x: Tensor, y: Tensor) -> Tensor:
    """Return the gas in the trachea and the main bronchi."""
    carina = body.apex + CARINA * body.length
    below = (y - carina).clamp(min=0)
    trachea = chord(((x - 0.15) / 0.85) ** 2) * 1.6 * step(carina - y, 0.5)
    bronchi = (
        chord(((x.abs() - 0.9 * below) / 0.75) ** 2) * 1.2 * step(y - carina, 0.4) * (1 - below / 3.5).clamp(min=0)
    )
    return trachea + bronchi


def _stomach(body: Body, x: Tensor, y: Tensor) -> Tensor:
    top = body.dome + body.dome_gap + 2.0
    bubble = chord(_ellipse(x - body.stomach_x, y - top - 0.3, 2.8, 1.3 + 0.2 * body.stomach))
    return bubble * body.stomach


def _line(distance: Tensor, width: Tensor | float, pixel: float) -> Tensor:
    """Return the profile of a long bone; one thinner than a pixel is widened and thinned, so its mass stays."""
    wide = torch.as_tensor(width).clamp(min=0.6 * pixel)
    return chord((distance / wide) ** 2) * (width / wide)


def _ribs(body: Body, x: Tensor, y: Tensor, pixel: float) -> Tensor:
    """Return the ribs: each point has a rib number, and bone is where that number is nearly whole."""
    side = wall(body, y + 1.0)
    bone = torch.zeros_like(x)
    for front in (False, True):
        out = ((x - body.twist * (0.7 if front else -0.3)).abs() / (side + 0.3)).clamp(max=1.02)
        if front:  # from the side wall down towards the breastbone, ending where cartilage begins
            sink = body.rib_drop + 5.2 * (1 - out).clamp(min=0) ** 0.9
            seen = step(out - 0.42, 0.07) * 0.65
            first, last = -0.4, 6.5
        else:  # from the spine outwards, first level, then down
            sink = body.rib_drop * (1.15 * out**2.2 - 0.25 * out)
            seen = step(out * side - 1.6, 0.5)
            first, last = -0.5, 10.5
        number = (y - body.apex - 1.0 - sink) / body.rib_gap
        number = number - 0.012 * number**2 + body.rib_phase * 0.3  # the gaps grow downwards
        between = (number - number.round()) * body.rib_gap
        # Where the rib runs along the ray, at the side wall, the ray sees more of it.
        along = 1 / (1.06 - out**2).clamp(min=0.1).sqrt().clamp(min=0.35)
        width = body.rib_width * (1.2 if front else 1.0)
        shell = _line(between, width, pixel) * 1.5 - _line(between, width * 0.62, pixel) * 0.55
        inside = step(number - first, 0.1) * step(last - number, 0.1) * step(1.0 - out, 0.02)
        bone = bone + body.rib_bone * shell * along.clamp(max=2.2) * seen * inside
    return bone


def _spine(body: Body, x: Tensor, y: Tensor, pixel: float) -> Tensor:
    """Return vertebral bodies, disks between them, pedicles and spinous processes."""
    x = x + 0.3 * body.twist
    level = y / 2.35 + body.spine_phase
    at = (level - level.round()) * 2.35
    width = 1.55 + 0.02 * (y - body.apex)
    vertebra = 0.45 + 0.55 * step(0.95 - at.abs(), max(0.15, 0.4 * pixel))
    column = step(width - x.abs(), max(0.2, 0.4 * pixel)) * vertebra
    pedicle = chord(_ellipse(x.abs() - 0.95, at + 0.25, 0.38, 0.5))
    process = chord(_ellipse(x, at - 0.45, 0.3, 0.7))
    transverse = chord(_ellipse(x.abs() - 2.1, at + 0.2, 1.3, 0.4)) * step(body.dome - y, 2.0)
    return body.spine_bone * (column + 0.25 * pedicle + 0.3 * process + 0.22 * transverse)


def _girdle(body: Body, x: Tensor, y: Tensor, pixel: float) -> Tensor:
    """Return clavicles, shoulder blades and the heads of the upper arms."""
    front = x - body.twist * 0.9
    out = (front.abs() - 1.9).clamp(min=0)
    bend = 0.35 * torch.sin(out * 0.5)
    clavicle = _line(
        y - body.clavicle + body.clavicle_tilt * out + bend, 0.55 + 0.05 * (out - 4).abs().clamp(max=4), pixel
    )
    clavicle = clavicle * step(front.abs() - 1.7, 0.3) * step(14.5 - front.abs(), 0.4) * 1.0
    blade_x = x.abs() - (body.half + 0.6 + 0.5 * body.scapula_out)
    blade_y = y - body.apex - 6.0
    blade = step(1 - _ellipse(blade_x - 0.18 * blade_y, blade_y, 2.6, 5.5), 0.25)
    rim = _line(blade_x - 0.18 * blade_y + 2.2, 0.3, pixel) * step(4.6 - blade_y.abs(), 0.5)
    head = chord(_ellipse(x.abs() - body.half - 3.4, y - body.apex - 1.4, 2.5, 2.5))
    return clavicle + body.scapula * (blade + 0.8 * rim) + 1.1 * head


def _outline(body: Body, x: Tensor, y: Tensor) -> Tensor:
    """Return the depth of the whole body: trunk, shoulders, neck, breasts."""
    out, down = x.abs(), y - body.apex
    armpit = step(down - 0.45 * body.length, 5.0)
    edge = (body.half + 2.2 + 1.3 * body.fat) * armpit + 30 * (1 - armpit)
    shoulder = down + 2.6 + body.shoulder - 0.016 * (out - 4.5).clamp(min=0) ** 2.3 * 0.6
    neck = chord((out / (5.8 + 0.4 * body.fat)) ** 2) ** 0.7
    covered = torch.maximum(step(shoulder, 1.2), neck)
    trunk = body.depth + 3.2 + 2.2 * body.fat
    depth = trunk * (0.62 + 0.38 * step(down - 4, 7.0)) * (1 - (out / edge).clamp(max=1) ** 4).clamp(min=0) ** 0.4
    belly = 1 + 0.10 * step(y - body.dome - 2, 4.0)
    bx, by = out - body.breast_x, y - body.breast_y
    breast = chord(_ellipse(bx, by, 5.8, 5.2)) * step(by + 2.5, 5.0) * body.breast * (0.5 + 0.25 * body.fat)
    return depth * belly * covered + breast
