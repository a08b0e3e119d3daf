"""What lesson 61 writes by hand, held against theory and against libraries; its operators have their adjoints."""

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio

from medlab.physics.kspace import coil_maps, from_kspace, to_kspace
from tests.notebooks.cells import Quiet, definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("61_reconstruction_mri")
    line = torch.linspace(-1, 1, SIZE)
    down, across = torch.meshgrid(line, line, indexing="ij")
    names.update(size=SIZE, maps=coil_maps(4, (SIZE, SIZE)), down=down, across=across, lab=Quiet())
    return names


def complex_normal(seed, *shape):
    return torch.complex(*torch.randn(2, *shape, generator=torch.Generator().manual_seed(seed)))


def luck(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_measurement_and_its_adjoint_belong_together(lesson):
    mask = lesson["masks"](3, luck())
    x, y = complex_normal(1, 3, 1, SIZE, SIZE), complex_normal(2, 3, 4, SIZE, SIZE)
    one = torch.vdot(lesson["forward"](x, mask).flatten(), y.flatten())
    other = torch.vdot(x.flatten(), lesson["adjoint"](y, mask).flatten())
    assert (one - other).abs() < 1e-5 * x.norm() * y.norm()


def test_with_all_lines_it_is_the_scanner_of_the_hospital_and_is_undone(lesson):
    x, maps, every = complex_normal(3, 2, 1, SIZE, SIZE), lesson["maps"], torch.ones(2, 1, SIZE, 1)
    y = lesson["forward"](x, every)
    assert torch.allclose(y, to_kspace(x * maps), atol=1e-5)
    assert torch.allclose(lesson["adjoint"](y, every)[:, 0], (from_kspace(y) * maps.conj()).sum(1), atol=1e-5)
    assert torch.allclose(lesson["adjoint"](y, every), x, atol=1e-5)


def test_masks_hold_a_quarter_of_the_lines_with_the_middle_and_differ(lesson):
    mask = lesson["masks"](50, luck())
    assert mask.sum((1, 2, 3)).tolist() == [SIZE / 4] * 50
    assert mask[:, :, SIZE // 2 - 3 : SIZE // 2 + 3].min() == 1
    assert len({tuple(m.flatten().tolist()) for m in mask}) > 25
    near = mask[:, 0, SIZE // 4 : 3 * SIZE // 4].mean()
    assert near > mask[:, 0, : SIZE // 4].mean()


def test_the_slope_of_the_variation_is_that_of_autograd(lesson):
    x = complex_normal(4, 1, 1, 8, 8).requires_grad_()
    steps = torch.stack([torch.roll(x, -1, 2) - x, torch.roll(x, -1, 3) - x])
    (steps.abs().pow(2).sum(0) + 0.02**2).sqrt().sum().backward()
    assert torch.allclose(lesson["variation_slope"](x.detach()), x.grad, atol=1e-5)


def test_compressed_sensing_of_all_lines_without_weight_finds_the_image(lesson):
    x, every = complex_normal(5, 1, 1, SIZE, SIZE), torch.ones(1, 1, SIZE, 1)
    found = lesson["compressed_sensing"](lesson["forward"](x, every), every, 0.0)
    assert torch.allclose(found, x, atol=1e-4)


def test_a_heavier_weight_leaves_less_variation(lesson):
    mask = lesson["masks"](1, luck())
    y = lesson["forward"](complex_normal(6, 1, 1, SIZE, SIZE), mask)
    light, heavy = (lesson["compressed_sensing"](y, mask, w) for w in (0.001, 0.05))
    rough = [(x.diff(dim=2).abs().sum() + x.diff(dim=3).abs().sum()).item() for x in (light, heavy)]
    assert rough[1] < 0.8 * rough[0]


def test_quality_is_that_of_scikit_image(lesson):
    one, other = (torch.rand(2, 1, SIZE, SIZE, generator=luck(k)) for k in (1, 2))
    pairs = list(zip(one[:, 0].numpy(), other[:, 0].numpy(), strict=True))
    wanted = [peak_signal_noise_ratio(a, b, data_range=1) for a, b in pairs]
    assert lesson["psnr"](other, one) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("consistent", [True, False])
def test_an_untrained_network_is_zero_filling_or_gradient_descent(lesson, consistent):
    mask = lesson["masks"](2, luck())
    y = lesson["forward"](complex_normal(7, 2, 1, SIZE, SIZE), mask)
    x = lesson["adjoint"](y, mask)
    for _ in range(4 if consistent else 0):
        x = x - lesson["adjoint"](lesson["forward"](x, mask) - y, mask)
    with torch.no_grad():
        assert torch.allclose(lesson["Unrolled"](4, consistent)(y, mask), x, atol=1e-5)
        assert torch.allclose(lesson["UNet"](4)(y, mask), lesson["adjoint"](y, mask), atol=1e-5)


def test_both_networks_start_from_the_same_numbers(lesson):
    models = []
    for consistent in (True, False):
        torch.manual_seed(0)
        models.append(lesson["Unrolled"](4, consistent).state_dict())
    assert all(torch.equal(models[0][name], models[1][name]) for name in models[0])


def test_recovery_is_one_for_the_truth_and_none_for_no_change(lesson):
    image = torch.full((2, 1, SIZE, SIZE), 0.5)
    lesson["spot"] = lesson["spots"](image, luck())
    assert lesson["recovery"](image + lesson["spot"], image) == pytest.approx(np.ones(2), abs=1e-5)
    assert lesson["recovery"](image, image).tolist() == [0, 0]


def test_spots_lie_within_the_object(lesson):
    image = torch.zeros(20, 1, SIZE, SIZE)
    image[:, :, 10:14, 12:20] = 1
    top = lesson["spots"](image, luck()).flatten(1).argmax(1)
    assert ((top // SIZE >= 10) & (top // SIZE < 14) & (top % SIZE >= 12) & (top % SIZE < 20)).all()


def test_an_archived_image_has_no_phase_and_little_detail(lesson):
    x = complex_normal(8, 1, 1, SIZE, SIZE)
    stored = lesson["archived"](x)
    assert stored.imag.abs().max() == 0
    assert stored.real.min() >= 0
    smooth = lesson["archived"](torch.ones(1, 1, SIZE, SIZE, dtype=torch.complex64))
    assert torch.allclose(smooth.real, torch.ones(1, 1, SIZE, SIZE), atol=1e-4)
