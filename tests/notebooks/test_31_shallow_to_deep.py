"""What lesson 31 writes by hand, held against torch and against theory."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    names = definitions("31_shallow_to_deep")
    names.update(channels=1, classes=3)
    return names


def images(seed, count=4):
    return torch.randn(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def weighted_layers(model):
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]


@pytest.mark.parametrize("depth", [4, 6, 20, 38])
@pytest.mark.parametrize("skip", [True, False])
def test_depth_counts_the_layers_with_weights(lesson, depth, skip):
    model = lesson["network"](depth, 4, skip, seed=0)
    assert len(weighted_layers(model)) == depth
    assert model.eval()(images(0)).shape == (4, 1, 3)


def test_a_skip_adds_no_weights_and_starts_from_the_same_ones(lesson):
    plain, residual = (lesson["network"](20, 4, skip, seed=0) for skip in (False, True))
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), residual.parameters(), strict=True))


def test_a_block_without_content_passes_on_its_input_only_with_a_skip(lesson):
    x = torch.rand(2, 4, 7, 7)
    for skip, wanted in ((True, x), (False, torch.zeros_like(x))):
        block = lesson["Block"](4, skip, 1).eval()
        nn.init.zeros_(block.body[3].weight)
        assert torch.equal(block(x), wanted)


def test_without_identity_the_skip_must_be_learned(lesson):
    lesson["lab"] = Quiet("no_identity")
    block = lesson["Block"](4, True, 1)
    assert [type(layer) for layer in block.skip] == [nn.Conv2d, nn.BatchNorm2d]
    assert lesson["Block"](4, False, 1).skip is None


def test_counts_are_those_of_the_formulas(lesson):
    lesson["many"] = type("Part", (), {"images": images(0)})
    width, depth = 8, 20
    inner = (depth - 2) * 9 * width**2
    weights, work = lesson["counted"](lesson["network"](depth, width, True, seed=0))
    assert weights == 16 * width + inner + (depth - 1) * 2 * width + (width + 1) * 3
    assert work == 49 * (16 * width + inner) + 3 * width


def test_wide_and_narrow_have_nearly_the_same_number_of_weights(lesson):
    models = [lesson["network"](depth, width, False, seed=0) for depth, width in ((6, 24), (38, 8))]
    wide, narrow = (sum(p.numel() for p in model.parameters()) for model in models)
    assert abs(wide / narrow - 1) < 0.05


def test_copies_side_by_side_are_networks_of_their_own(lesson):
    together = lesson["network"](6, 4, True, seed=0, copies=3).eval()
    alone = lesson["network"](6, 4, True, seed=1).eval()
    weights = {k: v.chunk(3)[1] if v.ndim else v for k, v in together.state_dict().items()}
    alone.load_state_dict(weights)
    x = images(6)
    assert torch.allclose(together(x)[:, 1], alone(x)[:, 0], atol=1e-5)
    assert not torch.allclose(together(x)[:, 0], alone(x)[:, 0], atol=1e-2)


def test_guessing_has_a_relative_loss_of_one(lesson):
    labels = torch.tensor([0, 0, 1, 2])
    lesson["entropy"] = -float(np.dot([0.5, 0.25, 0.25], np.log([0.5, 0.25, 0.25])))
    guess = nn.Sequential(nn.Flatten(), nn.Linear(784, 3), nn.Unflatten(1, (1, 3)))
    nn.init.zeros_(guess[1].weight)
    guess[1].bias.data = torch.tensor([0.5, 0.25, 0.25]).log()
    part = type("Part", (), {"images": images(1), "labels": labels})
    assert lesson["relative_loss"](guess, part).mean() == pytest.approx(1, abs=1e-5)


def test_slopes_are_finite_differences_along_the_line(lesson):
    model = lesson["ready"](lesson["network"](6, 4, True, seed=0), images(2, 16)).double()
    start, end = images(3, 2).double(), images(4, 2).double()
    at, step = torch.linspace(0, 1, 65)[30].item(), 1e-6
    ends = [model(start + (at + s) * (end - start))[:, 0, -1] for s in (step, -step)]
    wanted = (ends[0] - ends[1]) / (2 * step)
    got = lesson["slopes"](model, start, end)
    assert got.shape == (2, 65)
    assert torch.allclose(got[:, 30].double(), wanted, rtol=1e-3, atol=1e-5)


def test_a_ready_network_has_the_statistics_of_its_images(lesson):
    batch = 3 + 2 * images(5, 16)
    first = lesson["ready"](lesson["network"](4, 4, False, seed=0), batch).layers[0]
    assert first.running_mean.item() == pytest.approx(batch.mean().item(), abs=1e-4)
    assert first.running_var.item() == pytest.approx(batch.var().item(), rel=1e-4)


def test_autocorrelation_is_near_one_for_a_slow_wave_and_none_for_noise(lesson):
    slow = torch.sin(torch.linspace(0, 6.28, 65))[None]
    noise = torch.randn(200, 65, generator=torch.Generator().manual_seed(0))
    assert lesson["autocorrelation"](slow) > 0.9
    assert abs(lesson["autocorrelation"](noise)) < 0.05
    assert lesson["autocorrelation"](5 * slow + 3) == pytest.approx(lesson["autocorrelation"](slow), abs=1e-4)
