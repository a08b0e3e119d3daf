"""What lesson 57 writes by hand, held against formulas, scipy and scikit-learn."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.signal import correlate2d
from sklearn.metrics import mutual_info_score

from tests.notebooks.cells import Quiet, definitions, smooth_images

SIDE, REACH, COUNT = 16, 12, 25
SPOTS = [(4, 4), (20, 9)]


@pytest.fixture(scope="module")
def lesson():
    names = definitions("57_similarity_measures")
    line = torch.arange(-REACH, REACH + 1.0)
    names.update(REACH=REACH, away=(line[:, None] ** 2 + line**2).sqrt().flatten())
    return names


@pytest.fixture(scope="module")
def pair():
    images = smooth_images(1, 3, (64, 64))
    return images, (1.1 - images) ** 2


def direct(inner, outer, compare):
    """The mean of compare(a, b) at each shift, without a Fourier transform."""
    found = torch.empty(len(inner), COUNT, COUNT)
    for r in range(COUNT):
        for c in range(COUNT):
            found[:, r, c] = compare(inner, outer[..., r : r + SIDE, c : c + SIDE]).sum(1).mean((1, 2))
    return found


def test_windows_are_aligned_in_the_middle_of_their_reach(lesson):
    image = torch.arange(64.0 * 64).view(1, 1, 64, 64)
    inner, outer = lesson["windows"](image, image, SPOTS)
    assert inner.shape[2:] == (SIDE, SIDE)
    assert torch.equal(inner, outer[..., REACH : REACH + SIDE, REACH : REACH + SIDE])
    assert inner[1, 0, 0, 0] == image[0, 0, 20 + REACH, 9 + REACH]


def test_the_product_map_is_a_correlation(lesson):
    g = torch.Generator().manual_seed(2)
    inner, outer = torch.randn(2, 3, SIDE, SIDE, generator=g), torch.randn(2, 3, 40, 40, generator=g)
    found = lesson["product_map"](inner, outer)
    for n in range(2):
        parts = [correlate2d(outer[n, k].numpy(), inner[n, k].numpy(), mode="valid") for k in range(3)]
        assert found[n].numpy() == pytest.approx(sum(parts) / SIDE**2, abs=1e-4)


def test_nearness_is_the_squared_distance_up_to_a_constant(lesson):
    g = torch.Generator().manual_seed(3)
    inner, outer = torch.randn(2, 3, SIDE, SIDE, generator=g), torch.randn(2, 3, 40, 40, generator=g)
    more = lesson["nearness_map"](inner, outer) + direct(inner, outer, lambda a, b: (a - b) ** 2)
    assert more.flatten(1).std(1).max() < 1e-4


def test_squared_difference_is_highest_at_the_truth_only_in_one_contrast(lesson, pair):
    image, reversed_contrast = pair
    assert lesson["off"](lesson["squared_difference"](image, image, SPOTS)).max() == 0
    assert lesson["off"](lesson["squared_difference"](image, reversed_contrast, SPOTS)).min() > 2


def test_mutual_information_is_that_of_scikit_learn_where_values_lie_on_bins(lesson):
    g = torch.Generator().manual_seed(4)
    fixed, moving = (1.2 / 7 * torch.randint(8, (1, 1, 64, 64), generator=g) for _ in range(2))
    moving[..., 20:44, 20:44] = 1.2 - fixed[..., 20:44, 20:44]
    found = lesson["mutual_information"](fixed, moving, SPOTS[:1], 8, 0)[0]
    inner, outer = lesson["windows"](fixed, moving, SPOTS[:1])
    for r, c in ((12, 12), (0, 5), (24, 24), (10, 13)):
        other = outer[0, 0, r : r + SIDE, c : c + SIDE]
        level = [(x * 7 / 1.2).round().int().flatten().numpy() for x in (inner, other)]
        assert found[r, c].item() == pytest.approx(mutual_info_score(*level), abs=1e-4)


def test_hats_add_up_to_one_and_belong_to_the_nearest_bins(lesson):
    images = smooth_images(5)
    found = lesson["hats"](images, 6)
    assert torch.allclose(found.sum(1), torch.ones(2, 48, 32), atol=1e-5)
    centers = torch.linspace(0, 1.2, 6).view(1, 6, 1, 1)  # their weighted mean is the gray value
    assert torch.allclose((found * centers).sum(1, keepdim=True), images, atol=1e-5)


def test_ngf_is_the_squared_cosine_and_forgets_the_sign(lesson, pair):
    image, _ = pair
    slopes = torch.stack(torch.gradient(image[:, 0], dim=(1, 2)), 1)
    edge = 0.5 * (slopes**2).sum(1).sqrt().mean((1, 2))
    normal = slopes / ((slopes**2).sum(1) + edge[:, None, None] ** 2).sqrt()[:, None]
    wanted = direct(*lesson["windows"](normal, normal, SPOTS), lambda a, b: (a * b).sum(1, keepdim=True) ** 2)
    field = lesson["gradient_field"](image, 0, 0)
    assert torch.allclose(lesson["product_map"](*lesson["windows"](field, field, SPOTS)), wanted, atol=1e-4)
    mirrored = lesson["gradient_field"](1 - image, 0, 0)
    assert torch.allclose(field, mirrored, atol=1e-4)
    assert torch.allclose(lesson["gradient_field"](image, 0, 2), lesson["smooth"](field, 2), atol=1e-5)


def test_the_exercise_is_the_ngf_of_one_shift(lesson):
    rng = np.random.default_rng(7)
    first, second = rng.normal(size=(2, 9, 2))
    wanted = [(g @ h) ** 2 / (g @ g + 0.09) / (h @ h + 0.09) for g, h in zip(first, second, strict=True)]
    assert lesson["edge_likeness"](first, second, 0.3) == pytest.approx(np.mean(wanted))


def test_mind_of_one_pixel_is_its_formula(lesson, pair):
    image = pair[0][:1]
    found = lesson["neighborhood"](image, 2, 0.0)[0, :, 30, 40]
    steps = [(r, c) for r in (-2, 0, 2) for c in (-2, 0, 2) if (r, c) != (0, 0)]
    unlike = np.array([(image[0, 0, 30 + r, 40 + c] - image[0, 0, 30, 40]).item() ** 2 for r, c in steps])
    likeness = np.exp(-unlike / unlike.mean())
    assert found.numpy() == pytest.approx(likeness / likeness.max(), rel=1e-3)


def test_mind_does_not_change_with_brightness_contrast_and_sign(lesson, pair):
    image, _ = pair
    assert torch.allclose(
        lesson["neighborhood"](image, 1, 1.0), lesson["neighborhood"](0.9 - 0.5 * image, 1, 1.0), atol=1e-3
    )
    lesson["lab"].broken = "single_pixel"
    try:
        alone = lesson["neighborhood"](image, 1, 2.0)
    finally:
        lesson["lab"].broken = ""
    assert torch.equal(alone, lesson["neighborhood"](image, 1, 0.0))


def test_all_climbs_come_home_on_a_cone_and_none_on_its_reverse(lesson):
    cone = -lesson["away"].view(1, COUNT, COUNT)
    assert torch.equal(lesson["home"](cone), torch.ones(1, REACH))
    assert lesson["home"](-cone).sum() == 0
    assert lesson["off"](cone).item() == 0
    assert lesson["off"](cone.roll((3, -4), (1, 2))).item() == 5


def test_a_climb_ends_on_the_hill_where_it_started(lesson):
    line = torch.arange(-12.0, 13)
    ridge = torch.minimum(line.abs(), 2 * (line - 8).abs() + 0.5)  # a lower hill eight columns away
    maps = -(ridge[None] + line.abs()[:, None])[None]
    share = lesson["home"](maps)[0]
    assert share[0] == 1
    assert 0.5 < share[7] < 1


def test_the_network_makes_the_same_map_after_a_common_shift(lesson, pair):
    torch.manual_seed(8)
    model = lesson["Learned"](4).eval()
    image, other = pair
    with torch.no_grad():
        here = model(image, other, [(9, 11)])
        there = model(image.roll((2, -3), (2, 3)), other.roll((2, -3), (2, 3)), [(11, 8)])
    assert here.shape == (3, COUNT, COUNT)
    assert torch.allclose(here, there, atol=1e-4)
    assert sum(p.numel() for p in lesson["Learned"](8).parameters()) < 5000


def test_made_contrasts_reverse_one_and_brighten_the_middle_of_the_other(lesson):
    ramp = torch.linspace(0, 1, 64).expand(1, 1, 64, 64)
    first, second, third = lesson["made_contrasts"](ramp, torch.Generator().manual_seed(9))[0].mean(1)
    assert torch.allclose(first, ramp[0, 0, 0])
    assert second[5] > second[30] > second[60]
    assert third[28] > third[3]
    assert third[28] > third[60]


@pytest.mark.parametrize("shape", [(64, 64), (48, 32), (80, 72)])
def test_scaled_images_have_64_pixels_along_each_side(lesson, shape):
    found = lesson["scaled"](7 * smooth_images(10, 2, shape))
    assert found.shape == (2, 1, 64, 64)
    assert torch.allclose(found.flatten(1).quantile(0.995, dim=1), torch.ones(2), atol=0.01)


def test_the_explorer_draws_every_state(lesson):
    images = smooth_images(11, 9, (64, 64)).view(3, 3, 64, 64)
    maps = -lesson["away"].view(1, COUNT, COUNT).repeat(6, 1, 1)
    lesson.update(images={"test": images}, ids=["a", "b", "c"], CONTRASTS={"known": 1, "new": 2})
    lesson.update(maps={c: {"MIND": [maps]} for c in ("known", "new")}, lab=Quiet())
    for contrast in ("known", "new"):
        assert isinstance(lesson["draw_map"]("MIND", contrast, 2), Figure)
        assert lesson["say_map"]("MIND", contrast, 2).startswith(
            f"MIND, {contrast} contrast, image 2: capture range 12.0"
        )
