"""What lesson 55 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.metrics import DiceMetric

from tests.notebooks.cells import SHAPE, Quiet, definitions, smooth_images

ROWS, COLUMNS = SHAPE


@pytest.fixture(scope="module")
def lesson():
    names = definitions("55_registration_validation")
    names.update(lab=Quiet(), STEPS=3, SMOOTH=0.1, images={"train": smooth_images(9, 10)})
    names["as_it_is"] = lambda pair: pair
    return names


@pytest.mark.parametrize("apart", [8, 16])
def test_families_move_as_far_as_they_are_told(lesson, apart):
    motion = torch.tensor([0.3, 1.0, 2.5])
    u = lesson["family"](apart, motion, torch.Generator().manual_seed(18))
    assert u.norm(dim=1).mean((1, 2)).numpy() == pytest.approx(motion.numpy(), rel=0.05)


def test_local_correlation_is_correlation_and_blind_to_brightness(lesson):
    one, other = 10 * smooth_images(10), 10 * smooth_images(11)
    window = one[0, 0, 10:19, 10:19].numpy().ravel(), other[0, 0, 10:19, 10:19].numpy().ravel()
    local = lesson["correlation"](one, other)[0, 0, 14, 14].item()
    assert local == pytest.approx(np.corrcoef(*window)[0, 1], abs=0.02)
    assert lesson["correlation"](one, 30 - one).max() < -0.7


def test_difference_over_gradient_measures_a_shift_of_a_ramp(lesson):
    ramp = torch.arange(COLUMNS).float().expand(1, 1, ROWS, COLUMNS)
    found = lesson["measures"](torch.cat([ramp, ramp + 1.5, ramp], 1), 9)
    assert torch.allclose(found["difference over gradient"], torch.tensor(1.5), atol=1e-3)
    assert torch.allclose(found["gradient"], torch.tensor(1.0), atol=1e-5)


def test_error_of_a_case_is_the_length_of_the_flow(lesson):
    pair, length = lesson["residual_case"](smooth_images(12, 4), 16, torch.Generator().manual_seed(1))
    assert pair.shape == (4, 3, ROWS, COLUMNS)
    means = length.mean((1, 2, 3))
    assert means.min() > 0.15
    assert means.max() < 2.7


def test_measures_of_maps_are_those_of_numpy(lesson):
    truth, guess = smooth_images(13), smooth_images(14)
    inside = torch.ones_like(truth)
    lesson.update(cases={"x": (None, truth)}, body={"x": inside})
    wanted = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(truth.numpy(), guess.numpy(), strict=True)]
    assert lesson["within"](guess, "x").numpy() == pytest.approx(wanted, abs=1e-4)
    off = np.sqrt(((truth - guess) ** 2).numpy().mean((1, 2, 3)))
    assert lesson["rmse"](guess, "x").numpy() == pytest.approx(off, abs=1e-5)
    assert lesson["within"](0 * guess, "x").abs().max() == 0


def test_edges_survive_a_swap_of_contrast(lesson):
    pair = torch.cat([smooth_images(15), smooth_images(16)], 1)
    assert torch.allclose(lesson["edges"](pair), lesson["edges"](1.1 - pair), atol=1e-4)


def test_shapes_have_one_label_at_each_pixel(lesson):
    labels = lesson["shapes"](3, torch.Generator().manual_seed(2))
    assert torch.equal(labels.sum(1), torch.ones(3, ROWS, COLUMNS))
    assert lesson["painted"](labels, torch.Generator().manual_seed(3)).shape == (3, 1, ROWS, COLUMNS)


def test_squared_correlation_does_not_care_about_the_sign(lesson):
    one, other, v = smooth_images(17), smooth_images(18), torch.zeros(2, 2, ROWS // 2, COLUMNS // 2)
    loss = lesson["loss_of"]
    assert torch.allclose(loss(one, other, v, 0, True), loss(1 - one, other, v, 0, True), atol=1e-4)
    assert torch.allclose(loss(one, other, v, 0) + loss(1 - one, other, v, 0), torch.tensor(2.0), atol=1e-4)


def test_dice_is_that_of_monai(lesson):
    masks = (smooth_images(19, 3) > 0.5).float()
    lesson.update(labels={"test": masks}, partner=np.array([1, 2, 0]))
    wanted = DiceMetric(reduction="none")(masks[[1, 2, 0]], masks)[:, 0]
    assert torch.allclose(lesson["dice"](torch.zeros(3, 2, ROWS, COLUMNS)), wanted, atol=1e-6)


def test_the_network_starts_flat_and_is_small(lesson):
    model = lesson["UNet"](2, 2, lesson["edges"])
    v = model(torch.cat([smooth_images(20), smooth_images(21)], 1))
    assert v.shape == (2, 2, ROWS // 2, COLUMNS // 2)
    assert v.std(dim=(2, 3)).max() < 1e-6
    assert sum(p.numel() for p in model.parameters()) < 60_000


@pytest.mark.parametrize("method", ["network", "correlation"])
def test_the_explorer_draws_every_state(lesson, method):
    pair, length = lesson["residual_case"](smooth_images(22), 16, torch.Generator().manual_seed(4))
    lesson.update(cases={"A": (pair, length)}, body={"A": torch.ones_like(length)})
    lesson["maps"] = {("network", "A"): torch.stack([length, length]), ("correlation", "A"): length}
    assert isinstance(lesson["draw_case"](1, "A", method), Figure)
    assert lesson["describe_case"](0, "A", method).startswith("Case 0, errors from A:")
