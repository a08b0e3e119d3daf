"""Records: the equations that are written down are those that the patients were drawn from."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from medlab.hospital import Hospital
from medlab.hospital.patients import exogenous, structure
from medlab.hospital.records import (
    EQUATIONS,
    HAZARD,
    RETINOPATHY_CUTS,
    RETINOPATHY_PER_PERCENT,
    SKIN,
    THYROID,
    causes,
    score,
)


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return structure(exogenous(2, 8000), 2)


def newton(features: np.ndarray, slope_of, weight_of) -> tuple[np.ndarray, np.ndarray]:
    """Maximum likelihood by Newton's method: coefficients and their standard errors."""
    beta = np.zeros(features.shape[1])
    for _ in range(25):
        information = features.T @ (weight_of(beta)[:, None] * features)
        beta = beta + np.linalg.solve(information, features.T @ slope_of(beta))
    return beta, np.sqrt(np.diag(np.linalg.inv(information)))


@pytest.mark.parametrize("name", list(EQUATIONS))
def test_regression_recovers_the_written_coefficients(many, name):
    equation, known = EQUATIONS[name], causes(many)
    features = np.column_stack([np.ones(len(many)), *(known[cause].to_numpy(float) for cause in equation.causes)])
    wanted = np.array([equation.base, *equation.causes.values()])
    y = many[name].to_numpy(float)
    if equation.kind == "yes or no":
        found, error = newton(
            features,
            lambda b: y - expit(features @ b),
            lambda b: expit(features @ b) * expit(-features @ b),
        )
    else:
        if equation.kind != "normal":
            y = np.log(np.maximum(100 - y if equation.kind == "below 100" else y, 0.05))
        found, *_ = np.linalg.lstsq(features, y, rcond=None)
        rest = (y - features @ found).std()
        assert abs(rest / equation.spread - 1) < 0.08
        error = rest * np.sqrt(np.diag(np.linalg.inv(features.T @ features)))
    assert (np.abs(found - wanted) < 4.5 * error + 0.01 * np.abs(wanted)).all(), (found, wanted, error)


def hazards(table: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Exponential survival regression: the logarithm of the hazard is linear in the causes."""
    features = np.column_stack([np.ones(len(table)), *(causes(table)[name].to_numpy(float) for name in names)])
    died, years = table["event_observed"].to_numpy(float), table["event_days"].to_numpy() / 365
    return newton(
        features,
        lambda b: died - years * np.exp(features @ b),
        lambda b: years * np.exp(features @ b),
    )


def test_survival_follows_the_written_hazards(many):
    found, error = hazards(many, list(HAZARD))
    assert (np.abs(found[1:] - np.array(list(HAZARD.values()))) < 4 * error[1:]).all()
    assert 0.1 < many["event_observed"].mean() < 0.9


def test_the_steroid_looks_harmful_only_where_it_is_given_by_indication(many):
    crude, error = hazards(many, ["steroid"])
    assert crude[1] - 4 * error[1] > 0  # though HAZARD["steroid"] is negative
    lot = structure(exogenous(2, 8000), 2, confounding=False)
    crude, error = hazards(lot, ["steroid"])
    assert crude[1] + 4 * error[1] < 0


def test_without_confounding_all_sites_have_the_same_prevalence():
    lot = structure(exogenous(3, 8000), 3, confounding=False)
    of_site = lot.groupby("site")["pneumonia"].agg(["mean", "size"])
    spread = of_site["mean"].max() - of_site["mean"].min()
    assert spread < 4 * np.sqrt(0.5 / of_site["size"].min())
    on = structure(exogenous(3, 8000), 3).groupby("site")["pneumonia"].mean()
    assert on.max() - on.min() > 0.15


def test_retinopathy_needs_diabetes_and_rises_with_sugar(many):
    assert (many.loc[many["diabetes"] == 0, "retinopathy"] == 0).all()
    ill = many[many["diabetes"] == 1]
    assert set(ill["retinopathy"]) == {0, 1, 2, 3, 4}
    sugar = ill["hba1c_percent"] - 7.3
    for cut, limit in enumerate(RETINOPATHY_CUTS):  # proportional odds: the share above each limit, given HbA1c
        wanted = expit(RETINOPATHY_PER_PERCENT * sugar - limit)
        error = np.sqrt((wanted * (1 - wanted)).sum()) / len(ill)
        assert abs((ill["retinopathy"] > cut).mean() - wanted.mean()) < 4 * error
    assert np.corrcoef(sugar, ill["retinopathy"])[0, 1] > 0.1


def test_names_and_ranges(many):
    assert set(many["skin_lesion"]) == set(SKIN)
    shares = many["thyroid_nodule"].value_counts(normalize=True)
    assert all(abs(shares[name] - share) < 0.03 for name, share in THYROID.items())
    assert many["spo2_percent"].between(40, 100).all()
    assert many["event_days"].between(1, 1460).all()
    for name in ("white_matter_disease", "brain_tumor", "dementia"):
        assert ((many[f"{name}_severity"] > 0) == (many[name] == 1)).all()
    assert ((many["thyroid_nodule_severity"] > 0) == (many["thyroid_nodule"] != "none")).all()


def test_score_of_the_reference_patient_is_the_base():
    row = pd.DataFrame({"age": [60], "height_cm": [170.0], "weight_kg": [26 * 1.7**2], "sex": ["F"]})
    known = causes(row).assign(smoker=0, diabetes=0)
    assert score("white_matter_disease", known)[0] == pytest.approx(EQUATIONS["white_matter_disease"].base)


def test_the_switch_of_the_hospital():
    on, off = Hospital(300, seed=0), Hospital(300, seed=0, confounding=False)
    assert on.patients["age"].equals(off.patients["age"])
    assert not on.patients["steroid"].equals(off.patients["steroid"])
