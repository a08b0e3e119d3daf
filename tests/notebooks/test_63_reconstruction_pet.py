"""What lesson 63 writes by hand, held against theory and against medlab's own reconstruction."""

import numpy as np
import pytest
import torch

from medlab.physics.emission import mlem
from medlab.physics.tomography import back_project, radon
from tests.notebooks.cells import Quiet, definitions

SIZE, ANGLES = 24, np.arange(18) * 10.0


@pytest.fixture
def lesson():
    names = definitions("63_reconstruction_pet")
    names.update(lab=Quiet(), size=SIZE, angles=ANGLES, COUNTS=1e5, UPTAKE={}, line=torch.arange(2 * SIZE) - SIZE + 0.5)
    return names


@pytest.fixture
def scan():
    truth = torch.zeros(2, SIZE, SIZE)
    truth[:, 6:18, 6:18] = 2
    truth[1, 9:12, 9:12] = 6
    gain = torch.full((2, len(ANGLES), SIZE), 3.0)
    background = torch.full_like(gain, 0.5)
    return truth, gain, background, gain * radon(truth, ANGLES) + background


def test_projection_and_back_projection_are_adjoint_also_from_the_fine_grid(lesson):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(1, 48, 48, generator=generator), torch.randn(1, len(ANGLES), SIZE, generator=generator)
    there = radon(x, ANGLES, bins=SIZE, pixel=0.5, bin_width=1.0)
    back = back_project(y, ANGLES, 48, pixel=0.5, bin_width=1.0)
    assert abs((there * y).sum() - (x * back).sum()) < 1e-5 * x.norm() * y.norm()


def test_mlem_is_that_of_medlab_and_raises_the_likelihood(lesson, scan):
    _, gain, background, mean = scan
    y = torch.poisson(mean, generator=torch.Generator().manual_seed(1))
    path = lesson["mlem"](y, gain, background, 8)
    wanted = mlem(y, ANGLES, SIZE, iterations=8, gain=gain, background=background)
    assert torch.allclose(path[-1], wanted, rtol=1e-3, atol=1e-3)
    expected = [gain * radon(x, ANGLES) + background for x in path]
    likelihood = [(y * m.log() - m).sum().item() for m in expected]
    assert likelihood == sorted(likelihood)


def test_mlem_of_a_share_has_the_scale_of_the_whole(lesson, scan):
    _, gain, background, mean = scan
    whole, part = lesson["mlem"](mean, gain, background, 5), lesson["mlem"](0.3 * mean, gain, background, 5, share=0.3)
    assert torch.allclose(whole, part, rtol=1e-3, atol=1e-4)


def test_thinned_counts_add_up_and_do_not_depend_on_each_other(lesson):
    y = torch.poisson(torch.full((1, 200, 200), 20.0), generator=torch.Generator().manual_seed(2))
    fitted, kept = lesson["thinned"](y, 3)
    assert torch.equal(fitted + kept, y)
    assert fitted.mean() / y.mean() == pytest.approx(0.8, abs=0.01)
    assert abs(np.corrcoef(fitted.flatten(), kept.flatten())[0, 1]) < 0.02
    lesson["lab"].broken = "same_counts"
    fitted, kept = lesson["thinned"](y, 3)
    assert np.corrcoef(fitted.flatten(), kept.flatten())[0, 1] > 0.99


def test_networks_of_patients_do_not_touch_each_other(lesson):
    torch.manual_seed(0)
    net, z = lesson["Prior"](3, 4), torch.randn(1, 12, SIZE, SIZE, requires_grad=True)
    x = net(z)
    assert x.shape == (3, SIZE, SIZE)
    assert x.min() > 0
    x[1].sum().backward()
    assert z.grad[0, :4].abs().max() == 0
    assert z.grad[0, 4:8].abs().max() > 0
    assert z.grad[0, 8:].abs().max() == 0


def test_rescaled_images_explain_the_number_of_counts(lesson, scan):
    truth, gain, background, mean = scan
    found = lesson["rescaled"](5 * truth, 0.8 * mean, gain, background, 0.8)
    assert torch.allclose(found, truth, rtol=1e-4)


def test_the_scanner_expects_the_counts_that_were_asked_for(lesson):
    fine = torch.zeros(2, 2 * SIZE, 2 * SIZE)
    fine[:, 12:36, 12:36] = 4
    lines, gain, background = lesson["expected"](fine)
    blocked = gain / gain.amax((1, 2), keepdim=True)
    assert blocked.max() <= 1
    assert 0 < blocked.min() < 0.5  # the head absorbs, on lines that pass it
    assert (gain * lines).sum((1, 2)).tolist() == pytest.approx([1e5, 1e5], rel=1e-3)
    assert background.sum((1, 2)).tolist() == pytest.approx([1.5e4, 1.5e4], rel=1e-3)


def test_bias_and_noise_are_found_apart(lesson):
    generator = torch.Generator().manual_seed(5)
    lesson["truth"] = {"test": torch.zeros(4, 40, 40)}
    images = 0.5 + 0.2 * torch.randn(3, 4, 40, 40, generator=generator)
    noise, bias = lesson["bias_and_noise"](images)
    assert bias.item() == pytest.approx(0.5, abs=0.02)
    assert noise.item() == pytest.approx(0.2, abs=0.01)
    _, bias = lesson["bias_and_noise"](images - 0.5)
    assert bias.item() < 0.02


def test_each_patient_is_stopped_at_its_own_step(lesson):
    images = torch.arange(12.0).reshape(4, 3, 1, 1).expand(4, 3, 2, 2)
    found = lesson["at_step"](images, torch.tensor([3, 0, 2]))
    assert found[:, 0, 0].tolist() == [9, 1, 8]


def test_a_width_of_zero_is_no_filter_and_contrast_is_lost_by_a_wide_one(lesson):
    images = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(6))
    assert torch.equal(lesson["smoothed"](images, 0.0), images)
    core = torch.zeros(1, SIZE, SIZE)
    core[:, 11:13, 11:13] = 1
    ring = torch.zeros(1, SIZE, SIZE)
    ring[:, 8:16, 8:16] = 1
    lesson.update(core=core, ring=ring - core)
    assert lesson["contrast"](3 * core).item() == pytest.approx(3)
    assert lesson["contrast"](lesson["smoothed"](3 * core[None], 2.0)).item() < 1.5
