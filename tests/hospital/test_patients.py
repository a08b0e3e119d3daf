"""Patients: the written causal model is the one that is drawn from."""

import numpy as np
import pandas as pd
import pytest

from medlab.hospital import COEFFICIENTS, DISEASES, SITES, Hospital
from medlab.hospital.patients import NOISE, disease_probability, exogenous, structure
from medlab.hospital.streams import stream


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return structure(exogenous(1, 6000), 1)


def test_columns_and_ranges(many):
    assert many["patient_id"].iloc[17] == "H1-00017"
    assert many["patient_id"].is_unique
    assert set(many["site"]) == {"A", "B", "C"}
    assert set(many["sex"]) == {"F", "M"}
    assert many["age"].between(18, 95).all()
    assert many["height_cm"].between(130, 210).all()
    assert many["weight_kg"].between(30, 170).all()
    assert many["images"].isin([1, 2, 3]).all()
    assert (many["scanner"] == many["site"].map({name: site.scanner for name, site in SITES.items()})).all()


@pytest.mark.parametrize("disease", DISEASES)
@pytest.mark.parametrize("site", list(SITES))
def test_prevalence_follows_the_coefficients(many, disease, site):
    here = many[many["site"] == site]
    wanted = disease_probability(disease, here)
    error = np.sqrt((wanted * (1 - wanted)).sum()) / len(here)
    assert abs(here[disease].mean() - wanted.mean()) < 4 * error


def test_pneumonia_prevalence_by_site(many):
    for site, wanted in {"A": 0.65, "B": 0.55, "C": 0.40}.items():
        here = many[many["site"] == site]
        assert abs(here["pneumonia"].mean() - wanted) < 4 * np.sqrt(wanted * (1 - wanted) / len(here)) + 0.01


def test_severity_is_above_zero_exactly_with_the_disease(many):
    for disease in DISEASES:
        severity = many[f"{disease}_severity"]
        assert ((severity > 0) == (many[disease] == 1)).all()
        assert severity.between(0, 1).all()
        assert abs(severity[severity > 0].mean() - 0.5) < 0.04  # Beta(2, 2)


@pytest.mark.parametrize("disease", DISEASES)
def test_age_raises_every_disease(disease):
    row = pd.DataFrame(
        {"site": ["A"] * 2, "age": [30, 80], "height_cm": 170.0, "weight_kg": 75.0, "smoker": 0}
        | dict.fromkeys(DISEASES, 0)
    )
    young, old = disease_probability(disease, row)
    assert old > young


def test_smoking_raises_nodules_by_the_documented_odds():
    row = pd.DataFrame({"site": ["A"] * 2, "age": 60, "height_cm": 170.0, "weight_kg": 75.0, "smoker": [0, 1]})
    never, smoker = disease_probability("nodule", row)
    odds = (smoker / (1 - smoker)) / (never / (1 - never))
    assert np.isclose(np.log(odds), COEFFICIENTS["nodule"]["smoker"])


def test_a_cause_changed_leaves_what_it_does_not_cause():
    noise = exogenous(0, 200)
    quit_smoking = structure(noise.assign(smoker=1.0))  # 1 is above every probability: nobody smokes
    before = structure(noise)
    assert quit_smoking["smoker"].sum() == 0
    assert quit_smoking["pneumonia"].equals(before["pneumonia"])
    assert quit_smoking["nodule"].sum() < before["nodule"].sum()


def test_patient_k_does_not_depend_on_the_number_of_patients():
    few, more = Hospital(patients=20, seed=3), Hospital(patients=60, seed=3)
    pd.testing.assert_frame_equal(few.patients, more.patients.iloc[:20])


def test_another_seed_is_another_hospital():
    assert not Hospital(30, seed=0).patients["age"].equals(Hospital(30, seed=1).patients["age"])


def test_streams_differ_by_every_part_of_their_name():
    first = [stream(*name).random() for name in ((0, "a"), (1, "a"), (0, "b"), (0, "a", 1), (0, "a", 0, 1))]
    assert len(set(first)) == 5


def test_new_noise_goes_to_the_end():
    # Inserting a name would change all patients that were published with an earlier version.
    assert NOISE[:6] == ("site", "sex", "age", "height", "weight", "smoker")
    assert exogenous(0, 1).iloc[0, 0] == pytest.approx(stream(0, "patient", 0).random())
