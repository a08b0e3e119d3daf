"""What lesson 44 writes by hand, held against theory and against MONAI; the explorer over its states."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from monai.networks.layers import GaussianFilter

import medlab
from tests.notebooks.cells import definitions

STRIDE, ROWS, COLUMNS = 4, 12, 16


@pytest.fixture(scope="module")
def lesson():
    names = definitions("44_localization")
    axes = (torch.arange(n) * STRIDE + (STRIDE - 1) / 2 for n in (ROWS, COLUMNS))
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, 1)
    names.update(STRIDE=STRIDE, wide=8, grid=grid, spacing=torch.tensor([0.5, 2.0]))
    return names


def places(seed, count=50):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 2, 2, generator=generator) * torch.tensor([16.0, 30.0]) + 15.5


def test_a_target_sums_to_one_and_its_mean_is_the_landmark(lesson):
    truth = places(0)
    maps = lesson["target_map"](truth)
    assert torch.allclose(maps.sum(-1), torch.ones(50, 2))
    assert torch.allclose(lesson["by_expectation"](maps), truth, atol=0.02)


def test_a_target_is_the_gaussian_of_monai(lesson):
    spot = torch.zeros(1, 1, ROWS, COLUMNS)
    spot[0, 0, 5, 7] = 1
    blurred = GaussianFilter(2, 1.0, truncated=6.0, approx="sampled")(spot).flatten()
    truth = torch.tensor([[[5 * STRIDE + 1.5, 7 * STRIDE + 1.5]]])
    assert torch.allclose(lesson["target_map"](truth, sigma=1.0).flatten(), blurred / blurred.sum(), atol=1e-4)


def test_argmax_is_off_by_what_the_square_says_and_the_other_reading_by_much_less(lesson):
    truth = places(1, 4000)
    maps = lesson["target_map"](truth)
    off = {
        name: ((lesson[name](maps) - truth) ** 2).sum(-1).sqrt() / STRIDE for name in ("by_argmax", "below_the_cell")
    }
    assert off["by_argmax"].mean() == pytest.approx((2**0.5 + np.log(1 + 2**0.5)) / 6, abs=0.01)
    assert off["below_the_cell"].max() < 0.1


def test_a_far_glow_pulls_the_whole_map_and_not_the_neighborhood(lesson):
    truth = torch.tensor([[[20.0, 22.0]]])
    maps = lesson["target_map"](truth)
    maps[..., -1] += 0.2
    assert ((lesson["by_expectation"](maps) - truth) ** 2).sum().sqrt() > 5
    assert ((lesson["below_the_cell"](maps) - truth) ** 2).sum().sqrt() < 0.1


def test_the_loss_is_least_for_the_target_itself(lesson):
    truth = places(2)
    maps = lesson["target_map"](truth)
    best = lesson["heatmap_loss"](torch.log(maps + 1e-12), truth)
    entropy = -(maps * torch.log(maps + 1e-12)).sum(-1).mean()
    assert best == pytest.approx(float(entropy), abs=1e-4)
    assert lesson["heatmap_loss"](torch.zeros_like(maps), truth) > best + 1


def test_errors_are_in_mm(lesson):
    off = lesson["radial_error"](torch.tensor([[[3.0, 4.0]]]), torch.zeros(1, 1, 2))
    assert off.item() == pytest.approx(np.hypot(1.5, 8.0))


def test_the_trunk_has_stride_four(lesson):
    lesson["cohort"] = medlab.Cohort(torch.rand(2, 3, 32, 48), pd.DataFrame({"patient_id": ["a", "b"]}))
    assert lesson["trunk"]()(torch.rand(2, 3, 32, 48)).shape == (2, 8, 8, 12)


def test_images_with_one_object_get_its_middle(lesson):
    table = {"patient_id": ["a", "b", "c"], "box_classes": ["RBC;WBC", "RBC", "WBC;WBC"], "n_WBC": [1, 0, 2]}
    boxes = [torch.tensor([[0.0, 0, 2, 2], [4, 2, 8, 8]]), torch.tensor([[0.0, 0, 2, 2]]), torch.rand(2, 4)]
    boxes[2][:, 2:] += 1
    smears = medlab.Cohort(torch.rand(3, 3, 8, 8), pd.DataFrame(table), boxes=boxes, structures=("RBC", "WBC"))
    found = lesson["middle_of_one"](smears)
    assert found.patient_ids.tolist() == ["a"]
    assert found.landmarks.tolist() == [[[5.5, 4.5]]]


@pytest.mark.parametrize("stride", [1, 4, 16])
@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
def test_the_explorer_draws_every_state(lesson, stride, sigma):
    lesson["offsets"] = np.random.default_rng(0).uniform(-0.5, 0.5, (50, 2))
    assert isinstance(lesson["draw_reading"](sigma, stride), Figure)
    assert lesson["describe_reading"](sigma, stride).startswith(f"Stride {stride} px")
    grid_error, read_error = lesson["reading_errors"](0.7)
    assert read_error.mean() < 0.1 * grid_error.mean()
