import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from medlab import metrics

PAIRS = {
    "accuracy": reference.accuracy_score,
    "balanced_accuracy": reference.balanced_accuracy_score,
    "sensitivity": reference.recall_score,
    "specificity": lambda t, p, **w: reference.recall_score(t, p, pos_label=0, **w),
    "ppv": reference.precision_score,
    "npv": lambda t, p, **w: reference.precision_score(t, p, pos_label=0, **w),
}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(PAIRS)))
def test_decisions_agree_with_scikit_learn(seed, name):
    rng = np.random.default_rng(seed)
    truth, called = np.r_[0, 0, 1, 1, rng.integers(0, 2, 30)], np.r_[0, 1, 0, 1, rng.integers(0, 2, 30)]
    weights = rng.integers(1, 5, 34)
    assert metrics.METRICS[name](truth, called) == pytest.approx(PAIRS[name](truth, called))
    assert metrics.METRICS[name](truth, called, weights) == pytest.approx(
        PAIRS[name](truth, called, sample_weight=weights)
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_auc_agrees_with_scikit_learn_with_ties_and_weights(seed, ties):
    rng = np.random.default_rng(seed)
    truth, score = np.r_[0, 1, rng.integers(0, 2, 50)], rng.normal(size=52)
    score = score.round(0) if ties else score
    weights = rng.integers(1, 4, 52)
    assert metrics.auc(truth, score) == pytest.approx(reference.roc_auc_score(truth, score))
    assert metrics.auc(truth, score, weights) == pytest.approx(
        reference.roc_auc_score(truth, score, sample_weight=weights)
    )
    assert metrics.auc(truth, -score) == pytest.approx(1 - metrics.auc(truth, score))


def test_many_weights_at_once_equal_one_at_a_time():
    rng = np.random.default_rng(0)
    truth, score, weights = rng.integers(0, 2, 40), rng.random(40), rng.integers(0, 3, (7, 40))
    for name, metric in metrics.METRICS.items():
        if name == "dice":
            continue  # takes masks
        prediction = (score > 0.5).astype(int) if name not in ("auc", "ece", "brier", "mean") else score
        together = metric(truth, prediction, weights)
        assert together.shape == (7,)
        np.testing.assert_allclose(together, [metric(truth, prediction, w) for w in weights])


def test_integer_weights_equal_repeated_rows():
    rng = np.random.default_rng(1)
    truth, score, weights = rng.integers(0, 2, 30), rng.random(30), rng.integers(0, 4, 30)
    rows = np.repeat(np.arange(30), weights)
    for name in ("auc", "ece", "brier", "accuracy"):
        metric = metrics.METRICS[name]
        assert metric(truth, score, weights) == pytest.approx(metric(truth[rows], score[rows]))


def test_what_does_not_exist_is_nan_without_a_warning(recwarn):
    one = np.ones(4, dtype=int)
    assert np.isnan(metrics.auc(one, np.arange(4)))
    assert np.isnan(metrics.specificity(one, one))
    assert np.isnan(metrics.ppv(one, 0 * one))
    assert not recwarn.list


def test_calibration_error_of_known_cases():
    assert metrics.ece(np.array([0, 1, 0, 1]), np.full(4, 0.5)) == pytest.approx(0)
    assert metrics.ece(np.zeros(4), np.full(4, 0.9)) == pytest.approx(0.9)
    assert metrics.ece(np.array([0, 0, 1, 1]), np.array([0, 0, 1.0, 1])) == pytest.approx(0)


def test_dice_and_its_convention_for_empty_masks():
    truth = np.zeros((3, 4, 4), int)
    predicted = truth.copy()
    truth[0, :2], predicted[0, 1:3], predicted[1, 0] = 1, 1, 1
    np.testing.assert_allclose(metrics.dice_per_image(truth, predicted), [0.5, 0, 1])
    assert np.isnan(metrics.dice_per_image(truth, predicted, empty=np.nan)[2])
    np.testing.assert_allclose(metrics.dice_per_image(truth, predicted), metrics.dice_per_image(predicted, truth))
