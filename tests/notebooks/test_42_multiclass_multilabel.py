"""What lesson 42 writes by hand, held against scikit-learn; tiles; the explorer over its states."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    cohen_kappa_score,
    recall_score,
    roc_auc_score,
)

import medlab
from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("42_multiclass_multilabel")


def study(seed, ties=False):
    rng = np.random.default_rng(seed)
    truth = (rng.uniform(size=(90, 3)) < [0.6, 0.3, 0.15]).astype(float)
    score = rng.normal(truth, 1)
    return truth, np.round(score, 1) if ties else score, rng.integers(0, 4, (3, 90)).astype(float)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("average", ["macro", "micro"])
def test_averages_of_auc_are_those_of_scikit_learn(lesson, average, ties):
    truth, score, weights = study(0, ties)
    metric = lesson["micro_auc"] if average == "micro" else lesson["averaged"](lesson["metrics"].auc)
    for w, ours in zip(weights, metric(truth, score, weights), strict=True):
        rows = np.repeat(np.arange(90), w.astype(int))
        assert ours == pytest.approx(roc_auc_score(truth[rows], score[rows], average=average))


def test_average_precision_is_that_of_scikit_learn(lesson):
    truth, score, weights = study(4)
    for w, ours in zip(weights, lesson["average_precision"](truth[:, 1], score[:, 1], weights), strict=True):
        rows = np.repeat(np.arange(90), w.astype(int))
        once = average_precision_score(truth[:, 1], score[:, 1], sample_weight=w)
        assert ours == pytest.approx(once)
        assert once == pytest.approx(average_precision_score(truth[rows, 1], score[rows, 1]))


@pytest.mark.parametrize("power", [0, 1, 2])
def test_kappa_is_that_of_scikit_learn(lesson, power):
    rng = np.random.default_rng(power)
    truth, called = rng.integers(0, 5, 80), rng.integers(0, 5, 80)
    weights = rng.integers(0, 3, (4, 80)).astype(float)
    theirs = [
        cohen_kappa_score(truth, called, weights=(None, "linear", "quadratic")[power], sample_weight=w) for w in weights
    ]
    assert lesson["kappa"](truth, called, weights, power=power) == pytest.approx(theirs)


def test_kappa_of_a_constant_grade_is_zero(lesson):
    truth = np.array([0, 0, 1, 3])
    assert lesson["kappa"](truth, np.zeros(4, int), np.ones((1, 4))) == pytest.approx([0])
    assert lesson["plain_kappa"](np.zeros(4, int), np.zeros(4, int), np.ones((1, 4))) == pytest.approx([0])


def test_macro_rates_are_those_of_scikit_learn(lesson):
    truth, score, weights = study(1)
    called = (score > 0.5).astype(float)
    ones = np.ones((1, 90))
    pairs = list(zip(truth.T, called.T, strict=True))
    balanced = np.mean([balanced_accuracy_score(t, c) for t, c in pairs])
    assert lesson["averaged"](lesson["metrics"].balanced_accuracy)(truth, called, ones) == pytest.approx([balanced])
    found, cleared = (np.mean([recall_score(t, c, pos_label=k) for t, c in pairs]) for k in (1, 0))
    assert lesson["cells_right"](0.05)(truth, called, ones) == pytest.approx([0.05 * found + 0.95 * cleared])
    assert lesson["cells_right"](0.05)(truth, np.zeros_like(truth), weights) == pytest.approx([0.95] * 3)
    sensitivity = lesson["averaged"](lesson["metrics"].sensitivity)
    assert sensitivity(truth, called, ones) == pytest.approx([found])
    assert lesson["share_found"](truth, called, ones) == pytest.approx([(truth * called).sum() / truth.sum()])


def test_the_threshold_has_the_best_sum_of_rates(lesson):
    truth, score, _ = study(2)
    chosen = lesson["threshold_for"](truth[:, 0], score[:, 0])
    best = max(balanced_accuracy_score(truth[:, 0], score[:, 0] >= t) for t in score[:, 0])
    assert balanced_accuracy_score(truth[:, 0], score[:, 0] >= chosen) == pytest.approx(best)


def test_losses_have_their_best_where_the_truth_is(lesson):
    targets = torch.tensor([[1.0, 1, 0], [0, 0, 0], [0, 0, 1]])
    for name, output in (("sigmoid_loss", "sigmoid_output"), ("softmax_loss", "softmax_output")):
        logits = torch.zeros(3, 4, requires_grad=True)
        optimizer = torch.optim.SGD([logits], lr=5.0)
        for _ in range(400):
            optimizer.zero_grad()
            lesson[name](logits, targets).backward()
            optimizer.step()
        found = lesson[output](logits.detach())
        wanted = targets if name == "sigmoid_loss" else torch.tensor([[0.5, 0.5, 0], [0, 0, 0], [0, 0, 1]])
        assert torch.allclose(found, wanted, atol=0.03)


def test_the_ordinal_loss_asks_whether_the_grade_is_above_each(lesson):
    logits = torch.tensor([[9.0, 9, -9, -9], [-9, -9, -9, -9]])
    assert lesson["ordinal_loss"](logits, torch.tensor([2, 0])) < 1e-3
    assert lesson["ordinal_loss"](logits, torch.tensor([3, 0])) > 1


def test_tiles_know_which_centers_they_hold_and_whose_they_are(lesson):
    table = pd.DataFrame({"patient_id": ["a", "b"], "box_classes": ["x;y", "y"], "split": ["train", "test"]})
    boxes = [torch.tensor([[0.0, 0, 2, 2], [5, 8, 8, 12]]), torch.tensor([[6.0, 6, 8, 8]])]
    smears = medlab.Cohort(torch.rand(2, 3, 8, 12), table, boxes=boxes, structures=("x", "y"))
    found = lesson["tiles"](smears, rows=2, columns=3, side=4)
    assert found.images.shape == (12, 3, 4, 4)
    assert found.classes == ("x", "y")
    assert np.argwhere(found.labels.numpy()).tolist() == [[0, 0], [5, 1], [10, 1]]
    assert found.patient_ids.tolist() == ["a"] * 6 + ["b"] * 6
    assert torch.allclose(found.images[4], smears.images[0, :, 4:8, 4:8])


@pytest.mark.parametrize("threshold", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("finding", ["one", "two", "three"])
def test_the_explorer_draws_every_state(lesson, finding, threshold):
    truth, score, _ = study(3)
    probability = 1 / (1 + np.exp(-score))
    lesson.update(
        findings=("one", "two", "three"), Y={"test": truth}, scores={"sigmoid": {"test": np.stack([probability] * 2)}}
    )
    assert isinstance(lesson["draw_rates"](finding, threshold), Figure)
    assert f"{finding} at threshold {threshold:.2f}" in lesson["describe_rates"](finding, threshold)
