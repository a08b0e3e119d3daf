"""Estimates with intervals: bootstrap over patients, paired differences, spread over seeds.

Images of one patient are not independent, so whole patients are resampled (Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x). Intervals are BCa, bias-corrected and accelerated (Efron 1987,
doi:10.1080/01621459.1987.10478410), or plain percentiles on request.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student_t

from medlab.errors import MedlabError, unknown
from medlab.metrics import METRICS, SHARES, dice_per_image

CONFIDENCE = 0.95
_JACKKNIFE_GROUPS = 500
_CHUNK = 4_000_000  # elements of one block of weights: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval and how it came about.

    Parameters
    ----------
    value, low, high : float
        Point estimate and interval, in ``unit``.
    n_patients, n_seeds : int
        How many patients and training seeds it rests on.
    method, name, unit : str

    Examples
    --------
    >>> print(Estimate(0.912, 0.874, 0.941, n_patients=120, n_seeds=3, method="BCa", name="AUC"))
    AUC 0.912 (95 % CI 0.874 to 0.941; 120 patients, 3 seeds)
    """

    value: float
    low: float
    high: float
    n_patients: int
    n_seeds: int = 1
    method: str = ""
    name: str = ""
    unit: str = ""
    # What a difference of two estimates needs: resamples, jackknife influences, and which patients they belong to.
    draws: np.ndarray | None = field(default=None, repr=False, compare=False)
    influence: np.ndarray | None = field(default=None, repr=False, compare=False)
    key: int = field(default=0, repr=False, compare=False)

    @property
    def interval(self) -> str:
        """The number and its interval as text, with the digits that the width supports."""
        width = self.high - self.low
        digits = 3 if not np.isfinite(width) or width <= 0 else int(np.clip(np.ceil(-np.log10(width)) + 1, 0, 4))
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.value:.{digits}f}{unit} (95 % CI {self.low:.{digits}f} to {self.high:.{digits}f})"

    def __str__(self) -> str:
        seeds = f", {self.n_seeds} seeds" if self.n_seeds > 1 else ""
        text = f"{self.interval[:-1]}; {self.n_patients} patients{seeds})"
        return f"{self.name} {text}" if self.name else text

    def __sub__(self, other: Estimate) -> Estimate:
        return difference(self, other)

    def record(self) -> dict:
        """The numbers as a plain dictionary, for the record of a run."""
        kept = ("name", "value", "low", "high", "unit", "n_patients", "n_seeds", "method")
        return {key: getattr(self, key) for key in kept}


def bootstrap(
    metric: str | Callable,
    truth: np.ndarray,
    prediction: np.ndarray,
    *,
    patients: np.ndarray | None = None,
    resamples: int = 2000,
    seed: int = 0,
    method: str = "bca",
    name: str = "",
    unit: str = "",
) -> Estimate:
    """Estimate a metric with a 95 % bootstrap interval over patients, and over seeds where there are several.

    Parameters
    ----------
    metric : str or callable
        A name in ``medlab.metrics.METRICS``, "dice", or a function ``f(truth, prediction) -> float``. A function with
        a third argument ``weights`` of shape (B, N) that returns (B,) is as fast as the built-in ones.
    truth : array, shape (N, ...)
    prediction : array, shape (N, ...) or (S, N, ...)
        Scores for "auc", probabilities for "ece" and "brier", decisions for the others, masks for "dice". With S
        rows, one a training seed, the mean over the seeds is estimated: patients and seeds are both resampled.
    patients : array, shape (N,), optional
        Patient of each row. Without it each row is a patient of its own.
    resamples, seed : int
    method : {"bca", "percentile"}

    Returns
    -------
    Estimate

    Raises
    ------
    MedlabError
        If the shapes do not fit, there are fewer than two patients, or the metric does not exist on these data.

    Examples
    --------
    >>> truth, score = np.tile([0, 1], 50), np.tile([0.2, 0.7, 0.6, 0.4], 25)
    >>> print(bootstrap("auc", truth, score, name="AUC"))
    AUC 0.75 (95 % CI 0.64 to 0.84; 100 patients)
    """
    truth, predictions, weighted, label = _prepare(metric, truth, prediction)
    if method not in ("bca", "percentile"):
        raise unknown("method", method, ("bca", "percentile"))
    index, n_patients, key = _patients(patients, truth)
    evaluate = partial(_evaluate, weighted, truth, predictions, index)
    value = float(evaluate(np.ones((1, n_patients))).mean())
    if not np.isfinite(value):
        raise MedlabError(
            f"{label} does not exist on these {len(truth)} rows",
            hint="the truth needs both classes (AUC, sensitivity ...), the decisions both calls (PPV, NPV)",
        )
    counts = _resample(np.random.default_rng([seed, key]), n_patients, resamples)
    per_seed = np.concatenate([evaluate(block) for block in counts], axis=1)
    draws = _mix_seeds(per_seed, np.random.default_rng([seed, 1]))
    jackknife = np.concatenate([evaluate(block) for block in _leave_out(n_patients)], axis=1).mean(0)
    influence = np.nan_to_num(np.nanmean(jackknife) - jackknife)
    low, high = _interval(value, draws, influence, method)
    if label in SHARES:
        low, high = max(low, 0.0), min(high, 1.0)  # the spread over few seeds can reach beyond
        if low == high and value in (0.0, 1.0):
            low, high = _exact_bound(label, truth, predictions[0], index, value)
    return Estimate(
        value, low, high, n_patients, len(predictions), f"{method}, {resamples} resamples of patients",
        name or label, unit, draws, influence, key,
    )  # fmt: skip


def paired(metric: str | Callable, truth: np.ndarray, first: np.ndarray, second: np.ndarray, **options) -> Estimate:
    """Estimate metric(first) - metric(second) for two methods on the same patients; options as for bootstrap.

    Both methods see the same resampled patients (and seeds), so what is hard for both cancels.

    Examples
    --------
    >>> truth = np.tile([0, 1], 50)
    >>> paired("accuracy", truth, truth, 1 - truth).value
    1.0
    """
    name = options.pop("name", "")
    one = bootstrap(metric, truth, first, **options)
    two = bootstrap(metric, truth, second, **options)
    found = difference(one, two, method=options.get("method", "bca"))
    return _renamed(found, name or f"difference in {one.name}")


def difference(first: Estimate, second: Estimate, *, method: str = "bca", name: str = "") -> Estimate:
    """Estimate first - second from two estimates made by bootstrap: paired where the patients are the same.

    Estimates from the same patients use the same resamples, so their difference is paired; estimates from different
    patients (validation against test) are independent in the patients and still share the training seeds.

    Raises
    ------
    MedlabError
        If an estimate does not carry resamples, or they differ in number.
    """
    if first.draws is None or second.draws is None or len(first.draws) != len(second.draws):
        raise MedlabError(
            "a difference needs two estimates with the same number of resamples",
            hint="make both with stats.bootstrap and the same resamples=",
        )
    same = first.key == second.key and len(first.influence) == len(second.influence)
    draws = first.draws - second.draws
    influence = first.influence - second.influence if same else np.r_[first.influence, -second.influence]
    value = first.value - second.value
    low, high = _interval(value, draws, influence, method)
    if np.ptp(first.draws) == 0 and np.ptp(second.draws) == 0:
        # No resample differs from another: the widths of the exact bounds are all that is known.
        low = value - (second.high - second.value) - (first.value - first.low)
        high = value + (first.high - first.value) + (second.value - second.low)
    kind = "paired" if same else "independent"
    patients = first.n_patients if same else first.n_patients + second.n_patients
    return Estimate(
        value, low, high, patients, min(first.n_seeds, second.n_seeds), f"{kind} difference, {method}",
        name or f"{first.name} - {second.name}", first.unit, draws, influence, first.key if same else 0,
    )  # fmt: skip


def over_seeds(values: np.ndarray, *, n_patients: int, name: str = "", unit: str = "") -> Estimate:
    """Estimate the mean of one number per training seed, with Student's t interval over the seeds.

    Parameters
    ----------
    values : array, shape (S,), at least two
    n_patients : int
        Patients that each value rests on; the interval does not include their sampling error.

    Examples
    --------
    >>> over_seeds([0.90, 0.92, 0.91], n_patients=100).n_seeds
    3
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise MedlabError(f"{values.size} values over seeds", hint="a spread needs at least two seeds")
    half = student_t.ppf(0.5 + CONFIDENCE / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    mean = float(values.mean())
    return Estimate(mean, mean - half, mean + half, n_patients, len(values), "t over seeds", name, unit)


def _renamed(estimate: Estimate, name: str) -> Estimate:
    return replace(estimate, name=name)


def _prepare(metric, truth, prediction) -> tuple[np.ndarray, np.ndarray, Callable, str]:
    """Return truth, predictions (S, N, ...), a weighted metric and its name."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    predictions = prediction[None] if prediction.ndim == truth.ndim else prediction
    if predictions.ndim != truth.ndim + 1 or predictions.shape[1:] != truth.shape or len(truth) < 2:
        raise MedlabError(
            f"truth has shape {truth.shape}, prediction {prediction.shape}",
            hint="wanted (N, ...) and (N, ...), or (S, N, ...) with one row per training seed; N at least 2",
        )
    if np.issubdtype(predictions.dtype, np.floating) and not np.isfinite(predictions).all():
        raise MedlabError("the prediction holds NaN or infinite values", hint="find the patient with np.isfinite")
    if callable(metric):
        name = getattr(metric, "__name__", "metric")
        fast = "weights" in inspect.signature(metric).parameters
        return truth, predictions, metric if fast else partial(_by_repetition, metric), name
    if metric == "dice":
        predictions = np.stack([dice_per_image(truth, p) for p in predictions])
        return np.zeros(len(truth)), predictions, METRICS["mean"], "dice"
    if metric not in METRICS:
        raise unknown("metric", metric, [*METRICS, "dice"])
    return truth, predictions, METRICS[metric], metric


def _by_repetition(metric: Callable, truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray) -> np.ndarray:
    rows = (np.repeat(np.arange(len(truth)), w.astype(int)) for w in weights)
    return np.array([metric(truth[r], prediction[r]) for r in rows])


def _patients(patients: np.ndarray | None, truth: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Return the patient number of each row, how many there are, and a key that is the same for the same patients."""
    if patients is None:
        return np.arange(len(truth)), len(truth), zlib.crc32(np.ascontiguousarray(truth).tobytes())
    ids = np.asarray(patients).astype(str)
    if ids.shape != truth.shape[:1]:
        raise MedlabError(f"{ids.size} patients for {len(truth)} rows", hint="one patient identifier per row")
    names, index = np.unique(ids, return_inverse=True)
    if len(names) < 2:
        raise MedlabError("all rows belong to one patient", hint="an interval over patients needs at least two")
    return index, len(names), zlib.crc32("\n".join(names).encode())


def _evaluate(metric, truth, predictions, index, counts) -> np.ndarray:
    """Return the metric for each seed and each row of counts (B, patients), shape (S, B)."""
    weights = counts[:, index]
    return np.stack([metric(truth, p, weights=weights) for p in predictions])


def _resample(rng: np.random.Generator, n: int, resamples: int) -> Iterator[np.ndarray]:
    block = max(1, _CHUNK // n)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        picks = rng.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(picks.ravel(), minlength=size * n).reshape(size, n).astype(float)


def _leave_out(n: int) -> Iterator[np.ndarray]:
    """Weights that leave out one patient each, or one of 500 groups where there are many patients."""
    group = np.arange(n) % min(n, _JACKKNIFE_GROUPS)
    block = max(1, _CHUNK // n)
    for start in range(0, group.max() + 1, block):
        left = np.arange(start, min(start + block, group.max() + 1))
        yield (group[None] != left[:, None]).astype(float)


def _mix_seeds(per_seed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Average (S, B) over resampled seeds.

    Resampling S seeds shows (S - 1) / S of their variance, a third too little for three: the weights are spread by
    the square root of the inverse, which keeps their mean.
    """
    s, b = per_seed.shape
    if s == 1:
        return per_seed[0]
    weights = rng.multinomial(s, np.full(s, 1 / s), size=b) / s
    weights = 1 / s + np.sqrt(s / (s - 1)) * (weights - 1 / s)
    return (weights.T * per_seed).sum(0)


def _interval(value: float, draws: np.ndarray, influence: np.ndarray, method: str) -> tuple[float, float]:
    draws = draws[np.isfinite(draws)]
    if len(draws) < 100:
        raise MedlabError(
            "the metric does not exist in nearly all resamples", hint="too few patients of one class for an interval"
        )
    tail = np.array([0.5 - CONFIDENCE / 2, 0.5 + CONFIDENCE / 2])
    if method == "bca" and np.ptp(draws) > 0:
        below = ((draws < value).mean() + (draws <= value).mean()) / 2
        bias = norm.ppf(np.clip(below, 1 / len(draws), 1 - 1 / len(draws)))
        power = (influence**2).sum() ** 1.5
        skew = (influence**3).sum() / (6 * power) if power > 0 else 0.0
        z = bias + norm.ppf(tail)
        tail = norm.cdf(bias + z / (1 - skew * z))
    low, high = np.quantile(draws, tail)
    return float(low), float(high)


def _exact_bound(label: str, truth, prediction, index, value: float) -> tuple[float, float]:
    """Bound a share that is 0 or 1 in every resample: the other side of the exact binomial interval.

    With n patients all correct, a true share below 0.025**(1/n) would be seen in under one study of forty (the exact
    form of the "rule of three", Hanley 1983, doi:10.1001/jama.1983.03330370053031).
    """
    groups = {"sensitivity": truth == 1, "specificity": truth == 0, "ppv": prediction == 1, "npv": prediction == 0}
    if label in groups:
        n = len(np.unique(index[groups[label]]))
    elif label in ("auc", "balanced_accuracy"):
        n = min(len(np.unique(index[truth == k])) for k in np.unique(truth))
    else:
        n = len(np.unique(index))
    bound = (0.5 - CONFIDENCE / 2) ** (1 / n)
    return (bound, 1.0) if value == 1 else (0.0, 1 - bound)
