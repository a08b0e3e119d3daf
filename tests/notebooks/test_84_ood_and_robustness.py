"""Lesson 84: its attack stays in its box and climbs, and its scores are those of a library."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import mahalanobis
from torch import nn
from torch.nn.functional import cross_entropy

from medlab.training import SmallResNet
from tests.notebooks.cells import definitions

SIZE = 16


@pytest.fixture
def lesson():
    return definitions("84_ood_and_robustness")


def batch(seed, n=6):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, 1, SIZE, SIZE, generator=generator), torch.arange(n) % 2


def line():
    """Return a linear classifier: its worst change of a given size is known."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(SIZE * SIZE, 2))
    nn.init.normal_(model[1].weight, generator=torch.Generator().manual_seed(3))
    return model


@pytest.mark.parametrize("steps", [1, 4, 10])
@pytest.mark.parametrize("start", [False, True])
def test_an_attack_stays_in_its_box_and_raises_the_loss(lesson, steps, start):
    model, (x, y) = SmallResNet(1, 2, channels=(6, 8, 12), seed=1).eval(), batch(0)
    generator = torch.Generator().manual_seed(1) if start else None
    moved = lesson["pgd"](model, x, y, 0.03, steps=steps, generator=generator)
    assert (moved - x).abs().max() <= 0.03 + 1e-6
    assert moved.min() >= 0
    assert moved.max() <= 1
    assert cross_entropy(model(moved), y) > cross_entropy(model(x), y)


def test_one_step_finds_the_worst_change_of_a_linear_network(lesson):
    model, (x, y) = line(), batch(1)
    x = 0.25 + x / 2  # so that the box 0 to 1 does not matter
    moved = lesson["pgd"](model, x, y, 0.1, steps=1)
    with torch.no_grad():
        margin = model(moved)[torch.arange(6), y] - model(moved)[torch.arange(6), 1 - y]
        before = model(x)[torch.arange(6), y] - model(x)[torch.arange(6), 1 - y]
        apart = (model[1].weight[0] - model[1].weight[1]).abs().sum()
    assert (before - margin).tolist() == pytest.approx([0.1 * float(apart)] * 6, rel=1e-3)


def test_many_steps_reach_what_one_step_reaches_on_a_linear_network(lesson):
    model, (x, y) = line(), batch(2)
    x = 0.25 + x / 2
    one, many = (lesson["pgd"](model, x, y, 0.1, steps=steps) for steps in (1, 10))
    assert torch.allclose(one, many, atol=1e-5)


def test_the_squared_distance_is_that_of_scipy(lesson):
    rng = np.random.default_rng(0)
    seen, y = torch.from_numpy(rng.normal(size=(80, 5))), torch.arange(80) % 2
    seen[y == 1] += 3
    means, precision = lesson["gaussians"](seen, y)
    new = torch.from_numpy(rng.normal(size=(7, 5)))
    lesson |= {"networks": [None], "fitted": [(means, precision)], "features": lambda model, x: x}
    ours = lesson["mahalanobis"](new)[0].numpy()
    theirs = [min(mahalanobis(row, m, precision.numpy()) ** 2 for m in means.numpy()) for row in new.numpy()]
    assert ours == pytest.approx(theirs)


def test_the_common_covariance_is_within_classes(lesson):
    rng = np.random.default_rng(1)
    seen, y = torch.from_numpy(rng.normal(size=(4000, 3)) * [1, 2, 3]), torch.arange(4000) % 2
    seen[y == 1, 0] += 50  # the distance of the classes must not count as spread
    precision = lesson["gaussians"](seen, y)[1]
    assert torch.diagonal(torch.linalg.inv(precision)).tolist() == pytest.approx([1, 4, 9], rel=0.1)


def test_three_numbers_do_not_see_that_an_image_is_turned(lesson):
    x, _ = batch(3)
    assert torch.allclose(lesson["three_numbers"](x), lesson["three_numbers"](x.flip(2)), atol=1e-6)
    changed = lesson["three_numbers"](x + 0.1)
    assert not torch.allclose(lesson["three_numbers"](x)[:, 0], changed[:, 0])


def test_no_corruption_of_strength_0_changes_an_image(lesson):
    x, _ = batch(4)
    generator = torch.Generator().manual_seed(0)
    assert torch.equal(lesson["noisy"](x, 0.0, generator), x)
    assert torch.allclose(lesson["blurred"](x, 0.0), x, atol=1e-6)
    assert torch.equal(lesson["cut_off"](x, 0.0), x)


@pytest.mark.parametrize("level", [1, 4])
def test_a_weak_attack_is_ten_times_smaller_and_the_random_control_as_large_as_the_attack(lesson, level):
    x, y = batch(5)
    model = line()
    x = 0.25 + x / 2
    sizes = {}

    def watch(name):
        def predict(_, changed):
            sizes[name] = float((changed - x).abs().max()) * 255
            return model(changed).detach()

        return predict

    sign = torch.where(torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) > 0.5, 1.0, -1.0)
    lesson |= {"x": x, "y": y, "sign": sign, "rounds": 5, "test_labels": y}
    lesson["right"] = lambda outputs, y: (outputs.argmax(-1) == y).numpy().astype(float)
    for name, broken in (("PGD", ""), ("FGSM", ""), ("random", ""), ("weak", "weak_attack")):
        lesson["lab"].broken = broken
        lesson["training"] = type("T", (), {"predict": staticmethod(watch(name))})
        lesson["attacked"]([model], "PGD" if name == "weak" else name, level)
    assert [sizes[n] for n in ("PGD", "FGSM", "random")] == pytest.approx([level] * 3, rel=1e-3)
    assert sizes["weak"] == pytest.approx(level / 10, rel=1e-2)
