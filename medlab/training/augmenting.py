"""Random changes of images while a network learns from them."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Augment = Callable[[Tensor, torch.Generator], Tensor]


def augmentations(*, shift: int = 2, flip: bool = False, intensity: float = 0.1) -> Augment:
    """Make an augmentation for `fit`: every image of a batch is moved, mirrored and re-exposed by its own draw.

    Parameters
    ----------
    shift : int
        Largest shift along each spatial axis in pixels; the border is repeated.
    flip : bool
        Mirror half of the images along the last axis. Leave it off where left and right differ (heart, organs).
    intensity : float
        Gain within 1 +- this, and an offset within +- this share of the batch's standard deviation.

    Returns
    -------
    callable(batch, generator) -> batch
        For (N, C, H, W) and (N, C, D, H, W) of any floating-point unit; the input is left as it was.

    Examples
    --------
    >>> augmentations(shift=1)(torch.zeros(2, 1, 8, 8), torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 8, 8])
    """

    def augment(batch: Tensor, generator: torch.Generator) -> Tensor:
        n, axes, here = len(batch), batch.ndim - 2, batch.device
        for axis in range(2, batch.ndim):
            size = batch.shape[axis]
            place = torch.arange(size, device=here).repeat(n, 1)
            if shift:
                moves = torch.randint(-shift, shift + 1, (n, 1), generator=generator, device=here)
                place = (place + moves).clamp_(0, size - 1)
            if flip and axis == batch.ndim - 1:
                mirrored = torch.rand(n, 1, generator=generator, device=here) < 0.5
                place = torch.where(mirrored, size - 1 - place, place)
            view = [n, 1] + [size if k + 2 == axis else 1 for k in range(axes)]
            batch = torch.take_along_dim(batch, place.view(view), dim=axis)
        if intensity:
            draws = torch.rand(2, n, *[1] * (axes + 1), generator=generator, device=here)
            gain, offset = (2 * draws - 1) * intensity
            batch = batch * (1 + gain) + offset * batch.std()
        return batch

    return augment
