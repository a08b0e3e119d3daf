"""X-ray physics: Beer-Lambert, scatter, detector blur, Poisson noise."""

from __future__ import annotations

import torch
from torch import Tensor

# Linear attenuation at 60 keV, about the mean energy behind a patient at 120 kVp: mass attenuation times density of
# ICRU-44 soft tissue (0.2048 cm2/g, 1.06 g/cm3) and cortical bone (0.3148 cm2/g, 1.92 g/cm3).
# Hubbell and Seltzer, NIST Standard Reference Database 126, doi:10.18434/T4D01F.
MU_SOFT = 0.2048 * 1.06
MU_BONE = 0.3148 * 1.92


def transmission(soft: Tensor, bone: Tensor) -> Tensor:
    """Return the share of photons that pass, by the law of Beer and Lambert.

    Parameters
    ----------
    soft, bone : Tensor, any common shape, cm
        Path length through soft tissue and through cortical bone.

    Returns
    -------
    Tensor, 0 to 1

    Examples
    --------
    >>> half = torch.log(torch.tensor(2.0)) / MU_SOFT
    >>> round(transmission(half, torch.tensor(0.0)).item(), 6)
    0.5
    """
    return torch.exp(-(MU_SOFT * soft + MU_BONE * bone))


def blur(images: Tensor, sigma: float | Tensor) -> Tensor:
    """Blur with a Gaussian; beyond the border lies a mirror.

    Parameters
    ----------
    images : Tensor, shape (N, H, W), float32 or float64
    sigma : float or Tensor of shape (N,)
        Standard deviation in pixels; below 0.05 nothing is blurred.

    Returns
    -------
    Tensor, shape (N, H, W)

    Examples
    --------
    >>> blur(torch.ones(1, 8, 8), 2.0).std().item() < 1e-6
    True
    """
    sigma = torch.as_tensor(sigma, dtype=images.dtype, device=images.device).reshape(-1, 1, 1)
    height, width = images.shape[-2:]
    rows = _gauss_matrix(height, sigma)
    cols = rows if width == height else _gauss_matrix(width, sigma)
    # Two small matrix products and not a convolution: exact, and as fast for a wide blur as for a narrow one.
    return rows @ images @ cols.transpose(1, 2)


def _gauss_matrix(n: int, sigma: Tensor) -> Tensor:
    place = torch.arange(n, device=sigma.device, dtype=sigma.dtype)
    weights = torch.zeros(len(sigma), n, n, device=sigma.device, dtype=sigma.dtype)
    # The mirror images of the row: itself, and folded at either end.
    for source in (place, -1 - place, 2 * n - 1 - place):
        weights += torch.exp(-0.5 * ((place[:, None] - source[None]) / sigma.clamp(min=0.05)) ** 2)
    return weights / weights.sum(dim=2, keepdim=True)


def add_scatter(primary: Tensor, ratio: Tensor, sigma: float) -> Tensor:
    """Add scattered photons: most near where they came from, some everywhere.

    Parameters
    ----------
    primary : Tensor, shape (N, H, W)
        Share of photons that reach the detector unscattered.
    ratio : Tensor, shape (N, 1, 1)
        Scattered over primary photons, averaged over the field.
    sigma : float
        Spread of the scatter in pixels.

    Returns
    -------
    Tensor, shape (N, H, W)
        Primary and scatter together; the mean is (1 + ratio) times that of the primary.

    Notes
    -----
    A convolution model of scatter as in Seibert and Boone, Med Phys 15:567 (1988), doi:10.1118/1.596208.
    """
    everywhere = primary.mean(dim=(1, 2), keepdim=True)
    return primary + ratio * (0.7 * blur(primary, sigma) + 0.3 * everywhere)


def photon_noise(mean: Tensor, normal: Tensor) -> Tensor:
    """Return counts with Poisson noise, as a smooth function of the mean.

    The quantile function of the Poisson distribution is expanded to its third cumulant (Fisher and Cornish 1960,
    doi:10.1080/00401706.1960.10489895): mean, variance and skewness are right, and a difference of 1e-7 in the mean,
    as between two processors, never makes a whole photon. Good for means above about 5; below, counts of zero pile up.

    Parameters
    ----------
    mean : Tensor, any shape, photons
        Expected counts.
    normal : Tensor, same shape
        Standard normal numbers, from a seeded generator.

    Returns
    -------
    Tensor, photons, not negative

    Examples
    --------
    >>> photon_noise(torch.tensor([100.0]), torch.tensor([1.0])).item()
    110.0
    """
    return (mean + mean.sqrt() * normal + (normal**2 - 1) / 6).clamp(min=0)
