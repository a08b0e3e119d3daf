"""What lesson 55 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from tests.notebooks.cells import SHAPE, Quiet, definitions, smooth_images

ROWS, COLUMNS = SHAPE
BOTH = ["55_registration_validation", "56_registration_from_shapes"]  # both write these in a cell


@pytest.fixture(scope="module")
def lesson():
    names = definitions("55_registration_validation")
    names.update(lab=Quiet(), images={"train": smooth_images(9, 10)})
    return names


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("apart", [8, 16])
def test_families_move_as_far_as_they_are_told(name, apart):
    lesson = definitions(name)
    lesson.update(lab=Quiet(), images={"train": smooth_images(9, 10)})
    motion = torch.tensor([0.3, 1.0, 2.5])
    u = lesson["family"](apart, motion, torch.Generator().manual_seed(18))
    assert u.norm(dim=1).mean((1, 2)).numpy() == pytest.approx(motion.numpy(), rel=0.05)


@pytest.mark.parametrize("name", BOTH)
def test_local_correlation_is_correlation_and_blind_to_brightness(name):
    lesson = definitions(name)
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


def test_the_network_starts_flat_positive_and_small(lesson):
    length = lesson["ErrorNet"]()(torch.cat([smooth_images(20), smooth_images(21), smooth_images(23)], 1))
    assert length.shape == (2, 1, ROWS, COLUMNS)
    assert length.min() > 0
    assert length.std(dim=(2, 3)).max() < 1e-6
    assert sum(p.numel() for p in lesson["ErrorNet"]().parameters()) < 60_000


def test_a_search_leaves_less_error_the_longer_it_runs(lesson):
    def left(steps):
        return lesson["search_case"](smooth_images(24, 6), steps, torch.Generator().manual_seed(5))[1].mean()

    assert left(20) < left(0)


def test_only_the_body_is_judged_and_all_of_an_empty_image(lesson):
    pair = torch.zeros(2, 3, ROWS, COLUMNS)
    pair[0, 0, 5:20, 5:20] = 1
    body = lesson["body_of"](pair)
    assert body[0, 0, 12, 12] == 1
    assert body[0, 0, 0, 0] == 0
    assert body[1].min() == 1
    assert lesson["mean_in"](body, body).tolist() == [1, 1]


@pytest.mark.parametrize("method", ["network", "correlation"])
def test_the_explorer_draws_every_state(lesson, method):
    pair, length = lesson["residual_case"](smooth_images(22), 16, torch.Generator().manual_seed(4))
    lesson.update(cases={"A": (pair, length)}, body={"A": torch.ones_like(length)})
    lesson["maps"] = {("network", "A"): torch.stack([length, length]), ("correlation", "A"): length}
    assert isinstance(lesson["draw_case"](1, "A", method), Figure)
    assert lesson["describe_case"](0, "A", method).startswith("Case 0, errors from A:")
