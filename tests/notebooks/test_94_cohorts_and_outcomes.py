"""What lesson 94 writes by hand, held against lifelines (its numbers are kept here), SciPy and plain sums."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from scipy.optimize import minimize

from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("94_cohorts_and_outcomes")


def study():
    """Days, died, two covariates and weights of sixty patients without ties."""
    rng = np.random.default_rng(0)
    x = np.c_[rng.normal(size=60), rng.random(60) < 0.4].astype(float)
    death, end = rng.exponential(500 / np.exp(0.8 * x[:, 0] - 0.5 * x[:, 1])), rng.uniform(100, 900, 60)
    days, died = np.round(np.minimum(death, end), 6), (death <= end).astype(float)
    return np.c_[days, died, x], rng.integers(1, 4, 60).astype(float)


def test_cox_is_that_of_lifelines(lesson):
    record, weights = study()
    found = lesson["cox"](record, np.stack([np.ones(60), weights]))
    # lifelines 0.30.3, CoxPHFitter, without and with weights_col
    assert found == pytest.approx(np.array([[1.144062, -0.825981], [0.944961, -0.561493]]), abs=1e-4)


def test_cox_with_ties_is_the_maximum_of_the_likelihood_of_breslow(lesson):
    record, weights = study()
    record[:, 0] = np.ceil(record[:, 0] / 100)

    def minus_log_likelihood(beta):
        risk = record[:, 2:] @ beta
        at_risk = [np.log(weights[record[:, 0] >= day] @ np.exp(risk[record[:, 0] >= day])) for day in record[:, 0]]
        return -np.sum(weights * record[:, 1] * (risk - at_risk))

    wanted = minimize(minus_log_likelihood, np.zeros(2)).x
    assert lesson["cox"](record, weights[None])[0] == pytest.approx(wanted, abs=1e-4)
    assert lesson["first_coefficient"](None, record, weights[None]) == pytest.approx(wanted[:1], abs=1e-4)


def test_survival_is_that_of_lifelines(lesson):
    record, weights = study()
    both = np.stack([np.ones(60), weights])
    found = [lesson["survival"](day)(None, record[:, :2], both) for day in (100, 300, 600)]
    # lifelines 0.30.3, KaplanMeierFitter, without and with weights
    wanted = [[0.866667, 0.857143], [0.552763, 0.572717], [0.447444, 0.430512]]
    assert np.array(found) == pytest.approx(np.array(wanted), abs=1e-5)


def test_on_the_same_day_deaths_come_before_those_who_leave(lesson):
    record = np.array([[5.0, 0], [5, 1], [9, 0]])
    assert lesson["survival"](5)(None, record, np.ones((1, 3))) == pytest.approx([2 / 3])


def test_a_weight_of_two_is_a_patient_twice(lesson):
    record, weights = study()
    record[:, 0] = np.ceil(record[:, 0] / 50)
    twice = np.repeat(record, weights.astype(int), axis=0)
    for metric in (lesson["survival"](4), lesson["of_the_dead"](4)):
        once = metric(None, twice[:, :2], np.ones((1, len(twice))))
        assert metric(None, record[:, :2], weights[None]) == pytest.approx(once)
    once = lesson["cox"](twice, np.ones((1, len(twice))))
    assert lesson["cox"](record, weights[None]) == pytest.approx(once, abs=1e-6)


def test_the_c_index_is_that_of_lifelines(lesson):
    record, _ = study()
    # lifelines 0.30.3: concordance_index(days, -risk, died)
    assert lesson["c_index"](None, record[:, :3], np.ones((1, 60))) == pytest.approx([0.7249379], abs=1e-6)


def test_the_rate_ratio_divides_deaths_by_days(lesson):
    record = np.array([[1.0, 1, 100, 50], [0, 1, 300, 0], [1, 0, 0, 200], [1, 0, 0, 150]])
    assert lesson["rate_ratio"](None, record, np.ones((1, 4))) == pytest.approx([(1 / 400) / (2 / 400)])


def test_the_cox_loss_is_the_negative_log_partial_likelihood(lesson):
    record, _ = study()
    risk, days, died = (torch.tensor(record[:, k], dtype=torch.float64) for k in (2, 0, 1))
    at_risk = [torch.logsumexp(risk[days >= day], 0) for day in days]
    wanted = -sum(d * (r - a) for d, r, a in zip(died, risk, at_risk, strict=True)) / died.sum()
    assert float(lesson["cox_loss"](risk, days, died)) == pytest.approx(float(wanted))
    assert float(lesson["cox_loss"](risk, days, 0 * died)) == 0  # a batch without a death


@pytest.mark.parametrize("last", [200.0, 700.0, 1400.0])
@pytest.mark.parametrize("group", ["no steroid", "steroid"])
def test_the_explorer_draws_every_state(lesson, last, group):
    record, _ = study()
    lesson.update(days=record[:, 0], died=record[:, 1], steroid=record[:, 3])
    assert isinstance(lesson["draw_study"](last, group), Figure)
    text = lesson["describe_study"](last, group)
    assert text.startswith(f"{group}, study of {last:.0f} days")
    assert "nan" not in text
