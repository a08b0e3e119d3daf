"""k-space: the transform is unitary, and the noise is Rician."""

import math

import pytest
import torch

from medlab.errors import MedlabError
from medlab.physics.kspace import coil_maps, from_kspace, rician, to_kspace


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


@pytest.mark.parametrize("shape", [(24, 32), (6, 24, 32)])
def test_coils_share_the_field_and_each_sees_its_own_side_best(shape):
    maps = coil_maps(8, shape)
    torch.testing.assert_close(maps.abs().square().sum(0), torch.ones(shape))
    assert maps[0].abs().amax() > 2 * maps[0].abs().amin()
    columns = maps.abs().flatten(1, -2).mean(1) if len(shape) == 3 else maps.abs().mean(1)
    assert columns[0].argmax() > 0.9 * (shape[-1] - 1)  # the first coil is on the right
    with pytest.raises(MedlabError, match="wanted 1 or more"):
        coil_maps(0, shape)
