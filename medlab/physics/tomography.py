"""Tomography: line integrals of images along parallel rays, their adjoint, and filtered back-projection."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, pi

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from medlab.errors import MedlabError, unknown

# Windows on the ramp filter, as a share of the Nyquist frequency f (0 to 1): sharp keeps all, smooth cuts noise.
KERNELS = ("ramp", "shepp-logan", "hann", "smooth")
CACHED = 3_000_000  # entries of a system matrix that is kept; a larger one is made anew, block by block
BLOCK = 1_500_000  # entries made at once


def radon(
    images: Tensor,
    angles: Sequence[float] | np.ndarray,
    *,
    bins: int | None = None,
    pixel: float = 1.0,
    bin_width: float | None = None,
) -> Tensor:
    """Project images along parallel rays: the line integrals, averaged over the width of a detector bin.

    Each pixel is a square of constant value, and its share of each bin is exact (a strip integral), so that the sum of
    a projection times the bin width is the integral of the image at every angle.

    Parameters
    ----------
    images : Tensor, shape (N, H, H), float32 or float64
    angles : sequence of A numbers, degrees
        As in scikit-image: at 0 a projection is the sum down each column, and at angle a the pixel at x to the right
        and y down of the middle falls at x cos a - y sin a.
    bins : int, optional
        Bins of the detector; H when not given.
    pixel, bin_width : float
        Size of a pixel and of a bin, in cm or any other unit of length; ``bin_width`` is ``pixel`` when not given.

    Returns
    -------
    Tensor, shape (N, A, bins)
        In units of the image times length. Differentiable.

    Raises
    ------
    MedlabError
        If the images are not square, or there is no angle.

    References
    ----------
    Kak and Slaney, Principles of Computerized Tomographic Imaging (2001), doi:10.1137/1.9780898719277.

    Examples
    --------
    >>> radon(torch.ones(1, 4, 4), [0.0, 90.0])[0, 0].round(decimals=3).tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    if images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise MedlabError(
            f"images have shape {tuple(images.shape)}; wanted (N, H, H)", hint="pad them to squares, one channel"
        )
    return _Project.apply(images, _geometry(angles, images.shape[1], bins, pixel, bin_width))


def back_project(
    sinograms: Tensor,
    angles: Sequence[float] | np.ndarray,
    size: int,
    *,
    pixel: float = 1.0,
    bin_width: float | None = None,
) -> Tensor:
    """Apply the exact adjoint of ``radon``: <radon(x), y> = <x, back_project(y)>.

    Parameters
    ----------
    sinograms : Tensor, shape (N, A, bins)
    angles, pixel, bin_width
        As in ``radon``.
    size : int
        Height and width of the images.

    Returns
    -------
    Tensor, shape (N, size, size)
        Not a reconstruction: for that see ``fbp``.

    Examples
    --------
    >>> back_project(torch.ones(1, 1, 4), [0.0], 4)[0, 0].round(decimals=3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    _check(sinograms, angles)
    geometry = _geometry(angles, size, sinograms.shape[2], pixel, bin_width)
    return _adjoint(sinograms, geometry)


def fbp(
    sinograms: Tensor,
    angles: Sequence[float] | np.ndarray,
    size: int,
    *,
    kernel: str = "ramp",
    pixel: float = 1.0,
    bin_width: float | None = None,
) -> Tensor:
    """Reconstruct images by filtered back-projection.

    Parameters
    ----------
    sinograms : Tensor, shape (N, A, bins)
        Line integrals, as from ``radon``.
    angles : sequence of A numbers, degrees
        Evenly spaced over 180 degrees.
    size : int
        Height and width of the images.
    kernel : str
        One of KERNELS: how the ramp filter ends, from sharp and noisy to smooth.
    pixel, bin_width
        As in ``radon``; the pixel may be larger or smaller than that of the images that were projected.

    Returns
    -------
    Tensor, shape (N, size, size)
        In units of the sinogram over length. Only the circle that all projections see is right.

    Raises
    ------
    MedlabError
        If the kernel is unknown, or the sinograms do not fit the angles.

    References
    ----------
    Ramachandran and Lakshminarayanan, PNAS 68:2236 (1971), doi:10.1073/pnas.68.9.2236.

    Examples
    --------
    >>> flat = fbp(radon(torch.ones(1, 32, 32), range(180)), range(180), 32)
    >>> round(flat[0, 16, 16].item(), 1)
    1.0
    """
    _check(sinograms, angles)
    if kernel not in KERNELS:
        raise unknown("kernel", kernel, KERNELS)
    geometry = _geometry(angles, size, sinograms.shape[2], pixel, bin_width)
    count, bins = len(geometry[0]), geometry[2]
    length = 2 ** ceil(np.log2(2 * bins))
    response = torch.as_tensor(_filter(length, kernel), dtype=sinograms.dtype, device=sinograms.device)
    padded = torch.fft.rfft(sinograms, n=length, dim=2) * (response * (pi / (count * geometry[4])))
    filtered = torch.fft.irfft(padded, n=length, dim=2)[:, :, :bins]
    total = torch.zeros(size * size, len(sinograms), dtype=sinograms.dtype, device=sinograms.device)
    for part, matrix in _blocks("interpolate", geometry, sinograms.dtype, sinograms.device):
        total += matrix @ _columns(filtered[:, part])
    return total.T.reshape(-1, size, size)


class _Project(torch.autograd.Function):
    """The projector, with the exact adjoint as its derivative."""

    @staticmethod
    def forward(ctx, images: Tensor, geometry: tuple) -> Tensor:
        ctx.geometry = geometry
        columns = _columns(images)
        parts = [
            (matrix @ columns).T.reshape(len(images), -1, geometry[2])
            for _, matrix in _blocks("project", geometry, images.dtype, images.device)
        ]
        return torch.cat(parts, dim=1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return _adjoint(gradient, ctx.geometry), None


def _adjoint(sinograms: Tensor, geometry: tuple) -> Tensor:
    size = geometry[1]
    total = torch.zeros(size * size, len(sinograms), dtype=sinograms.dtype, device=sinograms.device)
    for part, matrix in _blocks("adjoint", geometry, sinograms.dtype, sinograms.device):
        total += matrix @ _columns(sinograms[:, part])
    return total.T.reshape(-1, size, size)


def _columns(images: Tensor) -> Tensor:
    return images.reshape(len(images), -1).T.contiguous()


def _check(sinograms: Tensor, angles: Sequence[float] | np.ndarray) -> None:
    if sinograms.ndim != 3 or sinograms.shape[1] != len(angles):
        raise MedlabError(
            f"sinograms of shape {tuple(sinograms.shape)} for {len(angles)} angles",
            hint="wanted (N, angles, bins), as radon returns them",
        )


def _geometry(angles, size: int, bins: int | None, pixel: float, bin_width: float | None) -> tuple:
    """Return what determines a system matrix, so that it can be the key of a cache."""
    if len(angles) == 0:
        raise MedlabError("there are no angles", hint="such as np.arange(0, 180, 2)")
    spread = tuple(float(a) for a in angles)
    return spread, int(size), int(bins or size), float(pixel), float(bin_width or pixel)


def _blocks(kind: str, geometry: tuple, dtype: torch.dtype, device: torch.device) -> Iterator[tuple[slice, Tensor]]:
    """Yield angles and their part of the system matrix, which is kept where it is small."""
    angles, size, bins, pixel, width = geometry
    each = size * size * (2 if kind == "interpolate" else _touched(pixel, width))
    step = max(1, BLOCK // each)
    make = _kept if each * len(angles) <= CACHED else _made
    for start in range(0, len(angles), step):
        part = slice(start, min(start + step, len(angles)))
        yield part, make(kind, (angles[part], size, bins, pixel, width), dtype, str(device))


def _made(kind: str, geometry: tuple, dtype: torch.dtype, device: str) -> Tensor:
    matrix = _interpolation(geometry) if kind == "interpolate" else _strips(geometry)
    if kind == "project":
        matrix = matrix.T.tocsr()
    pointers, indices = (torch.as_tensor(a.astype(np.int32)) for a in (matrix.indptr, matrix.indices))
    values = torch.as_tensor(matrix.data).to(dtype)
    with warnings.catch_warnings():  # that sparse tensors are in beta: the products are tested
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(pointers, indices, values, matrix.shape, check_invariants=False).to(device)


_kept = lru_cache(maxsize=16)(_made)


def _touched(pixel: float, width: float) -> int:
    """Return how many bins the shadow of a pixel can touch."""
    return ceil(2**0.5 * pixel / width) + 1


def _positions(geometry: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return where the middle of each pixel falls on the detector, in bins, shape (pixels, angles), and the angles."""
    angles, size, bins, pixel, width = geometry
    radians = np.deg2rad(np.asarray(angles))
    place = (np.arange(size) - (size - 1) / 2) * (pixel / width)
    along = place[None, :, None] * np.cos(radians) - place[:, None, None] * np.sin(radians)
    return along.reshape(size * size, -1) + (bins - 1) / 2, radians


def _strips(geometry: tuple) -> csr_matrix:
    """Return the shares of each pixel in each bin, shape (pixels, angles * bins)."""
    _, _, bins, pixel, width = geometry
    place, radians = _positions(geometry)
    # The shadow of a square is the sum of two uniform variables, of these widths: a trapezoid.
    wide, thin = np.abs(np.cos(radians)), np.abs(np.sin(radians))
    wide, thin = (np.maximum(v, 1e-4) * pixel / width for v in (np.maximum(wide, thin), np.minimum(wide, thin)))

    def below(t: np.ndarray) -> np.ndarray:
        half, gap = (wide + thin) / 2, (wide - thin) / 2
        t = np.clip(t, -half, half)
        powers = [np.maximum(t + s, 0) ** 2 for s in (half, gap, -gap)]
        return (powers[0] - powers[1] - powers[2]) / (2 * wide * thin)

    first = np.floor(place - (wide + thin) / 2 + 0.5).astype(np.int64)
    edges = [below(first + k - 0.5 - place) for k in range(_touched(pixel, width) + 1)]
    # Area of the part over the width of the bin: the mean line integral.
    shares = np.stack([b - a for a, b in pairwise(edges)], axis=2) * (pixel**2 / width)
    return _rows(first[..., None] + np.arange(shares.shape[2]), shares, bins)


def _interpolation(geometry: tuple) -> csr_matrix:
    """Return the weights of the two bins next to each pixel's ray, shape (pixels, angles * bins)."""
    place, _ = _positions(geometry)
    low = np.floor(place).astype(np.int64)
    return _rows(low[..., None] + np.arange(2), np.stack([1 - (place - low), place - low], axis=2), geometry[2])


def _rows(columns: np.ndarray, weights: np.ndarray, bins: int) -> csr_matrix:
    inside = (columns >= 0) & (columns < bins)
    weights = np.where(inside, weights, 0.0)
    columns = np.clip(columns, 0, bins - 1) + bins * np.arange(columns.shape[1])[:, None]
    pointers = np.arange(len(columns) + 1) * columns[0].size
    matrix = csr_matrix((weights.ravel(), columns.ravel(), pointers), (len(columns), columns.shape[1] * bins))
    matrix.eliminate_zeros()
    return matrix


@lru_cache(maxsize=16)
def _filter(length: int, kernel: str) -> np.ndarray:
    """Return the ramp filter's response at the frequencies of a real FFT, per bin width."""
    # Sampled in space and not in frequency: so the mean of the image is right.
    n = np.minimum(np.arange(length), length - np.arange(length))
    ramp = np.where(n % 2 == 1, -1 / (pi * np.maximum(n, 1)) ** 2, 0.0)
    ramp[0] = 0.25
    f = np.arange(length // 2 + 1) / (length // 2)
    window = {
        "ramp": np.ones_like(f),
        "shepp-logan": np.sinc(f / 2),
        "hann": 0.5 + 0.5 * np.cos(pi * f),
        "smooth": np.where(f < 0.6, 0.5 + 0.5 * np.cos(pi * f / 0.6), 0.0),
    }[kernel]
    return np.fft.rfft(ramp).real * window
