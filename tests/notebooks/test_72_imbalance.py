"""What lesson 72 writes by hand, held against scikit-learn and MONAI."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from monai.losses import TverskyLoss
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("72_imbalance")


def study(seed, ties=False):
    rng = np.random.default_rng(seed)
    truth = (rng.uniform(size=120) < 0.2).astype(float)
    score = rng.normal(truth, 1)
    return truth, np.round(score, 1) if ties else score, rng.integers(0, 4, (3, 120)).astype(float)


@pytest.mark.parametrize("ties", [False, True])
def test_average_precision_is_that_of_scikit_learn(lesson, ties):
    truth, score, weights = study(0, ties)
    ours = lesson["average_precision"](truth, score, weights)
    assert ours == pytest.approx([average_precision_score(truth, score, sample_weight=w) for w in weights])


def test_at_a_prevalence_accuracy_mixes_sensitivity_and_specificity_in_that_share(lesson):
    truth, score, _ = study(2)
    called = (score > 0.5).astype(int)
    found, cleared = np.mean(called[truth == 1]), np.mean(called[truth == 0] == 0)
    weighed = lesson["at_prevalence"](lesson["metrics"].accuracy, 0.025)
    assert weighed(truth, called, np.ones((1, 120))) == pytest.approx([0.025 * found + 0.975 * cleared])


def test_in_each_resample_the_share_of_the_ill_is_that_prevalence(lesson):
    truth, _, weights = study(2)
    weighed = lesson["at_prevalence"](lambda truth, called, weights: weights @ truth / weights.sum(-1), 0.025)
    assert weighed(truth, truth, weights) == pytest.approx([0.025] * 3)


def test_dice_recall_and_precision_are_those_of_all_pixels_together(lesson):
    rng = np.random.default_rng(0)
    truth, probability = rng.random((6, 1, 5, 5)) < 0.2, rng.random((6, 1, 5, 5))
    called = probability >= 0.6
    rows, once = lesson["counts"](truth, probability, 0.6), np.ones((1, 6))
    assert lesson["dice_of"](None, rows, once) == pytest.approx([f1_score(truth.ravel(), called.ravel())])
    assert lesson["recall_of"](None, rows, once) == pytest.approx([recall_score(truth.ravel(), called.ravel())])
    assert lesson["precision_of"](None, rows, once) == pytest.approx([precision_score(truth.ravel(), called.ravel())])
    assert lesson["precision_of"](None, lesson["counts"](truth, probability, 2), once) == [1]


@pytest.mark.parametrize(("alpha", "beta"), [(0.5, 0.5), (0.3, 0.7)])
def test_the_tversky_loss_is_that_of_monai(lesson, alpha, beta):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(4, 1, 9, 9, generator=generator)
    targets = (torch.rand(4, 1, 9, 9, generator=generator) < 0.1).float()
    smooth = {"smooth_nr": 1.0, "smooth_dr": 1.0, "batch": True, "sigmoid": True}
    theirs = TverskyLoss(alpha=alpha, beta=beta, **smooth)(logits, targets)
    assert lesson["tversky"](alpha, beta)(logits, targets) == pytest.approx(float(theirs), rel=1e-5)


def test_the_threshold_is_the_best_of_all(lesson):
    truth, score, _ = study(3)
    limit = lesson["balanced_threshold"](truth, score)

    def balanced(t):
        return np.mean(score[truth == 1] >= t) + np.mean(score[truth == 0] < t)

    assert balanced(limit) == pytest.approx(max(map(balanced, score)))


def test_every_state_of_the_explorer_can_be_drawn_and_told(lesson):
    truth, score, _ = study(4)
    probability = 1 / (1 + np.exp(-score))
    lesson |= {"truth": {"test": truth}, "scores": {"plain": {"test": probability[None]}}}
    for prevalence in (0.005, 0.5):
        for threshold in (0.01, 0.5, 0.99):
            state = {"method": "plain", "prevalence": prevalence, "threshold": threshold}
            assert isinstance(lesson["draw_measures"](**state), Figure)
            assert "nan" not in lesson["describe_measures"](**state)
