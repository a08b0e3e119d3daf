"""Emission tomography: reconstruction of counts by maximum likelihood."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from medlab.errors import MedlabError
from medlab.physics.tomography import back_project, radon


def mlem(
    counts: Tensor,
    angles: Sequence[float] | np.ndarray,
    size: int,
    *,
    iterations: int = 20,
    subsets: int = 1,
    gain: Tensor | None = None,
    background: Tensor | None = None,
) -> Tensor:
    """Reconstruct activity from counts by maximum-likelihood expectation maximization.

    Parameters
    ----------
    counts : Tensor, shape (N, A, bins), not negative
    angles : sequence of A numbers, degrees
    size : int
        Height and width of the images.
    iterations : int
    subsets : int
        Parts of the angles that are used in turn: about as many times faster, and no longer sure to converge (OSEM).
    gain : Tensor, optional, shape of counts
        Counts per unit of line integral (in pixels), such as the attenuation; 1 when not given.
    background : Tensor, optional, shape of counts
        Expected counts that do not come from the image, such as random coincidences; 0 when not given.

    Returns
    -------
    Tensor, shape (N, size, size), not negative
        Its projection holds as many counts as were measured, where every bin with counts crosses the image.

    Raises
    ------
    MedlabError
        If there is no iteration, or there are not 1 to A subsets.

    References
    ----------
    Shepp and Vardi, IEEE Trans Med Imaging 1:113 (1982), doi:10.1109/TMI.1982.4307558. Subsets: Hudson
    and Larkin, IEEE Trans Med Imaging 13:601 (1994), doi:10.1109/42.363108.

    Examples
    --------
    >>> [round(v, 3) for v in mlem(torch.ones(1, 1, 4), [0.0], 4, iterations=1)[0, 0].tolist()]
    [0.25, 0.25, 0.25, 0.25]
    """
    if iterations < 1:
        raise MedlabError(f"iterations is {iterations}; wanted at least 1", hint="10 to 30 are usual")
    if not 1 <= subsets <= len(angles):
        raise MedlabError(f"{subsets} subsets of {len(angles)} angles; wanted 1 to {len(angles)}", hint="8 are usual")
    gain = torch.ones_like(counts) if gain is None else gain
    background = torch.zeros_like(counts) if background is None else background
    parts = [slice(k, None, subsets) for k in range(subsets)]
    turned = [np.asarray(angles)[part] for part in parts]
    sensitivity = [
        back_project(gain[:, part], some, size).clamp(min=1e-6) for part, some in zip(parts, turned, strict=True)
    ]
    image = counts.new_ones(len(counts), size, size)
    for _ in range(iterations):
        for part, some, sense in zip(parts, turned, sensitivity, strict=True):
            expected = gain[:, part] * radon(image, some, bins=counts.shape[2]) + background[:, part]
            ratio = torch.where(expected > 0, counts[:, part] / expected.clamp(min=1e-12), 0.0)
            image = image * back_project(gain[:, part] * ratio, some, size) / sense
    return image
