"""The ideal observer: how well anybody could tell signal from none, where that is known in closed form."""

from __future__ import annotations

import math

from torch import Tensor

from medlab.errors import MedlabError


def ideal_auc(signal: Tensor, noise_std: float) -> float:
    """Return the area under the ROC curve of the ideal observer of a known signal in white Gaussian noise.

    No reader and no network can do better on such images: the observer that knows the signal exactly correlates each
    image with it, and its AUC is Phi(d / sqrt(2)), where d is the norm of the signal over the noise.

    Parameters
    ----------
    signal : Tensor, any shape
        Expected image with the signal minus expected image without.
    noise_std : float
        Standard deviation of the noise in each pixel, in the unit of the signal, above 0.

    Returns
    -------
    float, 0.5 to 1

    Raises
    ------
    MedlabError
        If the noise is not above 0 or the signal not finite.

    Notes
    -----
    Barrett and Myers, Foundations of Image Science (2004), chapter 13; Burgess, J Opt Soc Am A 16:633 (1999),
    doi:10.1364/JOSAA.16.000633.

    Examples
    --------
    >>> import torch
    >>> round(ideal_auc(torch.tensor([1.0, 1.0]), 1.0), 4)
    0.8413
    """
    if not noise_std > 0 or not math.isfinite(noise_std):
        raise MedlabError(f"noise_std is {noise_std!r}; wanted a number above 0", hint="without noise the AUC is 1")
    norm = float(signal.double().norm())
    if not math.isfinite(norm):
        raise MedlabError("the signal holds NaN or infinite values", hint="repair the expected images")
    return 0.5 * (1 + math.erf(norm / noise_std / 2))


def template_score(images: Tensor, template: Tensor) -> Tensor:
    """Return how strongly each image shows a template: what a linear observer sees.

    With the signal itself as template this is the ideal observer in white noise; with a blurred or a band-pass
    template it is nearer to what people do.

    Parameters
    ----------
    images : Tensor, shape (N, ...)
    template : Tensor, shape (...), as one image

    Returns
    -------
    Tensor, shape (N,)

    Raises
    ------
    MedlabError
        If the template has not the shape of an image.

    Examples
    --------
    >>> import torch
    >>> template_score(torch.eye(2), torch.tensor([3.0, 5.0]))
    tensor([3., 5.])
    """
    if images.shape[1:] != template.shape:
        got = f"{tuple(template.shape)} for images {tuple(images.shape[1:])}"
        raise MedlabError(f"the template has shape {got}", hint="give it the shape of one image")
    return images.flatten(1) @ template.flatten().to(images.dtype)
