import json

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from medlab import metrics, stats
from medlab.errors import MedlabError

STUDIES = 200


def accuracy_study(rng):
    correct = (rng.random(150) < 0.85).astype(int)
    return "accuracy", np.ones(150, int), correct, None, 0.85


def auc_study(rng):
    truth = rng.permutation(np.arange(150) % 2)
    return "auc", truth, 1.2 * truth + rng.normal(size=150), None, scipy.stats.norm.cdf(1.2 / np.sqrt(2))


def clustered_accuracy_study(rng):
    trait = np.repeat(rng.normal(size=75), 2)
    correct = (trait + rng.normal(size=150) < 1.2).astype(int)
    return "accuracy", np.ones(150, int), correct, np.repeat(np.arange(75), 2), scipy.stats.norm.cdf(1.2 / np.sqrt(2))


def clustered_auc_study(rng):
    truth = np.repeat(rng.permutation(np.arange(50) % 2), 3)
    score = 1.5 * truth + np.repeat(rng.normal(size=50), 3) + rng.normal(0, 0.5, 150)
    return "auc", truth, score, np.repeat(np.arange(50), 3), scipy.stats.norm.cdf(1.5 / np.sqrt(2 * 1.25))


@pytest.mark.parametrize("study", [accuracy_study, auc_study, clustered_accuracy_study, clustered_auc_study])
def test_the_95_percent_interval_covers_the_truth_in_95_percent_of_studies(study):
    covered = 0
    for k in range(STUDIES):
        metric, truth, prediction, patients, true = study(np.random.default_rng([7, k]))
        e = stats.bootstrap(metric, truth, prediction, patients=patients, seed=k, resamples=300)
        covered += e.low <= true <= e.high
    assert 0.91 <= covered / STUDIES <= 0.99  # 95 %, and 2.6 standard errors of 200 studies


def test_ignoring_that_images_share_patients_makes_intervals_too_narrow():
    covered = 0
    for k in range(150):
        metric, truth, score, _, true = clustered_auc_study(np.random.default_rng([7, k]))
        e = stats.bootstrap(metric, truth, score, seed=k, resamples=200)
        covered += e.low <= true <= e.high
    assert covered / 150 < 0.9


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_agrees_with_scipy_without_clusters(method):
    rng = np.random.default_rng(3)
    values = rng.exponential(size=120)
    ours = stats.bootstrap("mean", np.zeros(120), values, method=method, resamples=9999)
    theirs = scipy.stats.bootstrap((values,), np.mean, method=method, n_resamples=9999, rng=rng).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    truth, score = np.arange(60) % 2, rng.random(60)
    patients = np.array([f"p{k}" for k in rng.integers(0, 25, 60)])
    order = rng.permutation(60)
    one = stats.bootstrap("auc", truth, score, patients=patients, resamples=300)
    two = stats.bootstrap("auc", truth[order], score[order], patients=patients[order], resamples=300)
    assert (one.low, one.value, one.high) == pytest.approx((two.low, two.value, two.high))


def test_a_paired_difference_is_narrower_than_an_unpaired_one():
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 2
    hard = truth + rng.normal(size=200)
    first, second = hard + 0.1 * rng.normal(size=200), hard + 0.3 * rng.normal(size=200)
    patients = np.arange(200)
    paired = stats.paired("auc", truth, first, second, patients=patients)
    apart = stats.difference(
        stats.bootstrap("auc", truth, first, patients=patients),
        stats.bootstrap("auc", truth, second, patients=patients + 1000),
    )
    assert paired.value == pytest.approx(apart.value)
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)
    assert "paired" in paired.method
    assert "independent" in apart.method
    assert apart.n_patients == 400


def test_a_method_against_itself_differs_by_nothing_that_few_patients_can_show():
    truth, score = np.arange(50) % 2, np.random.default_rng(0).random(50)
    same = stats.paired("auc", truth, score, score)
    assert same.value == 0
    assert same.high == -same.low == pytest.approx(1 - 0.025 ** (1 / 25))


def test_any_function_is_a_metric_and_the_fast_way_agrees():
    rng = np.random.default_rng(0)
    truth, score = np.arange(40) % 2, rng.random(40)
    slow = stats.bootstrap(lambda t, p: float(metrics.brier(t, p)), truth, score, resamples=400)
    fast = stats.bootstrap("brier", truth, score, resamples=400)
    assert (slow.low, slow.value, slow.high) == pytest.approx((fast.low, fast.value, fast.high))


def test_dice_of_masks_is_the_mean_over_images():
    rng = np.random.default_rng(0)
    truth, predicted = rng.random((20, 6, 6)) > 0.5, rng.random((3, 20, 6, 6)) > 0.5
    e = stats.bootstrap("dice", truth, predicted, patients=np.repeat(np.arange(10), 2))
    assert e.value == pytest.approx(np.mean([metrics.dice_per_image(truth, p).mean() for p in predicted]))
    assert (e.n_patients, e.n_seeds) == (10, 3)


@pytest.mark.parametrize("metric", ["accuracy", "sensitivity", "specificity", "ppv", "npv", "auc"])
def test_perfection_in_few_patients_is_not_certainty(metric):
    truth = np.arange(20) % 2
    e = stats.bootstrap(metric, truth, truth)
    assert e.value == e.high == 1
    n = 20 if metric == "accuracy" else 10
    assert e.low == pytest.approx(0.025 ** (1 / n))


def test_intervals_of_shares_stay_between_0_and_1():
    truth = np.ones(50, int)
    called = np.stack([np.r_[np.ones(50 - k, int), np.zeros(k, int)] for k in (0, 1, 9)])
    e = stats.bootstrap("sensitivity", truth, called)
    assert 0 <= e.low <= e.value <= e.high <= 1
    by_hand = stats.bootstrap(lambda t, p: p[t == 1].mean(), truth, called, low=0, high=1, resamples=400)
    assert 0 <= by_hand.low <= by_hand.value <= by_hand.high <= 1
    assert by_hand.value == pytest.approx(e.value)


def test_spread_over_seeds_uses_students_t():
    e = stats.over_seeds([0.8, 0.9, 0.85], n_patients=10)
    low, high = scipy.stats.t.interval(0.95, 2, loc=0.85, scale=scipy.stats.sem([0.8, 0.9, 0.85]))
    assert (e.low, e.high) == pytest.approx((low, high))
    with pytest.raises(MedlabError, match="at least two seeds"):
        stats.over_seeds([0.8], n_patients=10)
    assert stats.over_seeds([0.1, 0.9], n_patients=10, low=0, high=1).high == 1
    assert stats.over_seeds([0.5, 0.5, 0.5], n_patients=10, low=0, high=1).low == pytest.approx(0.5 * 0.025 ** (1 / 3))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("auc", np.ones(5), np.arange(5)), "does not exist"),
        (("auc", np.arange(4) % 2, np.arange(5)), r"shape \(4,\)"),
        (("aucc", np.arange(4) % 2, np.arange(4)), "did you mean 'auc'"),
        (("auc", np.arange(4) % 2, np.array([0, 1, np.nan, 2])), "NaN"),
        (("accuracy", np.ones(1), np.ones(1)), "N at least 2"),
    ],
)
def test_wrong_input_is_explained(arguments, message):
    with pytest.raises(MedlabError, match=message):
        stats.bootstrap(*arguments)


def test_one_patient_is_no_sample():
    with pytest.raises(MedlabError, match="one patient"):
        stats.bootstrap("auc", np.arange(6) % 2, np.arange(6), patients=["a"] * 6)
    with pytest.raises(MedlabError, match="3 patients for 6 rows"):
        stats.bootstrap("auc", np.arange(6) % 2, np.arange(6), patients=["a", "b", "c"])


def test_an_estimate_reads_as_a_sentence():
    e = stats.Estimate(0.91234, 0.874, 0.941, n_patients=120, n_seeds=3, name="AUC")
    assert str(e) == "AUC 0.912 (95 % CI 0.874 to 0.941; 120 patients, 3 seeds)"
    assert e.record()["low"] == 0.874
    assert (e.record()["n"], e.record()["of"]) == (120, "patients")
    assert "layers" not in e.record()
    json.dumps(e.record())


def test_what_is_resampled_has_its_name():
    e = stats.mean([0.1, 0.4, 0.3, 0.2], of="rounds", name="reward")
    assert str(e).endswith("; 4 rounds)")
    assert "resamples of rounds" in e.method
    assert str(stats.over_seeds([1, 2], n_patients=1)).endswith("; 1 patient, 2 seeds)")


def test_the_mean_over_patients_averages_their_images_first():
    values, ids = np.array([1.0, 3.0, 8.0, 4.0]), ["b", "b", "a", "c"]
    e = stats.mean(values, patients=ids)
    assert e.value == pytest.approx((2 + 8 + 4) / 3)
    assert e.n_patients == 3
    by_image = stats.bootstrap("mean", np.zeros(3), [2.0, 8.0, 4.0], patients=["b", "a", "c"])
    assert (e.low, e.high) == pytest.approx((by_image.low, by_image.high))
    seeds = stats.mean(np.stack([values, values + 1, values + 2]), patients=ids)
    assert (seeds.value, seeds.n_seeds) == (pytest.approx(e.value + 1), 3)


def test_differences_of_means_are_paired_by_patient():
    rng = np.random.default_rng(0)
    hard, ids = rng.normal(size=60), np.arange(60) // 2
    first, second = hard + 0.1 * rng.normal(size=(3, 60)), hard - 0.2 + 0.1 * rng.normal(size=60)
    gap = stats.difference(stats.mean(first, patients=ids), stats.mean(second, patients=ids))
    assert "paired" in gap.method
    assert gap.high - gap.low < 0.3
    twice = stats.difference(gap, stats.mean(0 * hard, patients=ids))
    assert (twice.low, twice.value, twice.high) == pytest.approx((gap.low, gap.value, gap.high))


def test_seeds_of_different_number_count_as_independent():
    rng = np.random.default_rng(0)
    three, five = rng.normal(size=(3, 40)), 1 + rng.normal(size=(5, 40))
    gap = stats.difference(stats.mean(five), stats.mean(three))
    assert gap.value == pytest.approx(five.mean() - three.mean())
    assert gap.low < gap.value < gap.high
