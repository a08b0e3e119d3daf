"""What lesson 54 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from tests.notebooks.cells import SHAPE, Quiet, definitions, smooth_displacements, smooth_images

ROWS, COLUMNS = SHAPE


@pytest.fixture
def lesson():
    names = definitions("54_registration_gan")
    names.update(STEEP=256.0, lab=Quiet(), STEPS=4, images={"train": smooth_images(9, 10)})
    return names


def critic_of(lesson, seed=0):
    torch.manual_seed(seed)
    return lesson["Critic"]()


def test_blur_moves_nothing_and_takes_noise_as_predicted(lesson):
    """Half a pixel there and back is the kernel (1, 2, 1) / 4 per axis: its squares add up to 3/8."""
    rows, columns = torch.meshgrid(torch.arange(ROWS).float(), torch.arange(COLUMNS).float(), indexing="ij")
    ramp = (2 * rows - columns)[None, None]
    inner = (..., slice(2, -2), slice(2, -2))
    assert torch.allclose(lesson["blurred"](ramp)[inner], ramp[inner], atol=1e-3)
    noise = torch.randn(200, 1, ROWS, COLUMNS, generator=torch.Generator().manual_seed(0))
    assert lesson["blurred"](noise)[inner].var().item() == pytest.approx((3 / 8) ** 2, rel=0.02)


def test_a_shift_by_whole_pixels_blurs_nothing(lesson):
    given = smooth_images(2, 4)
    assert torch.equal(lesson["shifted"](given, 3)[..., 3:, 3:], given[..., :-3, :-3])
    assert torch.equal(lesson["shifted"](given, 0), given)


def test_there_and_back_leaves_a_ramp_in_place_and_blurs_noise(lesson):
    rows, columns = torch.meshgrid(torch.arange(ROWS).float(), torch.arange(COLUMNS).float(), indexing="ij")
    ramp = (rows + columns)[None, None].repeat(8, 1, 1, 1)
    back = lesson["there_and_back"](ramp, torch.Generator().manual_seed(1))
    assert (back - ramp)[..., 6:-6, 6:-6].abs().mean() < 0.1
    noise = torch.randn(8, 1, ROWS, COLUMNS, generator=torch.Generator().manual_seed(0))
    blurred = lesson["there_and_back"](noise, torch.Generator().manual_seed(1))
    assert 0.1 < blurred.var() < 0.8


def test_only_half_of_the_fair_references_are_resampled(lesson):
    moving, fixed = smooth_images(3, 4), smooth_images(4, 4)
    both = [lesson["reference_of"](moving, fixed, fair, torch.Generator().manual_seed(0)) for fair in (False, True)]
    ratio = both[0] / (0.8 * fixed + 0.2 * moving).clamp_min(1e-3)
    assert ratio.flatten(1).median(1).values.std() > 0.01  # brightness differs by image
    sharp = [
        ((x[2:] / x[2:].mean((1, 2, 3), keepdim=True)) - (both[0][2:] / both[0][2:].mean((1, 2, 3), keepdim=True)))
        for x in both
    ]
    assert sharp[1].abs().max() < 1e-5  # the second half differs in brightness alone
    first = [x[:2] / x[:2].mean((1, 2, 3), keepdim=True) for x in both]
    assert (first[1] - first[0]).abs().max() > 1e-3


def test_the_critic_loss_is_cross_entropy_and_a_penalty(lesson):
    critic, fixed, good, bad = critic_of(lesson), smooth_images(5, 4), smooth_images(6, 4), smooth_images(7, 4)
    lesson["STEEP"] = 0.0
    told = torch.cat([critic(fixed, good), critic(fixed, bad)])
    truth = torch.cat([torch.ones_like(told[:4]), torch.zeros_like(told[4:])])
    plain = lesson["critic_loss"](critic, fixed, good.clone(), bad)
    assert plain.item() == pytest.approx(2 * binary_cross_entropy_with_logits(told, truth).item(), rel=1e-5)
    lesson["STEEP"] = 10.0
    assert lesson["critic_loss"](critic, fixed, good.clone(), bad) > plain


def test_networks_start_by_moving_nothing_and_are_small(lesson):
    model, critic = lesson["Registrar"](), critic_of(lesson)
    v = model(smooth_images(14, 4), smooth_images(15, 4))
    assert v.shape == (4, 2, ROWS // 2, COLUMNS // 2)
    assert v.abs().max() == 0
    assert critic(smooth_images(14, 4), smooth_images(15, 4)).shape == (4, 1, ROWS // 4, COLUMNS // 4)
    assert sum(p.numel() for p in model.parameters()) < 20_000
    assert sum(p.numel() for p in critic.parameters()) < 6_000


def test_the_naive_arm_is_the_fair_one_without_its_fix(lesson):
    kept = [p.clone() for p in lesson["trained"]("naive", 3, 0.02, 4)[1].parameters()]
    fair = list(lesson["trained"]("fair", 3, 0.02, 4)[1].parameters())
    assert any(not torch.equal(a, b) for a, b in zip(kept, fair, strict=True))


def test_the_fall_is_counted_in_shifts_by_one_pixel(lesson):
    class Twice(torch.nn.Module):
        def forward(self, fixed, second):
            return -7 * (fixed - second).abs()

    lesson.update(images={"val": smooth_images(16, 4), "test": smooth_images(16, 4)})
    one = lesson["in_shifts"]([Twice(), Twice()], lambda x: (x, lesson["shifted"](x, 1)))
    assert one.shape == (2, 4)
    assert one.mean() == pytest.approx(1, rel=1e-4)
    assert np.allclose(lesson["in_shifts"]([Twice()], lambda x: (x, x)), 0)


def test_a_formula_is_probed_like_a_critic_and_has_no_seeds(lesson):
    lesson.update(images={"val": smooth_images(16, 4), "test": smooth_images(16, 4)})
    fall = lesson["in_shifts"]((lesson["similarity"],), lambda x: (x, lesson["blurred"](x)))
    assert fall.shape == (4,)
    assert (fall > 0).all()


def test_the_explorer_draws(lesson):
    pair = smooth_images(21, 2)
    masks = (pair > 0.5).float()
    lesson.update(
        fixed={"test": pair}, moving={"test": pair}, fixed_labels={"test": masks}, moving_labels={"test": masks}
    )
    lesson.update(names=["one"], critics={"fair": [critic_of(lesson)]}, found={"fair": 0 * smooth_displacements(22, 2)})
    assert len(lesson["draw_pair"](1, "fair").axes) == 2
    assert "structures 1.00" in lesson["describe_pair"](0, "fair")
