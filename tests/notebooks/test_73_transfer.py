"""Lesson 73: networks computed together are those computed alone, and shuffled weights keep their values."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.functional import conv2d, group_norm

from tests.notebooks.cells import Quiet, definitions


@pytest.fixture
def lesson():
    names = definitions("73_transfer")
    names.update(lab=Quiet(), seeds=[0, 1, 2, 3], bases=2, seed=0, steps=3, rates=(1e-3, 1e-2))
    return names


def networks(lesson, count=3, outputs=2):
    return lesson["Networks"](count, outputs, torch.Generator().manual_seed(0))


def test_normalized_images_are_gray_with_mean_0_and_standard_deviation_1(lesson):
    x = lesson["normalized"](torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 7 + 2)
    assert x.shape == (5, 1, 8, 8)
    assert torch.allclose(x.mean((1, 2, 3)), torch.zeros(5), atol=1e-5)
    assert torch.allclose(x.std((1, 2, 3)), torch.ones(5), atol=1e-5)
    assert torch.isfinite(lesson["normalized"](torch.ones(1, 1, 4, 4))).all()


def test_each_turn_can_be_undone(lesson):
    x = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(2))
    turned, turns = lesson["turned"](x)
    assert turns.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4
    for k, image in enumerate(turned):
        assert torch.equal(torch.rot90(image, -int(turns[k]), (1, 2)), x[k % 4])


def test_networks_computed_together_are_those_computed_alone(lesson):
    model = networks(lesson)
    x = torch.randn(5, 3, 12, 12, generator=torch.Generator().manual_seed(3))  # one image for each network
    out = model(x)
    assert out.shape == (3, 5, 2)
    for r in range(3):
        alone = x[:, [r]]
        for weight in model.filters:
            alone = torch.relu(group_norm(conv2d(alone, weight.chunk(3)[r], stride=2, padding=1), 1))
        wanted = alone.mean((2, 3)) @ model.head[r, :-1] + model.head[r, -1]
        assert torch.allclose(out[r], wanted, atol=1e-5)


def test_small_sets_have_two_ill_and_two_healthy_and_every_row_comes_once(lesson):
    y = torch.zeros(50)
    y[[7, 30, 41]] = 1
    for k in range(5):
        order = lesson["order_of"](y, torch.Generator().manual_seed(k))
        assert sorted(order.tolist()) == list(range(50))
        assert y[order[:4]].sum() == 2


def test_shuffled_filters_keep_the_numbers_of_each_network_and_no_place(lesson):
    weight = torch.randn(3 * 16, 8, 3, 3, generator=torch.Generator().manual_seed(4))
    found = lesson["permuted"](weight, 3, torch.Generator().manual_seed(5))
    assert found.shape == weight.shape
    for one, other in zip(found.chunk(3), weight.chunk(3), strict=True):
        assert torch.equal(one.flatten().sort().values, other.flatten().sort().values)
        assert (one == other).float().mean() < 0.05


@pytest.mark.parametrize("shuffled", [False, True])
def test_each_seed_starts_from_the_filters_of_one_pretrained_network(lesson, shuffled):
    source = networks(lesson, count=2)
    lesson["scratch"] = lambda: lesson["Networks"](4, 1, torch.Generator().manual_seed(9))
    model = lesson["start_from"](source, shuffled=shuffled)()
    for new, old in zip(model.filters, source.filters, strict=True):
        for k, one in enumerate(new.chunk(4)):
            base = old.chunk(2)[k % 2]
            assert torch.equal(one, base) != shuffled
            assert torch.equal(one.flatten().sort().values, base.flatten().sort().values)
    again = lesson["start_from"](source, shuffled=shuffled)()
    assert all(torch.equal(a, b) for a, b in zip(model.filters, again.filters, strict=True))


def test_each_network_learns_from_its_own_rows(lesson):
    g = torch.Generator().manual_seed(6)
    y = torch.tensor([0.0, 1.0] * 20)
    x = torch.randn(40, 1, 12, 12, generator=g) + 2 * y[:, None, None, None] * torch.linspace(-1, 1, 12)
    rows = torch.stack([torch.arange(20), torch.arange(20, 40)])
    model = lesson["learned"](networks(lesson, 2, 1), x, y, rows, 1e-2, 60)
    changed = y.clone()
    changed[20:] = 1 - changed[20:]  # the labels of the second network alone
    other = lesson["learned"](networks(lesson, 2, 1), x, changed, rows, 1e-2, 60)
    first, second = lesson["logits"](model, x), lesson["logits"](other, x)
    assert np.allclose(first[0], second[0], atol=1e-4)
    assert not np.allclose(first[1], second[1], atol=0.1)
    assert roc_auc_score(y, first[0]) > 0.9
    assert roc_auc_score(y, second[1]) < 0.1


def test_each_seed_takes_the_rate_that_is_best_on_its_own_validation_patients(lesson):
    y = torch.tensor([0.0, 0.0, 1.0, 1.0])
    good, bad = np.array([0.0, 1, 2, 3]), np.array([3.0, 2, 1, 0])
    tables = {1e-3: np.stack([good, bad]), 1e-2: np.stack([bad, good])}
    lesson.update(images=None, labels=None, val_images="val", test_images="test", val_labels=y)
    lesson["val_rows"] = torch.arange(4).expand(2, -1)
    lesson["learned"] = lambda start, x, labels, rows, rate, number: rate
    lesson["logits"] = lambda rate, where: tables[rate] + (100 * rate if where == "test" else 0)
    found = lesson["tuned"](lambda: None, torch.zeros(2, 4, dtype=torch.long))
    assert found[0] == pytest.approx(good + 0.1)
    assert found[1] == pytest.approx(good + 1.0)


def test_mean_auc_is_the_mean_over_columns_with_weights(lesson):
    rng = np.random.default_rng(7)
    truth, scores, weights = rng.integers(0, 2, 30), rng.random((30, 2)), rng.integers(0, 3, (6, 30)).astype(float)
    wanted = [np.mean([roc_auc_score(truth, scores[:, k], sample_weight=w) for k in (0, 1)]) for w in weights]
    assert lesson["mean_auc"](np.repeat(truth[:, None], 2, 1), scores, weights) == pytest.approx(wanted)
