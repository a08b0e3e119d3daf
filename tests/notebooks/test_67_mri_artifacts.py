"""What lesson 67 writes by hand, held against theory and against libraries; its operators have their adjoints."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.ndimage import fourier_shift
from scipy.ndimage import shift as shift_by_spline
from scipy.stats import entropy

from medlab.physics.kspace import from_kspace, to_kspace
from tests.notebooks.cells import Quiet, definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("67_mri_artifacts")
    line = torch.linspace(-1, 1, SIZE)
    down, across = torch.meshgrid(line, line, indexing="ij")
    names.update(lab=Quiet(), size=SIZE, down=down, across=across)
    names["terms"] = torch.stack([down, across, down * across])
    names["frequency"] = torch.fft.fftshift(torch.fft.fftfreq(SIZE))
    return names


def images(seed, count=3):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


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
def test_fields_have_mean_zero_and_one_size(lesson, family):
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


def test_the_entropy_is_that_of_scipy_without_its_normalization(lesson):
    image = images(8, 1)
    rows, columns = np.diff(image[0, 0].numpy(), axis=0)[:, 1:], np.diff(image[0, 0].numpy(), axis=1)[1:]
    slope = np.hypot(rows, columns).ravel()
    share = slope / np.linalg.norm(slope)
    wanted = share.sum() * (entropy(share) - np.log(share.sum()))
    assert lesson["gradient_entropy"](image).item() == pytest.approx(wanted, rel=1e-4)


def test_jumps_come_after_the_middle_of_k_space_and_are_large(lesson):
    onset, *far = lesson["jumps"](200, torch.Generator().manual_seed(9))
    assert onset.min() > SIZE // 2
    for by in far:
        assert by.abs().min() >= 1.5
        assert by.abs().max() <= 5
        assert 0.3 < (by > 0).float().mean() < 0.7


def test_the_exercise_shifts_as_scipy_does(lesson):
    signal = np.random.default_rng(10).normal(size=9)
    wanted = np.fft.ifft(fourier_shift(np.fft.fft(signal), 1.7)).real
    assert lesson["shifted"](signal, 1.7) == pytest.approx(wanted)


def test_the_exercise_measures_as_the_lesson_does(lesson):
    field, image = lesson["polynomials"](2, torch.Generator().manual_seed(11)), images(12, 2)
    both = lesson["field_error"](0.3 * field, field, image)
    for k in range(2):
        inside = image[k, 0].numpy() > 0.1
        own = lesson["shading_error"](0.3 * field[k, 0].numpy(), field[k, 0].numpy(), inside)
        assert own == pytest.approx(both[k].item(), rel=1e-4)


@pytest.mark.parametrize("far", [0, 3.5])
@pytest.mark.parametrize("onset", [0, 20])
def test_the_explorer_draws_every_state(lesson, onset, far):
    image = images(13, 1)
    lesson.update(still=to_kspace(image), test=image)
    assert isinstance(lesson["draw_jump"](onset, far), Figure)
    assert lesson["say_jump"](onset, far).startswith(f"Jump by {far} pixels from row {onset} of 32 on: PSNR")
