"""The brain that every patient's is warped from: tissue maps of MNI152, and how ventricles widen.

Coordinates are those of MNI, in mm: x to the right, y to the front, z to the top of the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab.sources.packaged import carried

FIELD_MM = 220.0  # side of the cube that holds the head
CENTER = (-0.5, -17.5, -10.5)  # its middle
MNI_ORIGIN = (-98, -134, -72)  # of the first voxel of the files
AMOUNTS = 6  # ventricles move by up to so many mm
SHELLS = 110  # points along each side of the grid on which distances are computed


@dataclass(frozen=True)
class Atlas:
    """Maps on a grid over the field, axes z, y, x.

    Parameters
    ----------
    maps : Tensor, shape (5, P, P, P), float32
        Share of gray and of white matter (0 to 1); distance outside of the brain and from the ventricles, mm;
        and share of fluid nearby that is not in the ventricles.
    """

    maps: Tensor


def points_of(size: int) -> int:
    """Return the points along each side of the atlas for images of some size, so that its cells match their pixels."""
    return 55 if size <= 56 else 110 if size <= 200 else 160


@lru_cache(maxsize=3)
def atlas(points: int) -> Atlas:
    """Return the atlas on a grid of some points along each side.

    Raises
    ------
    SourceUnavailable
        If nilearn, which carries MNI152, is not installed.

    References
    ----------
    Fonov et al., NeuroImage 54:313 (2011), doi:10.1016/j.neuroimage.2010.07.033.
    """
    gray, white, outside, ventricle, sulcus = _coarse()
    if points != SHELLS:
        head, *matter = (_averaged(name, points) for name in ("t1", "gm", "wm"))
        gray, white = _matter(head, *matter)
        outside, ventricle, sulcus = (
            F.interpolate(m[None, None], size=(points,) * 3, mode="trilinear")[0, 0]
            for m in (outside, ventricle, sulcus)
        )
    return Atlas(torch.stack([gray, white, outside, ventricle, sulcus]))


@lru_cache(maxsize=1)
def _coarse() -> tuple[Tensor, ...]:
    from scipy.ndimage import binary_closing, distance_transform_edt, gaussian_filter, label

    head, gm, wm = (_averaged(name, SHELLS) for name in ("t1", "gm", "wm"))
    gray, white = _matter(head, gm, wm)
    step = FIELD_MM / SHELLS
    brain = np.pad(head.numpy() > 0.15, 8)
    hull = binary_closing(brain, iterations=6)[8:-8, 8:-8, 8:-8]
    outside = distance_transform_edt(~hull) - distance_transform_edt(hull)
    fluid = hull * (1 - gray - white).numpy()
    z, y, x = _places(SHELLS)
    near = (abs(x) < 48) & (y > -62) & (y < 44) & (z > -22) & (z < 42)
    parts, _ = label((fluid > 0.55) & near)
    seed = tuple(int((v - c + FIELD_MM / 2) / step) for v, c in zip((22, -5, -8), CENTER[::-1], strict=True))
    mirrored = (*seed[:2], int((8 - CENTER[0] + FIELD_MM / 2) / step))
    inside = np.isin(parts, [parts[seed], parts[mirrored]]) & (parts > 0)
    distance = step * (distance_transform_edt(~inside) - distance_transform_edt(inside))
    sulcus = gaussian_filter(fluid * (distance > 6), 1.5)
    smooth = gaussian_filter(step * outside, 1.0)
    made = (smooth, distance, sulcus)
    return gray, white, *(torch.as_tensor(m, dtype=torch.float32) for m in made)


def _places(points: int) -> tuple[np.ndarray, ...]:
    """Return the coordinates z, y, x of a grid over the field, mm, ready to broadcast."""
    line = ((np.arange(points) + 0.5) / points - 0.5) * FIELD_MM
    z, y, x = (line + c for c in CENTER[::-1])
    return z[:, None, None], y[None, :, None], x[None, None]


def _averaged(name: str, points: int) -> Tensor:
    """Return one file of MNI152 over the field, each point the mean of its cell, axes z, y, x, 0 to 1."""
    import nibabel

    # nilearn takes seconds to import.
    path = carried("nilearn", f"datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz")
    voxels = np.asarray(nibabel.Nifti1Image.from_filename(path).dataobj).T
    side = int(FIELD_MM)
    whole = torch.zeros(1, side, side, side)
    # The first point of the field is at the middle minus half the field, plus half a voxel.
    first = [int(o - c + FIELD_MM / 2 - 0.5) for o, c in zip(MNI_ORIGIN[::-1], CENTER[::-1], strict=True)]
    ends = [min(f + n, side) for f, n in zip(first, voxels.shape, strict=True)]
    source = voxels[tuple(slice(max(-f, 0), e - f) for f, e in zip(first, ends, strict=True))]
    target = tuple(slice(max(f, 0), e) for f, e in zip(first, ends, strict=True))
    whole[0][target] = torch.as_tensor(source / np.float32(255))
    return F.adaptive_avg_pool3d(whole, points)[0]


def _matter(head: Tensor, gray: Tensor, white: Tensor) -> tuple[Tensor, Tensor]:
    """Return gray and white matter, sharper than the averages of 152 people, with fluid where T1 is dark."""
    g, w = gray**1.6, white**1.6
    total = (gray + white).clamp(max=1)
    fluid = torch.maximum(1 - total, ((0.655 - head) / 0.36).clamp(0, 1))
    rest = (1 - fluid) / (g + w).clamp(min=1e-4)
    return g * rest * (total > 0.02), w * rest * (total > 0.02)


@lru_cache(maxsize=1)
def deep_white() -> np.ndarray:
    """Return points (M, 3), mm, deep in the white matter at the level of the ventricles: where lesions form."""
    _, white, outside, ventricle, _ = _coarse()
    z, y, x = (torch.as_tensor(v) for v in _places(SHELLS))
    deep = (white > 0.85) & (outside < -16) & (ventricle > 7) & (x.abs() > 12) & (z > 8) & (z < 30) & (y > -75)
    k, j, i = (n.numpy() for n in torch.nonzero(deep, as_tuple=True))
    return np.stack([x.numpy()[0, 0, i], y.numpy()[0, j, 0], z.numpy()[k, 0, 0]], axis=1)


@lru_cache(maxsize=1)
def widening() -> Tensor:
    """Return displacements (13, 3, 55, 55, 55), mm, that widen the ventricles by -6 to 6 mm.

    Towards the ventricles' middle line, and back; the first six undo the last six.
    """
    from scipy.ndimage import gaussian_filter

    distance = gaussian_filter(_coarse()[3].numpy(), 1.5)
    distance = F.avg_pool3d(torch.as_tensor(distance)[None], 2)[0].numpy()
    slope = np.stack(np.gradient(distance, 2 * FIELD_MM / SHELLS)[::-1])
    reach = np.exp(-0.5 * (np.maximum(distance, 0) / 16) ** 2)
    unit = torch.as_tensor(-slope * reach, dtype=torch.float32)
    return torch.cat([exponential(amount * unit[None]) for amount in range(-AMOUNTS, AMOUNTS + 1)])


def sample(maps: Tensor, places: Tensor, center: tuple[float, ...] = CENTER) -> Tensor:
    """Return maps (N or 1, C, P, P, P) over the field at places (N, ..., 3) in mm (x, y, z), shape (N, C, ...)."""
    n = len(places)
    grid = (places - places.new_tensor(center)) / (FIELD_MM / 2)
    flat = grid.reshape(n, -1, 1, 1, 3)
    if len(maps) == 1 and n > 1:  # one atlas for all: the places of all patients are one long list
        found = F.grid_sample(
            maps, flat.reshape(1, -1, 1, 1, 3), mode="bilinear", padding_mode="border", align_corners=False
        )
        found = found.reshape(maps.shape[1], n, -1).transpose(0, 1)
    else:
        found = F.grid_sample(maps, flat, mode="bilinear", padding_mode="border", align_corners=False)
    return found.reshape(n, maps.shape[1], *places.shape[1:-1])


def exponential(velocity: Tensor, steps: int = 6) -> Tensor:
    """Return the displacement of flowing along a stationary velocity field for one unit of time.

    Parameters
    ----------
    velocity : Tensor, shape (N, 3, P, P, P), mm
        Components x, y, z on a grid over the field, axes z, y, x.
    steps : int
        Times that the flow is doubled (scaling and squaring).

    Returns
    -------
    Tensor, shape of velocity, mm
        Of a map that can be undone: by the exponential of minus the velocity.

    References
    ----------
    Arsigny et al., MICCAI 2006, doi:10.1007/11866565_113.

    Examples
    --------
    >>> exponential(torch.ones(1, 3, 4, 4, 4)).round(decimals=3).unique().tolist()
    [1.0]
    """
    z, y, x = (torch.as_tensor(v, dtype=velocity.dtype) for v in _places(velocity.shape[-1]))
    places = torch.stack(torch.broadcast_tensors(x, y, z), dim=-1).to(velocity.device)[None]
    moved = velocity / 2**steps
    for _ in range(steps):
        moved = moved + sample(moved, places + moved.movedim(1, -1))
    return moved
