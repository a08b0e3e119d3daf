"""What lessons on registration share: warps, flows, affine alignment, and measures of the result.

Lesson 52 writes the first half of this in its cells, and asserts that both agree. Displacements are in pixels, rows
first: a warped image at x shows the moving image at x + u(x). MONAI's ``Warp`` and ``DVF2DDF`` return the same numbers,
which a test checks; importing them was measured to cost 124 MB and 4.5 CPU-seconds in each lesson on registration.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample, interpolate

from medlab.cohort import Cohort
from medlab.errors import MedlabError


def warp(images: Tensor, displacement: Tensor) -> Tensor:
    """Return images read at x + u(x), by linear interpolation; the border continues outside.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
    displacement : Tensor, shape (N, 2, H, W), pixels
        Down, then across.

    Returns
    -------
    Tensor, shape (N, C, H, W)
        Differentiable in both arguments.

    References
    ----------
    Jaderberg et al. 2015, doi:10.48550/arXiv.1506.02025.

    Examples
    --------
    >>> row = torch.tensor([[[[0.0, 1.0, 2.0]]]])
    >>> warp(row.expand(1, 1, 2, 3), torch.ones(1, 2, 2, 3))[0, 0, 0].tolist()
    [1.0, 2.0, 2.0]
    """
    if displacement.shape != (len(images), 2, *images.shape[2:]):
        raise MedlabError(
            f"images {tuple(images.shape)} and a displacement {tuple(displacement.shape)}",
            hint="wanted (N, C, H, W) and (N, 2, H, W): down and across, in pixels",
        )
    sides = displacement.new_tensor(displacement.shape[2:])[None, :, None, None]
    lines = [torch.arange(side, dtype=displacement.dtype, device=displacement.device) for side in images.shape[2:]]
    where = 2 * (torch.stack(torch.meshgrid(*lines, indexing="ij"))[None] + displacement) / (sides - 1) - 1
    # grid_sample wants columns first.
    return grid_sample(images, where.flip(1).movedim(1, -1), padding_mode="border", align_corners=True)


def integrate(velocity: Tensor, squarings: int = 5) -> Tensor:
    """Return the displacement (N, 2, H, W) after one unit of time along a velocity of that shape, both in pixels.

    References
    ----------
    Arsigny et al. 2006, doi:10.1007/11866565_113.

    Examples
    --------
    >>> integrate(torch.ones(1, 2, 4, 4)).round(decimals=4).unique().tolist()
    [1.0]
    """
    u = velocity / 2**squarings
    for _ in range(squarings):
        u = u + warp(u, u)  # x -> x + u(x), twice
    return u


def flow(velocity: Tensor) -> Tensor:
    """Return the displacement (N, 2, H, W) of a velocity (N, 2, H/2, W/2) on a grid of half as many points per side.

    Examples
    --------
    >>> flow(torch.ones(1, 2, 4, 4)).shape, flow(torch.ones(1, 2, 4, 4)).max().round(decimals=4).item()
    (torch.Size([1, 2, 8, 8]), 2.0)
    """
    return 2 * interpolate(integrate(velocity), scale_factor=2, mode="bilinear", align_corners=False)


def slopes(velocity: Tensor) -> Tensor:
    """Return the mean squared difference between neighbors of each velocity (N, 2, H, W): a penalty, shape (N,).

    Examples
    --------
    >>> slopes(torch.ones(1, 2, 4, 4)).item()
    0.0
    """
    down, across = velocity.diff(dim=2), velocity.diff(dim=3)
    return (down**2).flatten(1).mean(1) + (across**2).flatten(1).mean(1)


def folds(displacement: Tensor) -> Tensor:
    """Return the share of pixels, in percent (N,), at which x + u(x), u (N, 2, H, W), turns tissue inside out.

    The determinant of the Jacobian, by central differences, is zero or less there.

    Examples
    --------
    >>> folds(torch.zeros(1, 2, 4, 4)).item()
    0.0
    """
    (rr, rc), (cr, cc) = (torch.gradient(displacement[:, k], dim=(1, 2)) for k in (0, 1))
    return 100 * ((1 + rr) * (1 + cc) - rc * cr <= 0).float().flatten(1).mean(1)


def similarity(one: Tensor, other: Tensor, window: int = 9) -> Tensor:
    """Return the mean local correlation (N,), -1 to 1, of pairs of images (N, 1, H, W); flat windows count little.

    Examples
    --------
    >>> image = torch.rand(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    >>> bool(similarity(image, 2 * image + 1) > 0.98)
    True
    """
    stack = torch.cat([one, other, one * one, other * other, one * other], dim=1)
    a, b, aa, bb, ab = avg_pool2d(stack, window, stride=2).unbind(1)
    spread = (aa - a * a).clamp_min(0) + 1e-3, (bb - b * b).clamp_min(0) + 1e-3
    return ((ab - a * b) / (spread[0] * spread[1]).sqrt()).flatten(1).mean(1)


def affine_warp(images: Tensor, theta: Tensor) -> Tensor:
    """Return images (N, C, H, W) read at affine maps (N, 2, 3) of coordinates from -1 to 1, columns first.

    Examples
    --------
    >>> image = torch.rand(1, 1, 4, 4)
    >>> bool(torch.allclose(affine_warp(image, torch.eye(2, 3)[None]), image, atol=1e-5))
    True
    """
    grid = affine_grid(theta, list(images.shape), align_corners=True)
    return grid_sample(images, grid, padding_mode="border", align_corners=True)


def affine_fit(
    images: Tensor, template: Tensor, *, steps: int = 20, alike: Callable[[Tensor, Tensor], Tensor] = similarity
) -> Tensor:
    """Return the affine maps under which images look most like one template.

    Parameters
    ----------
    images : Tensor, shape (N, 1, H, W)
    template : Tensor, shape (1, 1, H, W)
    steps : int
        Of Adam, from no motion.
    alike : callable
        From two stacks of images to a number for each pair (N,), up for more alike.

    Returns
    -------
    Tensor, shape (N, 2, 3)
        For ``affine_warp``.

    Examples
    --------
    >>> image = torch.rand(2, 1, 16, 16)
    >>> affine_fit(image, image[:1], steps=1).shape
    torch.Size([2, 2, 3])
    """
    theta = torch.eye(2, 3, device=images.device).repeat(len(images), 1, 1).requires_grad_()
    optimizer = torch.optim.Adam([theta], lr=0.01)
    for _ in range(steps):
        loss = -alike(affine_warp(images, theta), template.expand_as(images)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return theta.detach()


def circle(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return a partner (count,) for each of some images: in a random circle each is partner once, and nobody his own.

    Examples
    --------
    >>> sorted(circle(3, np.random.default_rng(0)).tolist())
    [0, 1, 2]
    """
    if count < 2:
        raise MedlabError(f"{count} images cannot be paired", hint="wanted at least two")
    order, partner = rng.permutation(count), np.empty(count, int)
    partner[order] = np.roll(order, 1)
    return partner


def mean_dice(one: Tensor, other: Tensor) -> Tensor:
    """Return the Dice of masks (N, S, H, W) of 0 and 1, mean over the structures that both show (N,); 0 if none.

    Examples
    --------
    >>> mask = torch.ones(1, 2, 4, 4)
    >>> mean_dice(mask, mask).item()
    1.0
    """
    both, total = (one * other).sum((2, 3)), one.sum((2, 3)) + other.sum((2, 3))
    shown = (one.sum((2, 3)) > 0) & (other.sum((2, 3)) > 0)
    return torch.nanmean(torch.where(shown, 2 * both / total.clamp_min(1), torch.nan), dim=1).nan_to_num(0)


def middle_slice(cohort: Cohort, *, share: float = 0.85) -> Cohort:
    """Return the middle slices (first axis) of volumes with masks, their inner part, without those with black bars.

    Publishers cut boxes of different sizes; a black bar at the rim would be the strongest structure to register.

    Parameters
    ----------
    cohort : Cohort
        images (N, C, D, H, W) and masks (N, S, D, H, W).
    share : float
        Of each side that is kept, rounded down to a multiple of eight pixels.

    Returns
    -------
    Cohort
        images (N', C, h, w), each in units of its maximum, and their masks.

    Examples
    --------
    >>> middle_slice(medlab.open("decathlon_hippocampus", fit="pad")).dims  # doctest: +SKIP
    2
    """
    if cohort.dims != 3 or cohort.masks is None:
        kind = f"{cohort.dims}D images, {'without' if cohort.masks is None else 'with'} masks"
        raise MedlabError(f"a cohort of {kind}", hint="wanted volumes (3D) with masks")
    images, masks = (t[:, :, t.shape[2] // 2] for t in (cohort.images, cohort.masks))
    rows, columns = (8 * int(share * side / 8) for side in images.shape[2:])
    top, left = (images.shape[2] - rows) // 2, (images.shape[3] - columns) // 2
    images, masks = (t[..., top : top + rows, left : left + columns] for t in (images, masks))
    images = images / images.amax((1, 2, 3), keepdim=True).clamp_min(1e-6)  # files differ in units
    bars = (images == 0).all(2).flatten(1).any(1) | (images == 0).all(3).flatten(1).any(1)
    flat = Cohort(
        images, cohort.patients, masks=masks, structures=cohort.structures, spacing=cohort.spacing[1:],
        modality=cohort.modality, source=cohort.source, licence=cohort.licence, notes=cohort.notes,
    )  # fmt: skip
    return flat[np.flatnonzero(~bars.numpy())]
