"""What lesson 83 writes by hand, held against libraries, and its comparisons, which must be fair."""

import numpy as np
import pytest
import torch
from monai.networks.nets.basic_unet import TwoConv
from scipy.ndimage import binary_dilation

from medlab import metrics
from tests.notebooks.cells import definitions, smooth_images


@pytest.fixture
def lesson():
    names = definitions("83_uncertainty_dense")
    names["UNet"].forward = names["forward"]
    names.update(RADIUS=2, torch=torch)
    return names


def masks(seed, count=3):
    return (smooth_images(seed, count, (32, 32))[:, 0] > 0.5).numpy()


def test_a_block_is_that_of_monai(lesson):
    ours = lesson["block"](3, 6)
    theirs = TwoConv(2, 3, 6, act="relu", norm=("instance", {"affine": True}), bias=True)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), ours.state_dict().values(), strict=True)))
    x = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(ours(x), theirs(x), atol=1e-6)


def test_the_network_keeps_the_size_and_uses_each_skip(lesson):
    torch.manual_seed(0)
    model, x = lesson["UNet"](4, 6, 8).eval(), torch.rand(2, 1, 16, 24)
    with torch.no_grad():
        assert model(x).shape == x.shape
        before = model(x)
        for level in (0, 1):
            hook = model.down[level].register_forward_hook(lambda layer, inputs, output: torch.zeros_like(output))
            assert not torch.allclose(model(x), before)
            hook.remove()


def test_the_squares_of_the_training_hold_as_many_vessels_as_the_images(lesson):
    seen = []

    def model(x):
        seen.append(x)
        return x

    images = torch.zeros(3, 1, 20, 30)
    images[:, :, :2] = images[:, :, :, :3] = 1  # at the rim alone, which squares inside of the image hardly reach
    lesson["lab"].device = torch.device("cpu")
    lesson.update(x_train=images, y_train=images.expand(-1, 2, -1, -1), side=8)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):
        assert lesson["cross_entropy"](model, generator) > 0
    assert seen[0].shape == (8, 1, 8, 8)
    assert torch.stack(seen).mean().item() == pytest.approx(images.mean().item(), rel=0.05)


def test_the_band_reaches_two_pixels_to_both_sides(lesson):
    disk = np.hypot(*np.mgrid[-2:3, -2:3]) <= 2
    for mask in masks(1):
        expected = (binary_dilation(mask, disk) & ~mask) | (binary_dilation(~mask, disk) & mask)
        assert np.array_equal(lesson["band"](mask), expected)


def test_doubt_is_highest_at_one_half_and_does_not_say_which_side(lesson):
    assert lesson["doubt"](np.array([0.0, 0.25, 0.5, 0.75, 1.0])).tolist() == [0, 0.5, 1, 0.5, 0]


def test_nearness_is_highest_at_the_drawn_border_and_flat_without_one(lesson):
    p = np.zeros((5, 9))
    p[:, :4] = 0.9
    assert lesson["nearness"](p)[2].tolist() == [-4, -3, -2, -1, -1, -2, -3, -4, -5]
    assert not lesson["nearness"](np.full((3, 3), 0.2)).any()


@pytest.mark.parametrize("axes", [(), (2,), (3,), (2, 3)])
def test_a_flipped_view_is_turned_back(lesson, axes):
    keeps = torch.nn.Identity()
    x = torch.rand(3, 1, 6, 8)
    assert np.allclose(lesson["chance"](keeps, x, axes), torch.sigmoid(x)[:, 0], atol=1e-6)


def test_the_calibration_error_over_pixels_is_that_of_medlab(lesson):
    rng = np.random.default_rng(0)
    p, first = rng.random((3, 8, 8)), rng.random((3, 8, 8)) < 0.4
    where = rng.random((3, 8, 8)) < 0.7
    lesson["first"] = first
    counts = lesson["groups"](p, where)
    assert counts[..., 0].sum() == where.sum()
    for weights in (np.ones(3), np.array([2.0, 0.0, 1.0])):
        ours = lesson["calibration_error"](None, counts, weights[None])[0]
        each = (where * weights[:, None, None])[where]
        assert ours == pytest.approx(float(metrics.ece(first[where].astype(int), p[where], each, bins=10)))


def test_doubt_and_nearness_are_asked_about_the_same_errors(lesson):
    first = masks(2)
    lesson.update(first=first, ids=np.arange(3))
    p = smooth_images(3, 3, (32, 32))[:, 0].numpy()
    where = np.stack([lesson["band"](mask) for mask in first])
    oracle = lesson["finds"](lesson["wrong"], lesson["wrong"], where)
    assert oracle(p[0], 0) == 1
    constant = lesson["finds"](lesson["wrong"], lambda p, i: np.zeros(p.shape), where)
    assert constant(p[0], 0) == 0.5


def test_squares_are_sums_without_what_is_left_over(lesson):
    values = np.arange(5 * 7.0).reshape(5, 7)
    assert lesson["squares"](values, 2).tolist() == [
        values[r : r + 2, c : c + 2].sum() for r in (0, 2) for c in (0, 2, 4)
    ]


def test_the_errors_themselves_refer_best_and_a_fifth_by_chance_holds_a_fifth(lesson):
    rng = np.random.default_rng(1)
    first = rng.random((1, 160, 160)) < 0.5
    lesson["first"] = first
    p = rng.random((160, 160))
    by_errors = lesson["caught"](lesson["wrong"])(p, 0)
    by_chance = lesson["caught"](lambda p, i: rng.random(p.shape))(p, 0)
    assert by_errors > by_chance
    assert by_chance == pytest.approx(0.2, abs=0.02)
