"""What lesson 65 writes by hand, held against theory and against libraries."""

import pytest
import torch
from matplotlib.figure import Figure

from tests.notebooks.cells import Quiet, definitions

SIZE = 32


@pytest.fixture(scope="module")
def lesson():
    names = definitions("65_restoration")
    names.update(lab=Quiet(), SIGMA=0.2)
    return names


def images(seed, count=3):
    return torch.rand(count, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(seed))


def test_inputs_and_targets_of_the_three_ways(lesson):
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


def test_each_assumption_can_be_broken(lesson):
    clean = torch.zeros(50, 1, SIZE, SIZE)
    first, second, _ = lesson["noise2noise"](clean, torch.Generator().manual_seed(9), "shared")
    assert torch.equal(first, second)
    first, second, _ = lesson["noise2noise"](clean, torch.Generator().manual_seed(9), "biased")
    assert (second - first).mean().item() == pytest.approx(0.1, abs=0.01)
    _, second, _ = lesson["noise2noise"](clean, torch.Generator().manual_seed(9), "cut")
    assert second.min() == 0
    assert second.mean().item() == pytest.approx(0.2 / (2 * torch.pi) ** 0.5, rel=0.03)  # half of a normal


def test_the_filters_work_image_by_image(lesson):
    noisy = images(10) * 0.1 + 0.5
    for method, strength in ((lesson["total_variation"], 0.1), (lesson["non_local_means"], 0.8)):
        both = lesson["filtered"](method, noisy, strength)
        assert torch.equal(both[1:2], lesson["filtered"](method, noisy[1:2], strength))
        assert both.std() < noisy.std()


def test_the_denoiser_starts_by_changing_nothing(lesson):
    assert torch.equal(lesson["Denoiser"](4)(images(9)), images(9))


@pytest.mark.parametrize("method", ["as scanned", "Noise2Noise"])
@pytest.mark.parametrize("patient", [0, 2])
def test_the_explorer_draws_every_state(lesson, method, patient):
    restored = {"as scanned": [images(0)], "Noise2Noise": [images(1)]}
    scores = {name: lesson["psnr"](found[0], images(2)).numpy()[None] for name, found in restored.items()}
    lesson.update(restored=restored, scores=scores, test=images(2))
    assert isinstance(lesson["draw_restored"](method, patient), Figure)
    assert lesson["describe_restored"](method, patient).startswith(f"{method}, test image {patient}: PSNR")
