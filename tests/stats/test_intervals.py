import numpy as np
import pytest
from scipy.stats import t as student_t

from medlab import stats
from tests.benchmarks.interval_coverage import cover


@pytest.mark.parametrize(
    ("study", "seeds", "ratio", "shared", "studies"),
    [
        ("accuracy", 3, 0.0, 0.7, 300),
        ("accuracy", 3, 2.0, 0.0, 300),
        ("accuracy", 5, 10.0, 0.7, 150),
        ("dice", 3, 2.0, 1.0, 300),
        ("paired auc", 3, 0.3, 0.7, 60),
    ],
)
def test_intervals_over_few_seeds_hold_the_truth(study, seeds, ratio, shared, studies):
    held, _ = cover(study, seeds=seeds, ratio=ratio, shared=shared, studies=studies, resamples=200)
    assert 0.93 - 2.5 * np.sqrt(0.07 * 0.93 / studies) <= held <= 0.97 + 2.5 * np.sqrt(0.03 * 0.97 / studies)


def test_where_seeds_dominate_the_interval_is_students_t():
    values = np.array([0.2, 0.5, 0.6])[:, None] + 1e-4 * np.random.default_rng(0).normal(size=(3, 100))
    e = stats.mean(values)
    half = student_t.ppf(0.975, 2) * values.mean(1).std(ddof=1) / np.sqrt(3)
    assert e.high - e.value == pytest.approx(half, rel=0.01)
    assert e.value - e.low == pytest.approx(half, rel=0.01)


def test_seeds_that_agree_change_nothing_for_the_patients():
    values = np.random.default_rng(0).exponential(size=80)
    one, three = stats.mean(values), stats.mean(np.stack([values] * 3))
    assert (three.low, three.high) == pytest.approx((one.low, one.high))
    assert one.high - one.value > one.value - one.low  # the shape of BCa is kept


@pytest.mark.parametrize("stretch", [1, 1.5, 3])
def test_the_interval_of_a_biased_statistic_holds_its_estimate(stretch):
    beside = 0
    for k in range(30):
        rng = np.random.default_rng(k)
        logit = 1.5 * rng.normal(size=60)
        truth = (rng.random(60) < 1 / (1 + np.exp(-logit))).astype(int)
        e = stats.bootstrap("ece", truth, 1 / (1 + np.exp(-stretch * logit)), seed=k, resamples=200)
        beside += not e.low <= e.value <= e.high
        assert 0 <= e.low < e.high <= 1
    assert beside == 0


@pytest.mark.parametrize("function", [np.max, np.min, np.ptp, lambda p: len(np.unique(p))])
def test_the_interval_of_any_function_holds_its_estimate(function):
    values = np.random.default_rng(1).random(40)
    e = stats.bootstrap(lambda t, p: function(p), np.zeros(40), values, resamples=200)
    assert e.low <= e.value <= e.high
    assert e.low < e.high


def test_an_interval_has_a_width_or_says_why_not():
    assert (stats.mean([1, 1, 1, 1]).low, stats.mean([1, 1, 1, 1]).high) == (pytest.approx(0.025**0.25), 1)
    distance = stats.mean(np.full(20, 2.0), low=0, unit="mm")
    assert distance.low == pytest.approx(2 * 0.025 ** (1 / 20))
    assert np.isinf(distance.high)
    free = stats.mean(np.full(20, 2.0), unit="dB")
    assert "no interval: no two patients differ" in str(free)
    scores = np.zeros(40)
    assert stats.bootstrap("auc", np.arange(40) % 2, scores).low < 0.45


def test_one_ill_patient_says_nothing_about_others():
    rng = np.random.default_rng(0)
    truth, score = np.r_[1, np.zeros(99, int)], np.r_[0.97, rng.random(99)]
    e = stats.bootstrap("auc", truth, score)
    assert e.low < 0.05
    assert e.high > 0.95
    assert stats.bootstrap("sensitivity", truth, truth).low == pytest.approx(0.025)


def test_a_difference_of_shares_lies_between_minus_1_and_1():
    truth = np.ones(12, int)
    right = np.stack([truth, truth, np.r_[np.zeros(5, int), np.ones(7, int)]])
    gap = stats.paired("accuracy", truth, right, 0 * truth)
    assert -1 <= gap.low <= gap.value <= gap.high <= 1
