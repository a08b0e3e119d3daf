import numpy as np
from scipy.special import expit

from medlab import explore

RNG = np.random.default_rng(0)
SCORE = RNG.normal(size=3000)
TRUTH = (RNG.uniform(size=3000) < expit(SCORE)).astype(int)


def error(what, **state):
    return float(what.describe(**state).split("error ")[1].split(". ")[0])


def test_the_temperature_that_was_used_is_the_one_that_calibrates():
    what = explore.calibration(TRUTH, expit(2 * SCORE))
    assert error(what, temperature=2.0, bins=10) < 0.03 < error(what, temperature=1.0, bins=10)
    assert error(what, temperature=2.0, bins=10) < error(what, temperature=4.0, bins=10)


def test_points_lie_at_the_observed_share():
    figure = explore.calibration([0, 1, 1, 1], [0.25] * 4).render(temperature=1.0, bins=2)
    assert figure.axes[0].lines[1].get_xydata().round(2).tolist() == [[0.25, 0.75]]


def test_what_is_too_sure_of_illness_is_told_so():
    assert "too high (0.90 stated, 0.50 ill)" in explore.calibration([0, 1], [0.9, 0.9]).describe(temperature=1, bins=5)
