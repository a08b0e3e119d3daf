"""Hospital: patients, sites and images whose truth is known."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from medlab.errors import MedlabError, unknown
from medlab.hospital.annotators import Reader, read
from medlab.hospital.modalities import MODALITIES
from medlab.hospital.patients import DISEASES, exogenous, structure
from medlab.hospital.sites import SITES

if TYPE_CHECKING:
    from medlab.cohort import Cohort


class Hospital:
    """A simulated hospital: nothing in it was acquired from a person.

    Parameters
    ----------
    patients : int
        Number of patients. Patient k is the same in a hospital of any size.
    seed : int
        Seed of everything random; the same seed is the same hospital on every machine.
    confounding : bool
        Whether sites differ in prevalence and drugs go to the sick. Without it the sites treat the same patients, and
        drugs are given by lot, as in a randomized trial.

    Attributes
    ----------
    patients : DataFrame
        One row per patient: patient_id, site, scanner, sex, age (years), height_cm, weight_kg, smoker, for each
        disease a 0/1 column and a severity (0 to 1), the number of images, and the record: laboratory values, vital
        signs, ECG features, drugs, outcome. See ``medlab.hospital.patients`` and ``medlab.hospital.records``.

    Raises
    ------
    MedlabError
        If the number of patients is not at least 1, or the seed is negative.

    Examples
    --------
    >>> Hospital(patients=3, seed=0).patients["patient_id"].tolist()
    ['H0-00000', 'H0-00001', 'H0-00002']
    """

    def __init__(self, patients: int = 400, seed: int = 0, *, confounding: bool = True):
        count = _whole("patients", patients, least=1)
        self.seed = _whole("seed", seed, least=0)
        self.patients = structure(exogenous(self.seed, count), self.seed, confounding=confounding)

    def __repr__(self) -> str:
        share = ", ".join(f"{name} {self.patients[name].mean():.0%}" for name in DISEASES)
        return f"Hospital({len(self.patients)} patients, seed {self.seed}, simulated; {share})"

    def cohort(
        self,
        modality: str,
        size: int = 64,
        *,
        dose: float = 1.0,
        site: str | None = None,
        device: str = "cpu",
        **options,
    ) -> Cohort:
        """Image the patients.

        Parameters
        ----------
        modality : str
            One of ``medlab.hospital.MODALITIES``, such as "chest_xray".
        size : int
            Height and width of the images in pixels, at least 16.
        dose : float
            Photons relative to the site's protocol, above 0. The anatomy and the noise pattern stay, its strength
            changes.
        site : str, optional
            Image only the patients of this site.
        device : str
            Where the images are computed, such as "cpu" or "cuda"; the cohort itself always lies in main memory.
        **options
            What one modality alone can be asked for, such as ``spectral=True`` of "chest_ct"; see its function.

        Returns
        -------
        Cohort
            One to three images per patient.

        Raises
        ------
        MedlabError
            If the modality, site, device or option is unknown, the size or dose is out of range, or no patient is left.

        Examples
        --------
        >>> Hospital(patients=2).cohort("chest_xray", size=32).images.shape[1:]
        torch.Size([1, 32, 32])
        """
        if modality not in MODALITIES:
            raise unknown("modality", modality, MODALITIES)
        image = MODALITIES[modality]
        for name in options:
            if name not in (allowed := own_options(image)):
                raise unknown(f"option of {modality}", name, ["size", "dose", "site", "device", *allowed])
        size = _whole("size", size, least=16)
        if not isinstance(dose, (int, float, np.number)) or not 0 < dose < float("inf"):
            raise MedlabError(f"dose is {dose!r}; wanted a number above 0", hint="1.0 is the site's own protocol")
        chosen = np.arange(len(self.patients))
        if site is not None:
            if site not in SITES:
                raise unknown("site", site, SITES)
            chosen = np.flatnonzero(self.patients["site"] == site)
            if not len(chosen):
                raise MedlabError(
                    f"none of the {len(self.patients)} patients is at site {site}", hint="use more patients"
                )
        table = image_table(self.patients, chosen)
        return image(self, table, size=size, dose=float(dose), device=device, **options)

    def read(self, cohort: Cohort, reader: str | Reader = "A", *, occasion: int = 0) -> Cohort:
        """Return the cohort as a simulated reader labels and outlines it.

        Parameters
        ----------
        cohort : Cohort
            From ``cohort`` of this hospital, or a part of it.
        reader : str or Reader
            One of ``medlab.hospital.READERS``, or a Reader of your own.
        occasion : int
            Number of the reading: 0 is the first, 1 the same images read again later, and so on.

        Returns
        -------
        Cohort
            The same images and patients; labels and masks are the reader's, boxes and landmarks are left out. An
            image has the same reading in any part of the cohort.

        Raises
        ------
        MedlabError
            If the reader is unknown, or the cohort has no labels or is not of the hospital.

        Examples
        --------
        >>> hospital = Hospital(patients=20)
        >>> hospital.read(hospital.cohort("chest_xray", size=32), "B").labels.shape[1]
        4
        """
        return read(self.seed, cohort, reader, occasion=_whole("occasion", occasion, least=0))


def own_options(image: Callable) -> list[str]:
    """Return the options that a modality has beside those that all have."""
    common = ("hospital", "table", "size", "dose", "device")
    return [name for name in inspect.signature(image).parameters if name not in common]


def image_table(patients: pd.DataFrame, chosen: np.ndarray) -> pd.DataFrame:
    """Return one row per image of the chosen patients: their columns, ``patient`` (number) and ``image`` (from 0)."""
    rows = np.repeat(chosen, patients["images"].to_numpy()[chosen])
    table = patients.iloc[rows].drop(columns="images").reset_index(drop=True)
    table.insert(1, "image", table.groupby("patient_id", sort=False).cumcount())
    table.insert(1, "patient", rows)
    return table


def _whole(name: str, value: object, *, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise MedlabError(
            f"{name} is {value!r}; wanted a whole number, at least {least}", hint=f"such as {name}={max(least, 64)}"
        )
    return int(value)
