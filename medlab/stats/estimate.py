"""The number with its interval, and the difference of two such numbers."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from medlab.errors import MedlabError
from medlab.stats.intervals import Layer, interval


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval and how it came about.

    Parameters
    ----------
    value, low, high : float
        Point estimate and interval, in ``unit``. An infinite end means that the data give no bound there.
    n_patients : int
        How many patients, or whatever ``of`` names, were resampled.
    n_seeds : int
        How many training seeds it rests on.
    method, name, unit, of : str

    Examples
    --------
    >>> print(Estimate(0.912, 0.874, 0.941, n_patients=120, n_seeds=3, method="bca", name="AUC"))
    AUC 0.912 (95 % CI 0.874 to 0.941; 120 patients, 3 seeds)
    >>> print(Estimate(0.62, 0.47, 0.75, n_patients=40, of="rounds"))
    0.62 (95 % CI 0.47 to 0.75; 40 rounds)
    """

    value: float
    low: float
    high: float
    n_patients: int
    n_seeds: int = 1
    method: str = ""
    name: str = ""
    unit: str = ""
    of: str = "patients"
    # What a difference of two estimates needs: resamples, jackknife influences, whose they are, size and range.
    layers: tuple[Layer, ...] = field(default=(), repr=False, compare=False)
    influence: np.ndarray | None = field(default=None, repr=False, compare=False)
    key: int = field(default=0, repr=False, compare=False)
    smallest: int = field(default=0, repr=False, compare=False)
    limits: tuple[float, float] = field(default=(-np.inf, np.inf), repr=False, compare=False)

    @property
    def interval(self) -> str:
        """The number and its interval as text, with the digits that the width supports."""
        width = self.high - self.low
        digits = 3 if not np.isfinite(width) or width <= 0 else int(np.clip(np.ceil(-np.log10(width)) + 1, 0, 4))
        number = f"{self.value:.{digits}f}{f' {self.unit}' if self.unit else ''}"
        if np.isinf(self.low) and np.isinf(self.high):
            return f"{number} (no interval: no two {self.of} differ, and the metric's range is unknown)"
        return f"{number} (95 % CI {self.low:.{digits}f} to {self.high:.{digits}f})"

    def __str__(self) -> str:
        things = self.of.removesuffix("s") if self.n_patients == 1 else self.of
        seeds = f", {self.n_seeds} seeds" if self.n_seeds > 1 else ""
        text = f"{self.interval[:-1]}; {self.n_patients} {things}{seeds})"
        return f"{self.name} {text}" if self.name else text

    def __sub__(self, other: Estimate) -> Estimate:
        return difference(self, other)

    def record(self) -> dict:
        """The numbers as a plain dictionary, for the record of a run; ``n`` counts what ``of`` names."""
        kept = ("name", "value", "low", "high", "unit", "of", "n_seeds", "method")
        return {key: getattr(self, key) for key in kept} | {"n": self.n_patients}


def difference(first: Estimate, second: Estimate, *, method: str = "bca", name: str = "") -> Estimate:
    """Estimate first - second from two estimates made by bootstrap: paired where the patients are the same.

    Estimates from the same patients use the same resamples, so their difference is paired; estimates from different
    patients (validation against test) are independent in the patients and still share the training seeds.

    Parameters
    ----------
    first, second : Estimate
        Made by ``bootstrap``, ``paired``, ``mean`` or ``difference``. Row s of both is training seed s; where the
        numbers of seeds differ and neither is one, the seeds count as independent.
    method : {"bca", "percentile"}
    name : str

    Raises
    ------
    MedlabError
        If an estimate does not carry resamples, or they differ in number.

    Examples
    --------
    >>> from medlab.stats import mean
    >>> ours, theirs = mean([0.75, 0.5, 1.0, 0.75], name="ours"), mean([0.5, 0.5, 0.5, 0.25], name="theirs")
    >>> print(difference(ours, theirs))
    ours - theirs 0.31 (95 % CI -0.16 to 0.66; 4 patients)
    """
    made = isinstance(first, Estimate) and isinstance(second, Estimate) and first.layers and second.layers
    if not made or first.layers[0].draws.shape[1] != second.layers[0].draws.shape[1]:
        raise MedlabError(
            "a difference needs two estimates with the same number of resamples",
            hint="make both with stats.bootstrap or stats.mean and the same resamples=",
        )
    assert first.influence is not None  # it comes with the layers
    assert second.influence is not None
    same = first.key == second.key and first.of == second.of and len(first.influence) == len(second.influence)
    influence = first.influence - second.influence if same else np.r_[first.influence, -second.influence]
    layers = _subtract(first.layers, second.layers)
    smallest = min(first.smallest, second.smallest)
    limits = (first.limits[0] - second.limits[1], first.limits[1] - second.limits[0])
    low, high = interval(layers, influence, n=smallest, limits=limits, method=method)
    return Estimate(
        first.value - second.value, low, high, first.n_patients + (0 if same else second.n_patients),
        max(first.n_seeds, second.n_seeds), f"{'paired' if same else 'independent'} difference, {method}",
        name or f"{first.name} - {second.name}", first.unit, first.of, layers, influence, first.key if same else 0,
        smallest, limits,
    )  # fmt: skip


def _subtract(first: tuple[Layer, ...], second: tuple[Layer, ...]) -> tuple[Layer, ...]:
    sizes = {len(layer.values) for layer in (*first, *second)}
    if len(first) == len(second) == 1 and len(sizes - {1}) <= 1:
        return (first[0].minus(second[0]),)  # seed by seed; one seed stands against each of many
    return (*first, *(-layer for layer in second))
