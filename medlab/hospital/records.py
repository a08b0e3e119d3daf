"""Records: what else is known of a patient, drawn from equations that are written down here and can be tested.

Diseases of other organs, laboratory values, vital signs, ECG features, drugs and the outcome follow the diseases of the
chest (``medlab.hospital.patients``). Each variable is one ``Equation`` over its causes; the coefficients are a choice
of this simulation, of the size that textbooks report, and no finding about patients. Two confounders are there on
purpose: sites differ in prevalence, and the steroid is given to those who are gravely ill (confounding by indication).
``Hospital(confounding=False)`` takes both away: every site has the same prevalence, and drugs are given by lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri


@dataclass(frozen=True)
class Equation:
    """How one variable follows from its causes: a score, and what is made of it.

    Parameters
    ----------
    kind : str
        "normal": score + spread * z. "lognormal": exp of that. "below 100": 100 minus exp of that (a saturation).
        "yes or no": 1 with probability expit(score).
    base : float
        The score of the reference patient (age 60, woman, body mass index 26, healthy); for "lognormal" and
        "below 100" the natural logarithm of the median, for "yes or no" the logit.
    causes : mapping of str to float
        What each cause adds to the score. "decade" is (age - 60) / 10, "bmi" the body mass index - 26.
    spread : float
        Standard deviation of the patient's own chance z on the score.
    decimals : int
        Values are written with this many decimals.
    unit : str
    """

    kind: str
    base: float
    causes: Mapping[str, float] = field(default_factory=dict)
    spread: float = 1.0
    decimals: int = 0
    unit: str = ""


# Causes stand before effects. Names end with their unit where they have one.
EQUATIONS: dict[str, Equation] = {
    "diabetes": Equation("yes or no", logit(0.42), {"decade": 0.35, "bmi": 0.10}),
    "white_matter_disease": Equation("yes or no", logit(0.35), {"decade": 0.60, "smoker": 0.4, "diabetes": 0.3}),
    "dementia": Equation("yes or no", logit(0.20), {"decade": 0.90}),
    "brain_tumor": Equation("yes or no", logit(0.22), {"decade": 0.10}),
    "hba1c_percent": Equation("lognormal", np.log(5.4), {"diabetes": 0.30, "bmi": 0.004}, 0.08, 1, "%"),
    "creatinine_mg_dl": Equation("lognormal", np.log(0.8), {"decade": 0.05, "male": 0.20}, 0.20, 2, "mg/dl"),
    "crp_mg_l": Equation(
        "lognormal", np.log(4.0), {"pneumonia_severity": 4.5, "effusion_severity": 0.8}, 0.8, 1, "mg/l"
    ),
    "bnp_pg_ml": Equation("lognormal", np.log(40), {"cardiomegaly_severity": 3.0, "decade": 0.2}, 0.7, 0, "pg/ml"),
    "temperature_c": Equation("normal", 36.8, {"pneumonia_severity": 2.2}, 0.4, 1, "degrees C"),
    "spo2_percent": Equation(
        "below 100", np.log(3.0), {"pneumonia_severity": 1.6, "effusion_severity": 0.9, "smoker": 0.15}, 0.30, 1, "%"
    ),
    "heart_rate_bpm": Equation("normal", 74, {"pneumonia_severity": 26, "cardiomegaly_severity": 10}, 10, 0, "1/min"),
    "systolic_mmhg": Equation(
        "normal",
        128,
        {"decade": 4.0, "bmi": 0.8, "pneumonia_severity": -12.0, "cardiomegaly_severity": 9.0},
        13,
        0,
        "mmHg",
    ),
    "atrial_fibrillation": Equation("yes or no", logit(0.06), {"decade": 0.6, "cardiomegaly": 1.0}),
    "qrs_ms": Equation("normal", 92, {"male": 6.0, "cardiomegaly_severity": 28.0}, 9, 0, "ms"),
    "qtc_ms": Equation("normal", 422, {"male": -12.0, "cardiomegaly_severity": 20.0}, 18, 0, "ms"),
    "sokolow_mv": Equation("lognormal", np.log(2.2), {"cardiomegaly_severity": 0.7, "bmi": -0.02}, 0.22, 2, "mV"),
    "anticoagulant": Equation("yes or no", logit(0.05), {"atrial_fibrillation": 3.2}),
    "steroid": Equation("yes or no", logit(0.10), {"pneumonia_severity": 6.0}),
}
DRUGS = ("anticoagulant", "steroid")
# Logarithm of the hazard ratio of death. The steroid helps; those who get it die more often, because they are sicker.
HAZARD: dict[str, float] = {
    "decade": 0.45, "smoker": 0.25, "pneumonia_severity": 2.6, "cardiomegaly_severity": 1.3, "effusion_severity": 0.6,
    "brain_tumor": 0.8, "steroid": -0.6,
}  # fmt: skip
DAYS = 2500.0  # mean survival of the reference patient
FOLLOW_UP = (365.0, 1460.0)  # days after which a patient who is alive leaves the study, uniform
WITH_SEVERITY = ("white_matter_disease", "brain_tumor", "dementia")
# Grade of retinopathy of a patient with diabetes: limits of grades 0 to 4 on a logistic scale, which HbA1c shifts.
RETINOPATHY_CUTS = (-1.2, -0.1, 0.9, 1.8)
RETINOPATHY_PER_PERCENT = 0.8
THYROID = {"none": 0.25, "cyst": 0.25, "benign": 0.28, "malignant": 0.22}
SKIN = {
    "nevus": 0.34, "melanoma": 0.16, "benign keratosis": 0.14, "basal cell carcinoma": 0.12, "actinic keratosis": 0.09,
    "vascular lesion": 0.08, "dermatofibroma": 0.07,
}  # fmt: skip
# Of old people, fewer lesions are nevi: log-odds per decade relative to the nevus.
SKIN_PER_DECADE = {"melanoma": 0.3, "benign keratosis": 0.4, "basal cell carcinoma": 0.4, "actinic keratosis": 0.5}
RECORD_NOISE = (
    *EQUATIONS, *(f"{name}_severity" for name in WITH_SEVERITY), "retinopathy", "thyroid_nodule",
    "thyroid_nodule_severity", "skin_lesion", "skin_lesion_severity", "event", "follow_up",
)  # fmt: skip


def severity(uniform: pd.Series | np.ndarray) -> np.ndarray:
    """Return Beta(2, 2) numbers, 0 to 1, by their quantile function: mild and grave cases are rare."""
    return 0.5 - np.sin(np.arcsin(1 - 2 * np.asarray(uniform)) / 3)


def causes(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the columns that equations name but a record does not show: decade, bmi (-26), male.

    Examples
    --------
    >>> row = pd.DataFrame({"age": [70], "height_cm": [200.0], "weight_kg": [108.0], "sex": ["F"]})
    >>> causes(row)[["decade", "bmi", "male"]].to_numpy().tolist()
    [[1.0, 1.0, 0.0]]
    """
    bmi = table["weight_kg"] / (table["height_cm"] / 100) ** 2 - 26
    return table.assign(decade=(table["age"] - 60) / 10, bmi=bmi.round(9), male=(table["sex"] == "M").astype(float))


def score(name: str, known: pd.DataFrame) -> np.ndarray:
    """Return the score of a variable of EQUATIONS from its causes, shape (N,)."""
    equation = EQUATIONS[name]
    total = np.full(len(known), float(equation.base))
    for cause, weight in equation.causes.items():
        total += weight * known[cause].to_numpy(float)
    return total


def add_records(table: pd.DataFrame, noise: pd.DataFrame, *, confounding: bool = True) -> pd.DataFrame:
    """Return the patients with the columns of their records.

    Parameters
    ----------
    table : DataFrame
        From ``medlab.hospital.patients.structure``.
    noise : DataFrame
        One uniform number (0 to 1) a patient for each name in RECORD_NOISE.
    confounding : bool
        Without it each drug is given by lot, to one patient in three, whatever the disease.

    Returns
    -------
    DataFrame
        Added: the names of EQUATIONS with their units, severities, ``retinopathy`` (grade 0 to 4), ``thyroid_nodule``
        and ``skin_lesion`` (names) with severities, ``event_days`` and ``event_observed`` (1 died, 0 left alive).
    """
    known = causes(table)
    new: dict[str, np.ndarray] = {}
    for name in EQUATIONS:
        lot = name in DRUGS and not confounding
        new[name] = (noise[name] < 1 / 3).astype(int) if lot else _draw(name, known, noise[name])
        known[name] = new[name]
        if name in WITH_SEVERITY:
            new[f"{name}_severity"] = np.where(new[name] == 1, severity(noise[f"{name}_severity"]).round(4), 0.0)
    new["retinopathy"] = _retinopathy(known, noise["retinopathy"])
    edges = np.cumsum(list(THYROID.values()))[:-1]
    new["thyroid_nodule"] = np.array(list(THYROID))[np.searchsorted(edges, noise["thyroid_nodule"], side="right")]
    grave = severity(noise["thyroid_nodule_severity"]).round(4)
    new["thyroid_nodule_severity"] = np.where(new["thyroid_nodule"] == "none", 0.0, grave)
    new["skin_lesion"] = _skin(known["decade"].to_numpy(), noise["skin_lesion"].to_numpy())
    new["skin_lesion_severity"] = severity(noise["skin_lesion_severity"]).round(4)
    new["event_days"], new["event_observed"] = _outcome(known, noise)
    return pd.concat([table, pd.DataFrame(new, index=table.index)], axis=1)


def _draw(name: str, known: pd.DataFrame, uniform: pd.Series) -> np.ndarray:
    equation, mean = EQUATIONS[name], score(name, known)
    if equation.kind == "yes or no":
        return (uniform.to_numpy() < expit(mean)).astype(int)
    value = mean + equation.spread * ndtri(np.clip(uniform.to_numpy(), 1e-9, 1 - 1e-9))
    if equation.kind != "normal":
        value = np.exp(value)
    if equation.kind == "below 100":
        value = np.clip(100 - value, 40, 100)
    return np.round(value, equation.decimals)


def _retinopathy(known: pd.DataFrame, uniform: pd.Series) -> np.ndarray:
    shift = RETINOPATHY_PER_PERCENT * (known["hba1c_percent"].to_numpy() - 7.3)
    at_most = expit(np.array(RETINOPATHY_CUTS)[None] - shift[:, None])  # proportional odds
    grade = (uniform.to_numpy()[:, None] > at_most).sum(axis=1)
    return np.where(known["diabetes"] == 1, grade, 0)


def _skin(decade: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    weight = np.array([share * np.exp(SKIN_PER_DECADE.get(name, 0) * decade) for name, share in SKIN.items()]).T
    below = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return np.array(list(SKIN))[(uniform[:, None] > below).sum(axis=1)]


def _outcome(known: pd.DataFrame, noise: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Draw death from an exponential distribution with proportional hazards, and the end of follow-up."""
    log_ratio = sum(weight * known[name].to_numpy(float) for name, weight in HAZARD.items())
    death = -np.log1p(-noise["event"].to_numpy()) * DAYS / np.exp(log_ratio)
    end = FOLLOW_UP[0] + (FOLLOW_UP[1] - FOLLOW_UP[0]) * noise["follow_up"].to_numpy()
    return np.maximum(np.round(np.minimum(death, end)), 1).astype(int), (death <= end).astype(int)
