"""Patients: a structural causal model that is small enough to read.

    height       <- sex
    weight       <- height (through the body mass index)
    smoker       <- sex, age
    cardiomegaly <- site, age, body mass index
    pneumonia    <- site, age
    nodule       <- site, age, smoker
    effusion     <- site, age, pneumonia, cardiomegaly

Each variable is a function of its parents and of one uniform number of its own, so that a later lesson may change a
cause and keep the chance: the same patient, had she not smoked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from medlab.hospital.records import RECORD_NOISE, add_records, severity
from medlab.hospital.sites import SITES
from medlab.hospital.streams import stream

DISEASES = ("pneumonia", "nodule", "effusion", "cardiomegaly")

# One uniform number a patient for each. New ones go to the end: the earlier patients then stay as they are.
NOISE = (
    "site", "sex", "age", "height", "weight", "smoker",
    *DISEASES, *(f"{name}_severity" for name in DISEASES), "images",
    *RECORD_NOISE,
)  # fmt: skip

# Log-odds of each disease: `base` is the prevalence by site at the reference (age 60, no smoker, body mass index 26,
# no other disease), the others add to the logit: per decade of age, per unit of body mass index, or if present.
COEFFICIENTS: dict[str, Mapping] = {
    "cardiomegaly": {"base": {"A": 0.12, "B": 0.14, "C": 0.16}, "decade": 0.45, "bmi": 0.06},
    "pneumonia": {"base": {"A": 0.66, "B": 0.557, "C": 0.406}, "decade": 0.15},
    "nodule": {"base": {"A": 0.10, "B": 0.12, "C": 0.10}, "decade": 0.30, "smoker": 1.1},
    "effusion": {
        "base": {"A": 0.08, "B": 0.07, "C": 0.09},
        "decade": 0.20,
        "pneumonia": 0.6,
        "cardiomegaly": 0.9,
    },
}
SHARE_OF_IMAGES = (0.5, 0.3, 0.2)  # patients with one, two and three images


def exogenous(seed: int, patients: int) -> pd.DataFrame:
    """Draw the chance of each patient: one uniform number, 0 to 1, for each name in NOISE."""
    draws = [stream(seed, "patient", k).random(len(NOISE)) for k in range(patients)]
    return pd.DataFrame(np.array(draws).reshape(patients, len(NOISE)), columns=list(NOISE))


def disease_probability(disease: str, table: pd.DataFrame, *, confounding: bool = True) -> np.ndarray:
    """Return the probability of a disease for each patient, given its causes in the table.

    Parameters
    ----------
    disease : str
        One of DISEASES.
    table : DataFrame
        Columns site, age, height_cm, weight_kg, smoker, and the diseases that cause this one.
    confounding : bool
        Without it every site has the same base prevalence: the mean over all patients.

    Returns
    -------
    ndarray, shape (N,), 0 to 1

    Examples
    --------
    >>> row = pd.DataFrame({"site": ["C"], "age": [60], "height_cm": [170.0], "weight_kg": [75.14], "smoker": [0]})
    >>> round(float(disease_probability("pneumonia", row)[0]), 2)
    0.41
    """
    known = COEFFICIENTS[disease]
    base = dict(known["base"])
    if not confounding:
        base = dict.fromkeys(base, sum(SITES[name].share * share for name, share in base.items()))
    score = logit(table["site"].map(base).to_numpy(float))
    score = score + known["decade"] * (table["age"].to_numpy() - 60) / 10
    if "bmi" in known:
        bmi = table["weight_kg"] / (table["height_cm"] / 100) ** 2
        score = score + known["bmi"] * (bmi.to_numpy() - 26)
    for cause in ("smoker", *DISEASES):
        if cause in known:
            score = score + known[cause] * table[cause].to_numpy()
    return expit(score)


def structure(noise: pd.DataFrame, seed: int = 0, *, confounding: bool = True) -> pd.DataFrame:
    """Compute the patients from their chance, cause by cause.

    Parameters
    ----------
    noise : DataFrame
        From ``exogenous``, one row per patient.
    seed : int
        Written into the patient ids.
    confounding : bool
        Whether sites differ in prevalence and drugs follow their indication.

    Returns
    -------
    DataFrame
        patient_id, site, scanner, sex, age (years), height_cm, weight_kg, smoker (0 or 1), for each disease a 0/1
        column and a severity (0 to 1; 0 where absent), the number of images, and the columns of
        ``medlab.hospital.records``.

    Examples
    --------
    >>> structure(exogenous(0, 3))["patient_id"].tolist()
    ['H0-00000', 'H0-00001', 'H0-00002']
    """
    table = pd.DataFrame({"patient_id": [f"H{seed}-{k:05d}" for k in range(len(noise))]})
    edges = np.cumsum([one.share for one in SITES.values()])[:-1]
    table["site"] = np.array(list(SITES))[np.searchsorted(edges, noise["site"], side="right")]
    table["scanner"] = table["site"].map({name: one.scanner for name, one in SITES.items()})
    table["sex"] = np.where(noise["sex"] < 0.48, "F", "M")
    male = (table["sex"] == "M").to_numpy()
    table["age"] = np.clip(np.round(58 + 17 * ndtri(noise["age"])), 18, 95).astype(int)
    table["height_cm"] = np.round(np.where(male, 176, 163) + 6.5 * ndtri(noise["height"]), 1)
    # Body mass index is skewed: its logarithm is normal, median 26, spread 16 %.
    bmi = np.clip(26 * np.exp(0.16 * ndtri(noise["weight"])), 17, 42)
    table["weight_kg"] = np.round(bmi * (table["height_cm"] / 100) ** 2, 1)
    smokes = expit(logit(0.25) + 0.4 * male - 0.2 * (table["age"].to_numpy() - 60) / 10)
    table["smoker"] = (noise["smoker"] < smokes).astype(int)
    for disease in COEFFICIENTS:  # causes come before effects in this order
        present = noise[disease] < disease_probability(disease, table, confounding=confounding)
        table[disease] = present.astype(int)
        grave = np.round(severity(noise[f"{disease}_severity"]), 4)
        table[f"{disease}_severity"] = np.where(present, grave, 0.0)
    table["images"] = 1 + np.searchsorted(np.cumsum(SHARE_OF_IMAGES)[:-1], noise["images"], side="right")
    return add_records(table, noise, confounding=confounding)
