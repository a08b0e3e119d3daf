"""Estimates of metrics, made by resampling patients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from medlab.errors import MedlabError, unknown
from medlab.metrics import METRICS, Metric, dice_per_image
from medlab.stats import checks
from medlab.stats.estimate import Estimate, difference
from medlab.stats.intervals import Layer, interval, t_interval

_JACKKNIFE_GROUPS = 500
_CHUNK = 100_000  # elements of one block of weights: it stays in the cache


def bootstrap(
    metric: str | Callable,
    truth: Any,
    prediction: Any,
    *,
    patients: Any = None,
    of: str = "patients",
    low: float | None = None,
    high: float | None = None,
    resamples: int = 2000,
    seed: int = 0,
    method: str = "bca",
    name: str = "",
    unit: str = "",
) -> Estimate:
    """Estimate a metric with a 95 % bootstrap interval over patients, and over seeds where there are several.

    The interval leaves out the draw of the training set: see ``medlab.stats.LEFT_OUT``.

    Parameters
    ----------
    metric : str or callable
        A name in ``medlab.metrics.METRICS``, or a function ``f(truth, prediction) -> float``. A function with
        a third argument ``weights`` of shape (B, N) that returns (B,) is as fast as the built-in ones.
    truth : array or tensor, shape (N, ...)
        0 and 1 for the metrics of two classes, whole numbers for accuracies, masks of 0 and 1 for "dice".
    prediction : array or tensor, shape (N, ...) or (S, N, ...)
        Scores for "auc", probabilities for "ece" and "brier", decisions for the others, masks for "dice", any values
        for "mean". With S rows, one a training seed, the mean over the seeds is estimated.
    patients : array, shape (N,), optional
        Patient of each row. Without it each row is a patient of its own.
    of : str
        What is resampled, as a plural: "patients", "images", "rounds".
    low, high : float, optional
        Range of the metric, for a function and for "mean"; the interval stays inside. The others know theirs.
    resamples, seed : int
        At least 100 resamples.
    method : {"bca", "percentile"}
    name, unit : str

    Returns
    -------
    Estimate

    Raises
    ------
    MedlabError
        If shapes do not fit, truth or prediction are not what the metric takes, there are fewer than two patients, or
        the metric does not exist on these data.

    Examples
    --------
    >>> truth, score = np.tile([0, 1], 50), np.tile([0.2, 0.7, 0.6, 0.4], 25)
    >>> print(bootstrap("auc", truth, score, name="AUC"))
    AUC 0.75 (95 % CI 0.63 to 0.84; 100 patients)
    """
    checks.options(resamples=resamples, seed=seed, method=method, of=of)
    truth, predictions, kind, label = _prepare(metric, truth, prediction)
    limits = checks.limits_of(_share(kind, predictions) if label == "mean" else kind, low, high)
    index, n_patients, key = checks.patient_index(patients, truth)
    smallest = _smallest_group(kind.group if kind else "all", truth, predictions, index, n_patients)
    if label == "dice":  # from here on the mean of one number per image
        predictions = np.stack([dice_per_image(truth, p) for p in predictions])
        truth, kind = np.zeros(len(truth)), METRICS["mean"]
    weighted = kind.function if kind else _weighted(metric)
    evaluate = partial(_evaluate, weighted, truth, predictions, index, label)
    values = evaluate(np.ones((1, n_patients)))[:, 0]
    _existing(label, values, limits, len(truth))
    counts = _resample(np.random.default_rng([seed, key]), n_patients, resamples)
    draws = np.concatenate([evaluate(block) for block in counts], axis=1)
    jackknife = np.concatenate([evaluate(block) for block in _leave_out(n_patients)], axis=1).mean(0)
    influence = np.nan_to_num(_mean_of_finite(jackknife) - jackknife)
    layers = (Layer(values, draws),)
    bottom, top = interval(layers, influence, n=smallest, limits=limits, method=method)
    return Estimate(
        float(values.mean()), bottom, top, n_patients, len(predictions), f"{method}, {resamples} resamples of {of}",
        name or label, unit, of, layers, influence, key, smallest, limits,
    )  # fmt: skip


def paired(metric: str | Callable, truth: Any, first: Any, second: Any, **options: Any) -> Estimate:
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
    return difference(one, two, method=options.get("method", "bca"), name=name or f"difference in {one.name}")


def mean(
    values: Any,
    *,
    patients: Any = None,
    of: str = "patients",
    low: float | None = None,
    high: float | None = None,
    name: str = "",
    unit: str = "",
    resamples: int = 2000,
    seed: int = 0,
) -> Estimate:
    """Estimate the mean over patients of one number per image: a Dice, an error in mm, a share.

    Images of one patient are averaged first, so that a patient with many images counts like the others.

    Parameters
    ----------
    values : array or tensor, shape (N,) or (S, N)
        With S rows, one a training seed, the mean over the seeds is estimated.
    patients : array, shape (N,), optional
        Patient of each column. Without it each column is a patient of its own.
    of : str
        What is resampled, as a plural: "patients", "images", "rounds".
    low, high : float, optional
        Range of the values: 0 and 1 for a Dice, 0 for a distance. Values of 0 and 1 alone are known to be shares.
    name, unit : str
    resamples, seed : int

    Raises
    ------
    MedlabError
        If values are missing or infinite, or do not fit the patients.

    Examples
    --------
    >>> print(mean([4.0, 6.0, 1.0, 2.0], patients=["a", "a", "b", "c"], low=0, name="error", unit="mm"))
    error 2.7 mm (95 % CI 0.0 to 8.9; 3 patients)
    """
    found = checks.array(values, "array of values")
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.ndim not in (1, 2) or not found.size or found.shape[-1] < 2:
        raise MedlabError(f"values of shape {found.shape}", hint="wanted (N,) or (S, N), seeds first; N at least 2")
    share = _share(METRICS["mean"], found)
    index, n, _ = checks.patient_index(patients, np.zeros(found.shape[-1]))
    member = np.eye(n)[index]
    averaged = np.atleast_2d(found).astype(float) @ member / member.sum(0)
    names = None if patients is None else _names(patients, index, n)
    return bootstrap(
        "mean", np.zeros(n), averaged, patients=names, of=of, name=name or "mean", unit=unit, resamples=resamples,
        seed=seed, low=share.low if low is None else low, high=share.high if high is None else high,
    )  # fmt: skip


def over_seeds(
    values: Any,
    *,
    n_patients: int,
    of: str = "patients",
    low: float | None = None,
    high: float | None = None,
    name: str = "",
    unit: str = "",
) -> Estimate:
    """Estimate the mean of one number per training seed, with Student's t interval over the seeds.

    Parameters
    ----------
    values : array, shape (S,), at least two
    n_patients : int
        Patients (or what ``of`` names) that each value rests on; the interval leaves out their sampling error.
    of, name, unit : str
    low, high : float, optional
        Range of the values; the interval stays inside.

    Examples
    --------
    >>> over_seeds([0.90, 0.92, 0.91], n_patients=100).n_seeds
    3
    """
    found = checks.array(values, "array of values").astype(float)
    if found.ndim != 1 or len(found) < 2:
        raise MedlabError(f"{found.size} values over seeds", hint="a spread needs at least two seeds")
    limits = checks.limits_of(None, low, high)
    _existing(name or "the value", found, limits, len(found))
    bottom, top = t_interval(found, limits)
    return Estimate(float(found.mean()), bottom, top, n_patients, len(found), "t over seeds", name, unit, of)


def _prepare(metric: str | Callable, truth: Any, prediction: Any):
    """Return truth (N, ...), predictions (S, N, ...), the entry of the table of metrics if named, and a label."""
    named = not callable(metric)
    if named and (not isinstance(metric, str) or metric not in METRICS):
        raise unknown("metric", metric, METRICS)
    truth = checks.array(truth, "truth", text=not named)
    prediction = checks.array(prediction, "prediction", text=not named)
    truth, predictions = checks.shaped(truth, prediction, flat=named and metric != "dice")
    if not named:
        return truth, predictions, None, getattr(metric, "__name__", "metric")
    checks.fitting(str(metric), truth, predictions)
    return truth, predictions, METRICS[str(metric)], str(metric)


def _share(kind: Metric, values: np.ndarray) -> Metric:
    """Return the entry of "mean" with the range 0 to 1 where values are plainly yes and no."""
    binary = bool(((values == 0) | (values == 1)).all()) and (values.dtype.kind in "biu" or np.ptp(values) > 0)
    return replace(kind, low=0.0, high=1.0) if binary else kind


def _existing(label: str, values: np.ndarray, limits: tuple[float, float], rows: int) -> None:
    if not np.isfinite(values).all():
        raise MedlabError(
            f"{label} does not exist on these {rows} rows",
            hint="the truth needs both classes (AUC, sensitivity ...), the decisions both calls (PPV, NPV)",
        )
    slack = 1e-9 * (1 + np.abs(values))
    if (values < limits[0] - slack).any() or (values > limits[1] + slack).any():
        raise MedlabError(
            f"{label} is {values.mean():.4g}, outside its range of {limits[0]:g} to {limits[1]:g}",
            hint="low= and high= are the ends of what the metric can be",
        )


def _weighted(metric: Any) -> Callable:
    try:
        fast = "weights" in inspect.signature(metric).parameters
    except (TypeError, ValueError):  # functions written in C have no signature
        fast = False
    return metric if fast else partial(_by_repetition, metric)


def _by_repetition(metric: Callable, truth: np.ndarray, prediction: np.ndarray, *, weights: np.ndarray) -> np.ndarray:
    found = []
    for w in weights:
        rows = np.repeat(np.arange(len(truth)), w.astype(int))
        try:
            found.append(float(metric(truth[rows], prediction[rows])))
        except Exception:
            if len(weights) == 1 and (w == 1).all():
                raise
            found.append(np.nan)  # fine on all rows: the metric does not exist in this resample (one class alone)
    return np.array(found)


def _evaluate(metric, truth, predictions, index, label, counts) -> np.ndarray:
    """Return the metric for each seed and each row of counts (B, patients), shape (S, B)."""
    weights = counts[:, index]
    try:
        rows = [np.asarray(metric(truth, p, weights=weights), dtype=float) for p in predictions]
    except MedlabError:
        raise
    except Exception as error:
        raise MedlabError(
            f"the metric {label} fails on these data: {type(error).__name__}: {error}",
            hint="it is called as metric(truth, prediction) and returns one number",
        ) from error
    if any(row.shape != (len(counts),) for row in rows):
        raise MedlabError(
            f"the metric {label} returns shape {rows[0].shape} for weights of shape {weights.shape}",
            hint="one value for each row of weights, or leave the argument weights out and return one number",
        )
    return np.stack(rows)


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


def _mean_of_finite(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else 0.0


def _names(patients: Any, index: np.ndarray, n: int) -> list:
    first = np.zeros(n, dtype=int)
    first[index[::-1]] = np.arange(len(index))[::-1]
    listed = list(patients)
    return [listed[k] for k in first]


def _smallest_group(group: str, truth: np.ndarray, predictions: np.ndarray, index: np.ndarray, n: int) -> int:
    """Count the patients of the smallest group that the metric needs: the ill for sensitivity, of both for the AUC."""
    if group == "all":
        return n
    if group == "classes":
        counts = [len(np.unique(index[truth == k])) for k in np.unique(truth)]
        # Of many classes each moves the mean by its share alone.
        return max(1, min(counts) * len(counts) // 2)
    side, k = group.split()
    rows = truth[None] if side == "truth" else predictions
    return min(len(np.unique(index[row == int(k)])) for row in rows)
