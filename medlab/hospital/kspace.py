"""What an MR scanner records: k-space of several coils, its noise, and the magnitude image."""

from __future__ import annotations

import torch
from torch import Tensor

from medlab.errors import MedlabError


def to_kspace(images: Tensor, dims: int = 2) -> Tensor:
    """Return the centered, unitary Fourier transform of the last ``dims`` axes.

    Parameters
    ----------
    images : Tensor, shape (..., [D,] H, W), real or complex
    dims : int
        Number of spatial axes.

    Returns
    -------
    Tensor, same shape, complex
        Unitary: white noise keeps its standard deviation, and the adjoint is ``from_kspace``.

    Examples
    --------
    >>> round(to_kspace(torch.ones(4, 4))[2, 2].real.item(), 4)
    4.0
    """
    axes = tuple(range(-dims, 0))
    shifted = torch.fft.ifftshift(images, dim=axes)
    return torch.fft.fftshift(torch.fft.fftn(shifted, dim=axes, norm="ortho"), dim=axes)


def from_kspace(kspace: Tensor, dims: int = 2) -> Tensor:
    """Return the image of a k-space: the inverse, and the adjoint, of ``to_kspace``; complex.

    Examples
    --------
    >>> bool(torch.allclose(from_kspace(to_kspace(torch.ones(4, 4))).real, torch.ones(4, 4)))
    True
    """
    axes = tuple(range(-dims, 0))
    shifted = torch.fft.ifftshift(kspace, dim=axes)
    return torch.fft.fftshift(torch.fft.ifftn(shifted, dim=axes, norm="ortho"), dim=axes)


def rician(signal: Tensor, sigma: float | Tensor, normal: Tensor) -> Tensor:
    """Return the magnitude of a signal with complex Gaussian noise.

    Parameters
    ----------
    signal : Tensor, any shape
    sigma : float or Tensor
        Standard deviation of the real and of the imaginary part, in units of the signal.
    normal : Tensor, shape (2, *signal.shape)
        Standard normal numbers, from a seeded generator.

    Returns
    -------
    Tensor, shape of signal
        Its mean is sigma sqrt(pi / 2) where there is no signal.

    Raises
    ------
    MedlabError
        If ``normal`` does not hold two numbers per value.

    References
    ----------
    Gudbjartsson and Patz, Magn Reson Med 34:910 (1995), doi:10.1002/mrm.1910340618.

    Examples
    --------
    >>> rician(torch.tensor([3.0]), 4.0, torch.tensor([[0.0], [1.0]])).item()
    5.0
    """
    if normal.shape != (2, *signal.shape):
        raise MedlabError(
            f"normal has shape {tuple(normal.shape)}; wanted {(2, *signal.shape)}",
            hint="one random number for the real and one for the imaginary part of each value",
        )
    return torch.hypot(signal + sigma * normal[0], sigma * normal[1])
