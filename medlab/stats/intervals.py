"""95 % intervals from resamples of patients and from the spread over seeds.

1. **Patients.** BCa, bias-corrected and accelerated (Efron 1987, doi:10.1080/01621459.1987.10478410), on the mean over
   the seeds. With n patients it is widened to Student's t and by sqrt(n / (n - 1)), which the bootstrap leaves out
   (Hesterberg 2015, doi:10.1080/00031305.2015.1089789). n counts the patients of the smallest group that the metric
   needs: one ill patient among a hundred is one patient.
2. **Seeds.** The variance between S seeds is added, and the quantile lies between the normal's and Student's t with
   S - 1 degrees of freedom, weighted by the two shares of the variance (Cochran 1964, Biometrics 20, 191-195). Where
   the metric has two limits, this is done on the logit between them, which keeps the interval inside.
3. **Bias.** A statistic whose resamples are off by more than a quarter of their spread (Efron and Tibshirani 1993,
   section 10.3), as the calibration error is, gets a normal interval around the corrected value. It reaches as far as
   if the value were all noise, since resamples then show less than half of the bias, and it holds the estimate.
4. **No spread.** If no resample differs, up to 1 - 0.025**(1/n) of all patients may still be different, to the ends of
   the metric's range: the exact form of the "rule of three" (Hanley 1983, doi:10.1001/jama.1983.03330370053031).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm
from scipy.stats import t as student_t

from medlab.errors import MedlabError

TAIL = 0.025
_Z = norm.ppf(1 - TAIL)
# Variance between seeds holds some noise of patients that the bootstrap has counted already: that share is moved, and
# the total never falls below a share of what the bootstrap found. Exact calculation for normal data with 3 and 5 seeds
# gives 94.3 to 97.1 % with these two, whatever the shares of seeds and patients; tests/benchmarks/interval_coverage.py.
_COUNTED, _FLOOR = 0.15, 0.85
# Of the mean of |noise| a resample, whose noise has twice the variance, shows the part sqrt(2) - 1 once more.
_ALL_NOISE = 1 / (np.sqrt(2) - 1)


@dataclass(frozen=True)
class Layer:
    """Values of one set of seeds, shape (S,), and their resamples over patients, shape (S, B)."""

    values: np.ndarray
    draws: np.ndarray

    def __neg__(self) -> Layer:
        return Layer(-self.values, -self.draws)

    def minus(self, other: Layer) -> Layer:
        """Subtract seed by seed."""
        return Layer(self.values - other.values, self.draws - other.draws)

    def variances(self) -> tuple[float, float]:
        """Return the variance between seeds, and how much of it comes from patients who differ from seed to seed."""
        if len(self.values) == 1:
            return 0.0, 0.0
        draws = self.draws[:, np.isfinite(self.draws).all(0)]
        apart = draws - draws.mean(1, keepdims=True)
        return float(self.values.var(ddof=1)), float(apart.var(axis=0, ddof=1).mean())


def interval(
    layers: tuple[Layer, ...], influence: np.ndarray, *, n: int, limits: tuple[float, float], method: str
) -> tuple[float, float]:
    """Return low and high for the sum over layers of the mean over seeds.

    Parameters
    ----------
    layers : tuple of Layer
    influence : array, shape (patients or groups of them,)
        Jackknife influences on the mean over seeds.
    n : int
        Patients in the smallest group that the metric needs.
    limits : (float, float)
        Range of the metric.
    method : {"bca", "percentile"}
    """
    value = float(sum(layer.values.mean() for layer in layers))
    draws = np.sum([layer.draws.mean(0) for layer in layers], axis=0)
    draws = draws[np.isfinite(draws)]
    if len(draws) < 100:
        raise MedlabError(
            "the metric does not exist in nearly all resamples", hint="too few patients of one class for an interval"
        )
    variances = [layer.variances() for layer in layers]
    tiny = 1e-12 * max(1.0, abs(value))
    still = draws.std() <= tiny and all(between <= tiny**2 for between, _ in variances)
    low, high = _over_patients(value, draws, influence, n, method) if n > 1 and not still else (value, value)
    low, high = max(low, limits[0]), min(high, limits[1])
    if any(between > 0 for between, _ in variances):
        seeds = [len(layer.values) for layer in layers]
        low, high = _with_seeds(value, (low, high), draws.var(), list(zip(variances, seeds, strict=True)), limits)
    if n < 2 or still:
        unseen = 1 - TAIL ** (1 / max(n, 1))
        low, high = min(low, value - unseen * (value - limits[0])), max(high, value + unseen * (limits[1] - value))
    return float(low), float(high)


def t_interval(values: np.ndarray, limits: tuple[float, float]) -> tuple[float, float]:
    """Return Student's t interval of the mean of values, shape (S,), inside the limits and never of zero width."""
    copies = Layer(values, np.repeat(values[:, None], 100, axis=1))
    if np.ptp(values) == 0:
        return interval((copies,), np.zeros(1), n=len(values), limits=limits, method="percentile")
    half = student_t.ppf(1 - TAIL, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = values.mean()
    return float(max(mean - half, limits[0])), float(min(mean + half, limits[1]))


def _over_patients(value: float, draws: np.ndarray, influence: np.ndarray, n: int, method: str) -> tuple[float, float]:
    off, spread = draws.mean() - value, draws.std(ddof=1)
    if abs(off) > 0.25 * spread:
        corrected = value - off, value - _ALL_NOISE * off
        low, high = min(corrected) - _Z * spread, max(corrected) + _Z * spread
    else:
        tails = np.array([TAIL, 1 - TAIL])
        low, high = np.quantile(draws, _accelerated(value, draws, influence, tails) if method == "bca" else tails)
    widen = student_t.ppf(1 - TAIL, n - 1) / _Z * np.sqrt(n / (n - 1))
    return value - max(0.0, value - low) * widen, value + max(0.0, high - value) * widen


def _accelerated(value: float, draws: np.ndarray, influence: np.ndarray, tails: np.ndarray) -> np.ndarray:
    below = ((draws < value).mean() + (draws <= value).mean()) / 2
    bias = norm.ppf(np.clip(below, 1 / len(draws), 1 - 1 / len(draws)))
    power = (influence**2).sum() ** 1.5
    skew = (influence**3).sum() / (6 * power) if power > 0 else 0.0
    z = bias + norm.ppf(tails)
    return norm.cdf(bias + z / (1 - skew * z))


def _with_seeds(
    value: float,
    ends: tuple[float, float],
    noise: float,
    variances: list[tuple[tuple[float, float], int]],
    limits: tuple[float, float],
) -> tuple[float, float]:
    """Widen an interval over patients by the variances of layers: ((between seeds, of it by patients), S)."""
    into, back, slope = _scale(value, limits)
    seeds = [max(0.0, between - _COUNTED * within) / s / slope**2 for (between, within), s in variances]
    counted = (1 - _COUNTED) * sum(within / s for (_, within), s in variances)
    shared = 1 - min(1.0, counted / max(noise, 1e-300))
    found = []
    for sign, end in zip((-1, 1), ends, strict=True):
        reach = abs(into(end) - into(value))
        total = (reach / _Z) ** 2 * shared + sum(seeds)
        students = [student_t.ppf(1 - TAIL, max(1, s - 1)) for _, s in variances]
        quantile = _Z + sum((t - _Z) * part / max(total, 1e-300) for t, part in zip(students, seeds, strict=True))
        found.append(back(into(value) + sign * max(_FLOOR * reach, quantile * np.sqrt(total))))
    return min(found[0], value), max(found[1], value)


def _scale(value: float, limits: tuple[float, float]) -> tuple[Callable, Callable, float]:
    """Return the logit between two limits, its inverse and the inverse's slope at the value; else what changes nothing.

    Near an end of the range the skill of seeds is skewed; on this scale it is not.
    """
    low, width = limits[0], limits[1] - limits[0]
    if not (np.isfinite(width) and 0 < (value - low) / width < 1):
        return float, lambda x: float(np.clip(x, *limits)), 1.0
    slope = (value - low) * (limits[1] - value) / width
    return (
        lambda x: logit(np.clip((x - low) / width, 1e-12, 1 - 1e-12)),
        lambda x: low + width * float(expit(x)),
        slope,
    )
