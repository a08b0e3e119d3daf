"""What lesson 82 writes by hand, held against MAPIE and scikit-learn, and against what can be computed."""

import types

import numpy as np
import pandas as pd
import pytest
import torch
from mapie.classification import SplitConformalClassifier
from matplotlib.figure import Figure
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from medlab.cohort import Cohort
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


def test_mixing_two_parts_keeps_every_patient_on_one_side(lesson):
    ids = np.array([f"p{k // 2}" for k in range(80)])
    whole = Cohort(torch.zeros(80, 1, 4, 4), pd.DataFrame({"patient_id": ids}))
    first, second = whole[ids < "p3"], whole[ids >= "p3"]
    lesson |= {"cohort": whole}
    halves = [set(part.patient_ids) for part in lesson["shuffled"](first, second, np.random.default_rng(0))]
    assert not halves[0] & halves[1]
    assert halves[0] | halves[1] == set(ids)
    assert len(halves[0]) == len(halves[1])
    assert halves[0] & set(first.patient_ids)
    assert halves[0] & set(second.patient_ids)


def test_doubt_is_largest_at_one_half_and_oddness_is_a_distance_of_brightness(lesson):
    part = types.SimpleNamespace(images=torch.full((3, 1, 4, 4), 0.5))
    lesson |= {"train": part, "logits_of": lambda images: np.array([[0.0, 4.0, -9.0]] * 2)}
    doubt = lesson["doubt"](part.images)
    assert doubt[0] == pytest.approx(0.5)
    assert doubt[0] > doubt[1] > doubt[2] > 0
    shades = torch.tensor([0.5, 0.8, 0.1])[:, None, None, None].expand(3, 1, 4, 4)
    assert lesson["oddness"](shades) == pytest.approx([0, 0.3, 0.4], abs=1e-6)


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
