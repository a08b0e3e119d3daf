"""Emission tomography: reconstruction of counts by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from medlab.errors import MedlabError
from medlab.hospital.tomography import back_project, radon


def mlem(
    counts: Tensor, angles: Sequence[float] | np.ndarray, size: int, *, iterations: int = 20, gain: Tensor | None = None
) -> Tensor:
    """Reconstruct activity from counts by maximum-likelihood expectation maximization.

    Parameters
    ----------
    counts : Tensor, shape (N, A, bins), not negative
    angles : sequence of A numbers, degrees
    size : int
        Height and width of the images.
    iterations : int
    gain : Tensor, optional, shape of counts
        Counts per unit of line integral, such as the attenuation; 1 when not given.

    Returns
    -------
    Tensor, shape (N, size, size), not negative
        Its projection holds as many counts as were measured, where every bin with counts crosses the image.

    Raises
    ------
    MedlabError
        If there is no iteration.

    References
    ----------
    Shepp and Vardi, IEEE Trans Med Imaging 1:113 (1982), doi:10.1109/TMI.1982.4307558.

    Examples
    --------
    >>> [round(v, 3) for v in mlem(torch.ones(1, 1, 4), [0.0], 4, iterations=1)[0, 0].tolist()]
    [0.25, 0.25, 0.25, 0.25]
    """
    if iterations < 1:
        raise MedlabError(f"iterations is {iterations}; wanted at least 1", hint="10 to 30 are usual")
    gain = torch.ones_like(counts) if gain is None else gain
    sensitivity = back_project(gain, angles, size).clamp(min=1e-6)
    image = counts.new_ones(len(counts), size, size)
    for _ in range(iterations):
        expected = gain * radon(image, angles, bins=counts.shape[2])
        ratio = torch.where(expected > 0, counts / expected.clamp(min=1e-12), 0.0)
        image = image * back_project(gain * ratio, angles, size) / sensitivity
    return image
