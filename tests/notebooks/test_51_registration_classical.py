"""What lesson 51 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from sklearn.metrics import mutual_info_score

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    names = definitions("51_registration_classical")
    names.update(pixel=2.0, unit="mm", SIDE=24, REACH=10, MIDDLE=[63.0, 63.0])
    return names


@pytest.fixture(scope="module")
def head():
    line = np.linspace(-1, 1, 64)
    down, across = np.meshgrid(line, line, indexing="ij")
    oval = ((down / 0.8) ** 2 + (across / 0.6) ** 2 < 1).astype(float)
    inner = ((down + 0.2) ** 2 + (across - 0.15) ** 2 < 0.05) | ((down - 0.4) ** 2 + (across + 0.2) ** 2 < 0.02)
    return 0.6 * oval + 0.4 * inner


def test_a_known_motion_is_undone_by_its_inverse_and_has_an_error_otherwise(lesson, head):
    rng = np.random.default_rng(0)
    motion, points = lesson["rigid"](10, 2, -1), lesson["landmarks"](head, rng)
    assert lesson["error"](sitk.Euler2DTransform(motion.GetInverse()), motion, points) == pytest.approx(0, abs=1e-6)
    shift = lesson["rigid"](0, 3, -4)  # pixels of 2 mm
    assert lesson["error"](lesson["rigid"](0, 0, 0), shift, points) == pytest.approx(10)


@pytest.mark.parametrize("metric", ["correlation", "mi"])
def test_registration_finds_a_motion_of_an_image_with_other_brightness(lesson, head, metric):
    rng = np.random.default_rng(1)
    motion = lesson["rigid"](6, 2, -1)
    moving = lesson["moved"](head, motion, rng)
    found, _ = lesson["register"](head, moving, lesson["rigid"](0, 0, 0), 3, metric)
    assert lesson["error"](found, motion, lesson["landmarks"](head, rng)) < 1.0  # half a pixel


def test_the_jacobian_of_a_scaling_is_its_area(lesson):
    wider = sitk.AffineTransform([1.2, 0, 0, 0.9], [0.0, 0.0], [63.0, 63.0])
    assert np.allclose(lesson["jacobian"](wider), 1.2 * 0.9, atol=1e-4)
    mirror = sitk.AffineTransform([-1.0, 0, 0, 1.0], [0.0, 0.0], [63.0, 63.0])
    assert (lesson["jacobian"](mirror) < 0).all()


def test_jacobian_agrees_with_simpleitk(lesson):
    field = np.zeros((64, 64, 2))
    rng = np.random.default_rng(2)
    field[8:56, 8:56] = 0.5 * rng.standard_normal((48, 48, 2))
    image = sitk.GetImageFromArray(field, isVector=True)
    image.SetSpacing((2.0, 2.0))
    wanted = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(image))
    transform = sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))
    found = lesson["jacobian"](transform)
    assert np.allclose(found[1:-1, 1:-1], wanted[1:-1, 1:-1], atol=1e-4)


def test_dice_is_the_mean_over_structures_that_both_show(lesson):
    one, other = np.zeros((3, 8, 8), bool), np.zeros((3, 8, 8), bool)
    one[0, :4], other[0, 2:6] = True, True
    one[1, :4], other[1, :4] = True, True
    one[2, :4] = True  # the other does not show it
    assert lesson["dice"](one, other) == pytest.approx(0.75)


@pytest.mark.parametrize("bins", [6, 16])
def test_mutual_information_is_that_of_scikit_learn(lesson, bins):
    generator = torch.Generator().manual_seed(3)
    one = torch.rand(2, 24, 24, generator=generator)
    other = (1 - one) ** 2 + 0.1 * torch.rand(2, 24, 24, generator=generator)
    for a, b, found in zip(one.numpy(), other.numpy(), lesson["mutual_information"](one, other, bins), strict=True):
        joint = np.histogram2d(a.ravel(), b.ravel(), bins=bins)[0]
        assert found.item() == pytest.approx(mutual_info_score(None, None, contingency=joint), abs=1e-6)


def test_windows_without_motion_are_cut_out_and_shifts_follow_the_columns(lesson):
    image = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(4))
    half = torch.tensor([[-0.5, -0.5]])  # the middle lies between pixels: at 31.5
    found = lesson["windows"](image, half + torch.tensor([[0.5, 0.5]]))
    assert torch.allclose(found[0], image[0, 20:44, 20:44], atol=1e-5)
    right = lesson["windows"](image, torch.tensor([[3.0, -2.0]]))
    assert torch.allclose(right[0], image[0, 18:42, 23:47], atol=1e-5)


def test_a_turned_window_is_that_of_a_turned_image(lesson):
    image = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(5))
    found = lesson["windows"](image, torch.zeros(1, 2), 90.0)
    assert torch.allclose(found[0], torch.rot90(image[0, 20:44, 20:44], 1), atol=1e-4)


def test_capture_counts_steps_until_the_first_that_rises(lesson):
    curves = np.zeros((2, 5, 1))
    curves[0, :, 0], curves[1, :, 0] = (5, 4, 3, 4, 0), (5, 4, 3, 2, 1)
    assert lesson["capture"](curves).tolist() == [3.0]


def test_the_second_contrast_is_reversed_inside_and_dark_outside(lesson, head):
    t2 = lesson["t2_like"](np.stack([head, head]), np.random.default_rng(6))
    outer, inner = head > 0.9, (head > 0.5) & (head < 0.7)
    assert t2[:, head == 0].mean() < 0.15
    assert t2[:, inner].mean() > t2[:, outer].mean()


def test_examples_say_how_far_the_second_window_was_moved(lesson):
    ramp = torch.arange(64.0).expand(1, 64, 64)  # brightness is the column
    one, other, far = lesson["example"](ramp, ramp, torch.Generator().manual_seed(7), count=50)
    across = (other - one).mean((1, 2))
    assert (across.abs() <= far + 1e-3).all()
    assert across.abs().max() > 5
