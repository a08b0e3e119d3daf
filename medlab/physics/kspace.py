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


def coil_maps(coils: int, shape: tuple[int, ...]) -> Tensor:
    """Return sensitivities of receive coils placed around the field: smooth, complex, strongest beside each coil.

    Parameters
    ----------
    coils : int
        At least 1.
    shape : tuple of int
        ([D,] H, W) of the image.

    Returns
    -------
    Tensor, shape (coils, [D,] H, W), complex64
        The sum of their squared lengths is 1 in every pixel.

    Raises
    ------
    MedlabError
        If there is no coil, or the shape has not two or three axes.

    References
    ----------
    Pruessmann et al. (SENSE), Magn Reson Med 42:952 (1999).

    Examples
    --------
    >>> coil_maps(4, (8, 8)).abs().pow(2).sum(0).round(decimals=4).unique().tolist()
    [1.0]
    """
    if coils < 1 or len(shape) not in (2, 3):
        raise MedlabError(f"{coils} coils over {tuple(shape)}; wanted 1 or more over 2 or 3 axes", hint="4, (64, 64)")
    angle = 2 * torch.pi * torch.arange(coils) / coils
    lines = [(torch.arange(n) + 0.5) / n * 2 - 1 for n in shape]
    *depth, row, column = torch.meshgrid(*lines, indexing="ij")
    around = angle.reshape(-1, *[1] * len(shape))
    far = (row - 1.2 * torch.sin(around)) ** 2 + (column - 1.2 * torch.cos(around)) ** 2
    # Coils of a volume alternate between two rings, so that slices differ too.
    if depth:
        ring = torch.where(torch.arange(coils) % 2 == 0, 0.5, -0.5).reshape(around.shape)
        far = far + (depth[0] - ring) ** 2
    length = 1 / (0.3 + far)
    # Phase grows along the direction of the coil, as that of a loop's field does.
    phase = around + 1.0 * (row * torch.sin(around) + column * torch.cos(around))
    maps = torch.polar(length, phase.expand_as(length).contiguous())
    return maps / length.pow(2).sum(dim=0).sqrt()
