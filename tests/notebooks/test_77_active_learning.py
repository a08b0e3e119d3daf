"""Lesson 77: scores are those of the formulas and of baal, the rule takes each patient once, core-sets are farthest."""

import types

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    names = definitions("77_active_learning")
    names |= {"batch": 3, "seeds": [0, 1], "steps": 3, "hidden": 8}
    return names


def pool(n=40, patients=8, seed=0):
    g = torch.Generator().manual_seed(seed)
    who = torch.arange(n) % patients
    return types.SimpleNamespace(features=torch.randn(n, 5, generator=g), labels=(who < 2).float(), patients=who)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_entropy_and_bald_are_those_of_a_plain_sum(lesson, seed):
    p = np.random.default_rng(seed).random((6, 9))
    plain = -(p * np.log(p) + (1 - p) * np.log(1 - p))
    mean = p.mean(0)
    wanted = -(mean * np.log(mean) + (1 - mean) * np.log(1 - mean)) - plain.mean(0)
    assert lesson["entropy"](torch.from_numpy(p)).numpy() == pytest.approx(plain)
    assert lesson["bald"](torch.from_numpy(p)).numpy() == pytest.approx(wanted)
    assert (wanted >= 0).all()


def test_bald_is_that_of_baal(lesson):
    heuristics = pytest.importorskip("baal.active.heuristics")
    p = np.random.default_rng(3).random((6, 9))
    two = np.stack([p, 1 - p], 1).transpose(1, 2, 0)[None].transpose(2, 1, 3, 0)[..., 0]  # images, classes, passes
    assert lesson["bald"](torch.from_numpy(p)).numpy() == pytest.approx(heuristics.BALD().compute_score(two), abs=1e-6)


def test_entropy_is_zero_where_all_is_certain(lesson):
    assert lesson["entropy"](torch.tensor([0.0, 1.0])).tolist() == [0, 0]
    assert lesson["bald"](torch.tensor([[0.0], [1.0]])).item() == pytest.approx(np.log(2))


def test_without_the_rule_the_largest_scores_are_taken_and_no_label_is_asked_for_twice(lesson):
    p, score = pool(), torch.arange(40.0)
    assert lesson["largest"](score, p.patients, torch.tensor([39, 38]), False).tolist() == [37, 36, 35]


@pytest.mark.parametrize("seed", range(5))
def test_with_the_rule_each_patient_is_asked_for_once_in_the_order_of_the_scores(lesson, seed):
    p, labeled = pool(), torch.tensor([0, 9])  # patients 0 and 1 have a label
    score = torch.rand(40, generator=torch.Generator().manual_seed(seed))
    best = {int(w): max((float(score[i]), int(i)) for i in torch.where(p.patients == w)[0]) for w in range(2, 8)}
    wanted = [i for _, i in sorted(best.values(), reverse=True)][:3]
    assert lesson["largest"](score, p.patients, labeled, True).tolist() == wanted


def test_a_core_set_takes_the_farthest_one_by_one(lesson):
    p, labeled = pool(seed=4), torch.tensor([3, 17])
    near, wanted = [3, 17], []
    x = p.features.numpy()
    for _ in range(3):
        distance = [min(np.linalg.norm(x[i] - x[j]) for j in near) for i in range(40)]
        wanted.append(int(np.argmax(distance)))
        near.append(wanted[-1])
    assert lesson["core_set"](p.features, labeled).tolist() == wanted


def test_networks_computed_together_are_those_computed_alone(lesson):
    model = lesson["Learners"](3, 5, 8, torch.Generator().manual_seed(0))
    x = pool().features
    out = model(x[None])
    assert out.shape == (3, 40)
    for r in range(3):
        layer = torch.relu(x @ model.first[r, :-1] + model.first[r, -1])
        assert torch.allclose(out[r], (layer @ model.second[r, :-1] + model.second[r, -1])[:, 0], atol=1e-6)


def test_dropout_keeps_the_mean(lesson):
    model, g = lesson["Learners"](1, 5, 8, torch.Generator().manual_seed(0)), torch.Generator().manual_seed(1)
    x = pool().features[None]
    with torch.no_grad():
        passes = torch.stack([model(x, g) for _ in range(4000)])
    assert torch.allclose(passes.mean(0), model(x), atol=0.1)
    assert passes.std(0).min() > 0


def test_near_copies_are_near_and_not_the_same(lesson):
    x = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    made = lesson["near_copies"](x, 10, torch.Generator().manual_seed(1))
    assert made.shape == (50, 1, 8, 8)
    off = (made - x.repeat(10, 1, 1, 1)).abs().amax((1, 2, 3))
    assert off.min() > 0
    assert off.max() < 0.25


def test_auc_of_the_curve_is_the_mean_of_the_rounds_with_weights(lesson):
    rng = np.random.default_rng(5)
    truth, scores, weights = rng.integers(0, 2, 30), rng.random((30, 4)), rng.integers(0, 3, (6, 30))
    table = np.repeat(truth[:, None], 4, 1)
    wanted = [
        np.mean([roc_auc_score(truth, scores[:, k], sample_weight=row) for k in range(4)])
        for row in weights.astype(float)
    ]
    assert lesson["curve_auc"](table, scores, weights) == pytest.approx(wanted)


@pytest.mark.parametrize("share", [None, 0.1])
def test_each_pool_has_patients_of_its_own_and_the_share_that_was_asked_for(lesson, share):
    lesson |= {"labels": (torch.arange(200) % 4 == 0).float(), "people": 40}
    drawn = [lesson["patients_of"](torch.Generator().manual_seed(k), share) for k in range(5)]
    assert len({tuple(rows.tolist()) for rows in drawn}) == 5
    for rows in drawn:
        assert len(set(rows.tolist())) == 40
        if share:
            ill = lesson["labels"][rows]
            assert ill.sum() == 4
    if share:  # the ill do not stand first, where a score without content would take them
        assert np.mean([lesson["labels"][rows][:4].mean() for rows in drawn]) < 0.5
