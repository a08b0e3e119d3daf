"""What lesson 82 writes by hand, held against MAPIE and scikit-learn, and against what can be computed."""

import numpy as np
import pytest
import torch
from mapie.classification import SplitConformalClassifier
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from medlab.training.networks import SmallResNet
from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    return definitions("82_uncertainty")


def study(seed, n=300):
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.5, 0.5, n)
    return probability, (rng.uniform(size=n) < probability).astype(int)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose probabilities are its input."""

    def fit(self, x, y):
        self.classes_, self.fitted_ = np.array([0, 1]), True
        return self

    def predict_proba(self, x):
        return np.column_stack([1 - x[:, 0], x[:, 0]])

    def predict(self, x):
        return (x[:, 0] >= 0.5).astype(int)


@pytest.mark.parametrize("seed", range(4))
def test_conformal_sets_are_those_of_mapie(lesson, seed):
    (p, y), (new, _) = study(seed), study(seed + 50)
    limit = lesson["conformal_limit"](lesson["strange"](p, y), 0.1)
    model = Given().fit(p[:, None], y)
    theirs = SplitConformalClassifier(model, confidence_level=0.9, conformity_score="lac", prefit=True)
    _, sets = theirs.conformalize(p[:, None], y).predict_set(new[:, None])
    assert lesson["sets"](new, limit).tolist() == sets[:, :, 0].tolist()


def test_too_few_patients_promise_nothing(lesson):
    assert lesson["conformal_limit"](np.arange(8) / 8, 0.1) == np.inf
    assert lesson["conformal_limit"](np.arange(9) / 9, 0.1) == 8 / 9


@pytest.mark.parametrize("stretch", [0.5, 3.0])
def test_temperature_is_what_logistic_regression_without_intercept_finds(lesson, stretch):
    p, y = study(5, 2000)
    logits = np.log(np.clip(p, 1e-3, 0.999) / (1 - np.clip(p, 1e-3, 0.999))) * stretch
    fitted = LogisticRegression(C=np.inf, fit_intercept=False).fit(logits[:, None], y)
    assert lesson["temperature"](logits, y) == pytest.approx(1 / fitted.coef_[0, 0], rel=1e-3)


def test_the_known_posterior_is_calibrated_and_ranks_as_theory_says(lesson):
    side = 16
    away = np.hypot(*(np.indices((side, side)) - (side - 1) / 2))
    signal = torch.from_numpy(0.5 / (1 + np.exp(3 * (away - 3)))).float()
    lesson |= {"side": side, "signal": signal, "sigma": float(signal.norm()) / 2, "seed": 0}
    images, there, posterior = lesson["known"](20_000, 3)
    assert images.shape == (20_000, 1, side, side)
    groups = np.array_split(np.argsort(posterior), 10)
    assert max(abs(posterior[g].mean() - there.numpy()[g].mean()) for g in groups) < 0.04
    auc = lesson["metrics"].auc(there.numpy(), posterior)
    assert float(auc) == pytest.approx(lesson["ideal_auc"](signal, lesson["sigma"]), abs=0.01)


def test_dropout_changes_opinions_and_nothing_else(lesson):
    model = SmallResNet(1, 1, dropout=0.5, seed=0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = torch.randn(6, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    opinions = lesson["dropout_opinions"](model, images, 4, 1)
    assert opinions.shape == (4, 6)
    assert np.ptp(opinions, axis=0).min() > 0
    assert np.array_equal(opinions, lesson["dropout_opinions"](model, images, 4, 1))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module.training for module in model.modules())


def test_no_member_votes_in_its_own_ensemble(lesson):
    assert lesson["ensemble_of_others"](np.array([[0.0], [0.3], [0.9]])).ravel() == pytest.approx([0.6, 0.45, 0.15])


def test_every_state_of_the_explorer_can_be_drawn_and_told(lesson):
    p, y = study(6)
    lesson |= {"truth": {"test": y}, "opinions": {"single network": p[None]}}
    for temperature in (0.3, 5.0):
        for bins in (3.0, 40.0):
            state = {"method": "single network", "temperature": temperature, "bins": bins}
            assert isinstance(lesson["draw_reliability"](**state), Figure)
            assert "nan" not in lesson["describe_reliability"](**state)
