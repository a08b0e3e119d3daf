"""Lesson 87: prompts lie where they should, each patient is compared with himself, and Dice is MONAI's."""

import numpy as np
import pytest
import torch
from monai.metrics import DiceMetric

from tests.notebooks.cells import definitions

SIZE = 24


@pytest.fixture
def lesson():
    names = definitions("87_foundation_models")
    names |= {"size": SIZE, "smallest": 6, "seed": 0}
    return names


def masks(seed, n=8):
    rng = np.random.default_rng(seed)
    out = torch.zeros(n, 1, SIZE, SIZE)
    for k in range(n):
        top, left = rng.integers(0, SIZE - 8, 2)
        high, wide = rng.integers(2, 8, 2)
        out[k, 0, top : top + high, left : left + wide] = 1
    return out


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_box_without_jitter_is_the_box_of_the_mask(lesson, seed):
    y = masks(seed)
    found = lesson["prompts"](y, torch.full((len(y),), True), draw(seed), 0.0)
    assert torch.equal(found[:, 1:], y)  # the masks are filled rectangles
    assert not found[:, 0].any()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_click_lies_on_the_structure(lesson, seed):
    y = masks(seed)
    found = lesson["prompts"](y, torch.full((len(y),), False), draw(seed))
    assert not found[:, 1].any()
    for prompt, mask in zip(found[:, 0], y[:, 0], strict=True):
        assert float(prompt.max()) == pytest.approx(1)
        assert mask.flatten()[int(prompt.argmax())] == 1


def test_jitter_moves_the_sides_more_the_larger_it_is(lesson):
    y = masks(3, 60)
    box, wrong = torch.full((60,), True), []
    for jitter in (0.0, 0.1, 0.4):
        found = lesson["prompts"](y, box, draw(4), jitter)[:, 1:]
        wrong.append(float((found != y).float().mean()))
    assert wrong[0] == 0
    assert wrong[0] < wrong[1] < wrong[2]


def test_each_outline_gets_the_prompt_that_it_was_given_by_lot(lesson):
    y = masks(5)
    found = lesson["prompts"](y, torch.arange(8) % 2 == 0, draw())
    assert found[::2, 1].flatten(1).any(1).all()
    assert found[1::2, 0].flatten(1).any(1).all()
    assert not found[::2, 0].any()
    assert not found[1::2, 1].any()


def test_no_prompt_leaves_both_channels_empty(lesson):
    lesson["lab"].broken = "no_prompt"
    assert not lesson["prompts"](masks(0), torch.arange(8) % 2 == 0, draw()).any()


@pytest.mark.parametrize("seed", [0, 1])
def test_dice_is_that_of_monai(lesson, seed):
    y, guess = masks(seed), masks(seed + 10)
    lesson["training"] = type("T", (), {"predict": staticmethod(lambda net, x: guess * 2 - 1)})
    ours = lesson["dices"]([None, None], torch.zeros_like(y), y, box=True)
    theirs = DiceMetric(include_background=True, reduction="none")(guess, y)[:, 0].numpy()
    assert ours.shape == (2, 8)
    assert ours[0] == pytest.approx(theirs)


def test_each_patient_is_judged_by_a_model_that_saw_him_and_by_one_that_did_not(lesson):
    lesson |= {"models": "a", "others": "b", "tested": np.arange(6), "in_a": np.arange(6) < 2, "x": np.arange(6)}
    lesson |= {"y": np.arange(6), "dices": lambda nets, x, y, box: np.full((3, 6), {"a": 0.9, "b": 0.5}[nets])}
    found = lesson["judged"](False)
    assert found["seen in pretraining"].tolist() == [[0.9, 0.9, 0.5, 0.5, 0.5, 0.5]] * 3
    assert found["not seen"].tolist() == [[0.5, 0.5, 0.9, 0.9, 0.9, 0.9]] * 3


def test_of_a_volume_the_slice_with_the_largest_outline_is_taken(lesson):
    images, masked = torch.zeros(2, 1, 5, 20, 12), torch.zeros(2, 2, 5, 20, 12)
    images += torch.arange(5.0)[:, None, None] + torch.rand(20, 12, generator=draw()) / 10
    masked[0, 0, 3, 4:12, 2:9] = 1
    masked[0, 1, 1, 4:6, 2:4] = 1
    masked[1, 1, 2, 8:16, 3:9] = 1
    cohort = type("C", (), {"images": images, "masks": masked, "dims": 3, "patient_ids": np.array(["a", "b"])})
    x, y, ids = lesson["pairs"](cohort)
    assert x.shape == y.shape == (2, 1, SIZE, SIZE)
    assert ids.tolist() == ["a", "b"]
    assert x.mean((2, 3)).abs().max() < 1e-4
    assert y[0].sum() == pytest.approx(56 * (SIZE / 20) ** 2, rel=0.3)
