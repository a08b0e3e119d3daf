"""k-space: the transform is unitary, and the noise is Rician."""

import math

import pytest
import torch

from medlab.errors import MedlabError
from medlab.physics.kspace import from_kspace, rician, to_kspace


@pytest.mark.parametrize(("dims", "shape"), [(2, (3, 8, 9)), (3, (2, 6, 7, 8))])
def test_kspace_of_the_image_returns_the_image_and_is_adjoint(dims, shape):
    draw = torch.Generator().manual_seed(0)
    image, other = (torch.randn(shape, dtype=torch.complex128, generator=draw) for _ in range(2))
    assert torch.allclose(from_kspace(to_kspace(image, dims), dims), image)
    left = (to_kspace(image, dims).conj() * other).sum()
    assert torch.allclose(left, (image.conj() * from_kspace(other, dims)).sum())


def test_noise_without_signal_has_the_mean_of_rayleigh():
    normal = torch.randn(2, 400_000, generator=torch.Generator().manual_seed(0))
    mean = rician(torch.zeros(400_000), 3.0, normal).mean().item()
    # Six standard errors of the mean of a Rayleigh distribution.
    assert abs(mean - 3 * math.sqrt(math.pi / 2)) < 6 * 3 * 0.655 / math.sqrt(400_000)


def test_wrong_shape_of_the_noise_is_named():
    with pytest.raises(MedlabError, match="normal has shape"):
        rician(torch.zeros(4), 1.0, torch.zeros(4))
