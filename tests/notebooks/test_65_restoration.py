"""What lesson 65 writes by hand, held against theory and against libraries; its operators have their adjoints."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.ndimage import shift as shift_by_spline
from skimage.metrics import peak_signal_noise_ratio

from medlab.physics.kspace import from_kspace, to_kspace
from tests.notebooks.cells import Quiet, definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("65_restoration")
    line = torch.linspace(-1, 1, SIZE)
    down, across = torch.meshgrid(line, line, indexing="ij")
    names.update(lab=Quiet(), SIGMA=0.2, size=SIZE, down=down, across=across, STEPS=3, wide=4)
    names["terms"] = torch.stack([down, across, down * across])
    names["frequency"] = torch.fft.fftshift(torch.fft.fftfreq(SIZE))
    return names


def images(seed, count=3):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def test_psnr_is_that_of_scikit_image(lesson):
    one, other = images(0), images(1)
    wanted = [peak_signal_noise_ratio(a.numpy(), b.numpy(), data_range=1) for a, b in zip(one, other, strict=True)]
    assert lesson["psnr"](other, one).numpy() == pytest.approx(wanted, abs=1e-3)


def test_a_jump_is_unitary_and_undoing_it_is_its_adjoint(lesson):
    generator = torch.Generator().manual_seed(2)
    x, y = (torch.randn(2, 1, SIZE, SIZE, dtype=torch.complex64, generator=generator) for _ in range(2))
    onset, down, across = torch.tensor([10.0, 20.0]), torch.tensor([1.5, -4.0]), torch.tensor([0.3, 2.0])
    there, back = lesson["jump"](x, onset, down, across), lesson["jump"](y, onset, -down, -across)
    one, other = torch.vdot(there.flatten(), y.flatten()), torch.vdot(x.flatten(), back.flatten())
    assert (one - other).abs() < 1e-5 * (x.norm() * y.norm())


def test_a_jump_before_the_first_line_shifts_the_whole_image(lesson):
    image = torch.zeros(1, 1, SIZE, SIZE)
    image[0, 0, 8:20, 10:16] = 1
    zero = torch.zeros(1)
    moved = from_kspace(lesson["jump"](to_kspace(image), zero, zero + 3, zero - 2)).real[0, 0]
    assert torch.allclose(moved, torch.roll(image[0, 0], (3, -2), (0, 1)), atol=1e-5)
    spline = shift_by_spline(image[0, 0].numpy(), (3, -2), order=1)
    assert np.allclose(moved.numpy(), spline, atol=1e-5)


def test_autofocus_finds_a_known_jump(lesson):
    image = torch.zeros(1, 1, SIZE, SIZE)
    image[0, 0, 8:24, 9:22] = 0.5
    image[0, 0, 12:16, 12:18] = 1
    jump = torch.tensor([20.0]), torch.tensor([2.3]), torch.tensor([-3.1])
    found = lesson["autofocus"](lesson["jump"](to_kspace(image), *jump)[0])
    assert found[1:].tolist() == pytest.approx([2.3, -3.1], abs=0.3)


@pytest.mark.parametrize("family", ["polynomials", "surface_coils"])
def test_fields_are_evened(lesson, family):
    field = lesson[family](5, torch.Generator().manual_seed(3))
    assert field.shape == (5, 1, SIZE, SIZE)
    assert field.mean((1, 2, 3)).abs().max() < 1e-5
    assert field.std((1, 2, 3)).numpy() == pytest.approx(0.25, abs=1e-4)


def test_a_constant_in_the_log_field_is_no_error(lesson):
    field = lesson["polynomials"](3, torch.Generator().manual_seed(4))
    assert lesson["field_error"](field + 2, field, images(5)).max() < 1e-5
    assert lesson["field_error"](0 * field, field, torch.ones(3, 1, SIZE, SIZE)).numpy() == pytest.approx(
        0.25, abs=1e-3
    )


def test_n4_takes_shading_off_a_plain_object(lesson):
    field = lesson["surface_coils"](1, torch.Generator().manual_seed(6))
    disk = ((lesson["down"] ** 2 + lesson["across"] ** 2) < 0.7).float()[None, None]
    shaded = disk * (0.6 + 0.4 * (images(7, 1) > 0.5)) * field.exp()
    before = lesson["field_error"](0 * field, field, shaded)
    assert lesson["field_error"](lesson["n4"](shaded), field, shaded) < 0.6 * before


def test_inputs_and_targets_of_the_three_lessons(lesson):
    clean = torch.full((400, 1, SIZE, SIZE), 0.5)
    given, target, weight = lesson["noise2noise"](clean, torch.Generator().manual_seed(8))
    first, second = given - clean, target - clean
    assert first.std().item() == pytest.approx(0.2, rel=0.02)
    assert (first * second).mean().abs() < 1e-3
    assert second.mean().abs() < 1e-3
    assert weight.min() == 1
    given, target, hidden = lesson["noise2void"](clean, torch.Generator().manual_seed(8))
    assert hidden.mean().item() == pytest.approx(0.15, abs=0.01)
    assert torch.equal(given[hidden == 0], target[hidden == 0])
    assert (given[hidden == 1] != target[hidden == 1]).float().mean() > 0.999


def test_the_denoiser_starts_by_changing_nothing(lesson):
    assert torch.equal(lesson["Denoiser"](4)(images(9)), images(9))


@pytest.mark.parametrize("method", ["as scanned", "Noise2Noise"])
@pytest.mark.parametrize("patient", [0, 2])
def test_the_explorer_draws_every_state(lesson, method, patient):
    gray = {"cmap": "gray"}
    lesson.update(
        GRAY=gray, ERROR=gray, restored={"as scanned": images(0), "Noise2Noise": images(1)}, clean={"test": images(2)}
    )
    assert isinstance(lesson["draw_restored"](method, patient), Figure)
    assert lesson["describe_restored"](method, patient).startswith(f"{method}, test patient {patient}: PSNR")
