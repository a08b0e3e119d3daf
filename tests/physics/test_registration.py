"""Warps, flows and measures that lessons on registration share, held against MONAI, scipy and theory."""

import numpy as np
import pytest
import torch
from monai.metrics import DiceMetric
from monai.networks.blocks import DVF2DDF, Warp
from scipy.ndimage import map_coordinates

from medlab.cohort import Cohort
from medlab.errors import MedlabError
from medlab.physics.registration import (
    affine_fit,
    affine_warp,
    circle,
    flow,
    folds,
    integrate,
    mean_dice,
    middle_slice,
    similarity,
    slopes,
    warp,
)


def luck(seed=0):
    return torch.Generator().manual_seed(seed)


def smooth(seed, size=24, height=1.5):
    coarse = height * torch.randn(1, 2, 4, 4, generator=luck(seed))
    return torch.nn.functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=True)


def test_a_warp_reads_where_the_displacement_points():
    image, u = torch.rand(1, 2, 20, 24, generator=luck()), 3 * torch.randn(1, 2, 20, 24, generator=luck(1))
    places = np.indices((20, 24)) + u[0].numpy()
    wanted = [map_coordinates(part, places, order=1, mode="nearest") for part in image[0].numpy()]
    assert np.allclose(warp(image, u)[0].numpy(), wanted, atol=1e-4)
    assert torch.equal(warp(image, u), Warp(mode="bilinear", padding_mode="border")(image, u))


def test_warping_has_its_adjoint():
    """<W x, y> = <x, W* y>: the derivative of a linear map is its adjoint."""
    u = 2 * torch.randn(2, 2, 16, 20, generator=luck(7)).double()
    x, y = (torch.randn(2, 1, 16, 20, generator=luck(k)).double() for k in (8, 9))
    x.requires_grad_()
    there = (warp(x, u) * y).sum()
    (back,) = torch.autograd.grad(there, x)
    assert (there - (x * back).sum()).abs() < 1e-5 * x.norm() * y.norm()


def test_a_warp_of_other_sizes_is_refused_with_both_shapes():
    with pytest.raises(MedlabError, match=r"\(1, 1, 8, 8\).*\(1, 2, 4, 4\)"):
        warp(torch.zeros(1, 1, 8, 8), torch.zeros(1, 2, 4, 4))


def test_scaling_and_squaring_is_that_of_monai_and_is_undone_by_the_reverse():
    v = smooth(2)
    found = integrate(v, squarings=5)
    wanted = DVF2DDF(num_steps=5, mode="bilinear", padding_mode="border")(v)
    assert torch.equal(found, wanted)
    there = integrate(0.3 * v, 7)
    back = there + warp(integrate(-0.3 * v, 7), there)
    assert back[..., 6:-6, 6:-6].abs().max() < 0.05


def test_a_flow_doubles_grid_and_pixels_and_does_not_fold():
    v = smooth(3, size=16, height=2.0)
    assert flow(v).shape == (1, 2, 32, 32)
    assert torch.allclose(flow(torch.full((1, 2, 8, 8), 0.5)), torch.ones(1, 2, 16, 16), atol=1e-4)
    assert folds(flow(v)).item() == 0


def test_folds_are_counted_in_percent():
    down, across = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    assert folds(torch.stack([-2 * down, 0 * across])[None]).item() == 100
    assert folds(torch.stack([-down - across, down - across])[None]).item() == 0  # a quarter turn
    half = torch.stack([torch.where(down < 4, 0.0, -3 * (down - 4)), 0 * across])[None]
    assert 0 < folds(half).item() < 100


def test_slopes_punish_what_bends_and_not_what_moves():
    down = torch.arange(8.0)[None, None, :, None].expand(1, 2, 8, 8)
    assert slopes(torch.full((1, 2, 8, 8), 3.0)).item() == 0
    assert slopes(down).item() == pytest.approx(1.0)


def test_similarity_forgives_brightness_and_not_place():
    image = torch.rand(3, 1, 32, 32, generator=luck(4))
    assert (similarity(image, 0.5 * image + 0.2) > 0.95).all()
    assert (similarity(image, 1 - image) < -0.95).all()
    assert (similarity(image, image.roll(5, 2)).abs() < 0.2).all()


def test_affine_alignment_finds_a_shift_and_uses_the_similarity_that_it_is_given():
    blob = torch.nn.functional.interpolate(torch.rand(1, 1, 8, 8, generator=luck(6)), (32, 32), mode="bicubic")
    shift = torch.tensor([[[1.0, 0.0, 0.1], [0.0, 1.0, -0.08]]])
    moved = affine_warp(blob, shift)
    found = affine_warp(moved, affine_fit(moved, blob, steps=60))
    assert (found - blob).abs().mean() < 0.3 * (moved - blob).abs().mean()
    asked = []

    def alike(one, other):
        asked.append(one.shape)
        return -((one - other) ** 2).mean((1, 2, 3))

    affine_fit(moved, blob, steps=3, alike=alike)
    assert asked == [(1, 1, 32, 32)] * 3


def test_in_a_circle_each_has_one_partner_and_nobody_himself():
    for seed in range(20):
        partner = circle(7, np.random.default_rng(seed))
        assert sorted(partner.tolist()) == list(range(7))
        assert (partner != np.arange(7)).all()
    with pytest.raises(MedlabError, match="1 images"):
        circle(1, np.random.default_rng(0))


def test_mean_dice_leaves_out_what_only_one_shows():
    one, other = torch.zeros(2, 3, 8, 8), torch.zeros(2, 3, 8, 8)
    one[0, 0, :4], other[0, 0, 2:6] = 1, 1  # Dice of a half
    one[0, 1, :4], other[0, 1, :4] = 1, 1
    one[0, 2, :4] = 1
    assert mean_dice(one, other).tolist() == [0.75, 0.0]


def test_mean_dice_is_that_of_monai_where_all_is_shown():
    one, other = ((torch.rand(4, 1, 16, 16, generator=luck(k)) > 0.5).float() for k in (10, 11))
    assert torch.allclose(mean_dice(one, other), DiceMetric(reduction="none")(one, other)[:, 0], atol=1e-6)


def volumes(count=3, bar=None):
    images = torch.rand(count, 1, 10, 20, 28, generator=luck(5)) * 50 + 1
    if bar is not None:
        images[bar, :, :, :6] = 0
    masks = torch.zeros(count, 2, 10, 20, 28, dtype=torch.uint8)
    masks[:, 0, :, 8:12, 10:20] = 1
    table = {"patient_id": [f"p{k}" for k in range(count)]}
    import pandas as pd

    return Cohort(
        images,
        pd.DataFrame(table),
        masks=masks,
        structures=("front", "back"),
        spacing=(1.0, 2.0, 3.0),
        source="made up",
    )


def test_a_middle_slice_is_the_inner_part_with_its_spacing_and_without_black_bars():
    flat = middle_slice(volumes(bar=1))
    assert flat.images.shape == (2, 1, 16, 16)
    assert flat.masks.shape == (2, 2, 16, 16)
    assert flat.spacing == (2.0, 3.0)
    assert list(flat.patient_ids) == ["p0", "p2"]
    assert flat.images.amax((1, 2, 3)).tolist() == pytest.approx([1.0, 1.0])
    with pytest.raises(MedlabError, match="2D images, with masks"):
        middle_slice(flat)
