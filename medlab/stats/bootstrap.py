"""Estimates of metrics, made by resampling patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from medlab.errors import MedlabError, unknown
from medlab.metrics import METRICS, Metric, dice_per_image
from medlab.stats import checks
from medlab.stats.estimate import Estimate, difference
from medlab.stats.intervals import Layer, interval, t_interval
from medlab.stats.resampling import evaluate, leave_out, resample, smallest_group, weighted


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
    index, names, key = checks.patient_index(patients, truth)
    n = len(names)
    smallest = smallest_group(kind.group if kind else "all", truth, predictions, index, n)
    if label == "dice":  # from here on the mean of one number per image
        predictions = np.stack([dice_per_image(truth, p) for p in predictions])
        truth, kind = np.zeros(len(truth)), METRICS["mean"]
    function = kind.function if kind else weighted(metric)
    of_patients = partial(evaluate, function, truth, predictions, index, label)
    values = of_patients(np.ones((1, n)))[:, 0]
    checks.existing(label, values, limits, len(truth))
    blocks = resample(np.random.default_rng([seed, key]), n, resamples, rows=len(truth))
    draws = np.concatenate([of_patients(counts) for counts in blocks], axis=1)
    left_out = np.concatenate([of_patients(counts) for counts in leave_out(n, rows=len(truth))], axis=1).mean(0)
    influence = np.nan_to_num(left_out[np.isfinite(left_out)].sum() / max(1, np.isfinite(left_out).sum()) - left_out)
    layers = (Layer(values, draws),)
    bottom, top = interval(layers, influence, n=smallest, limits=limits, method=method)
    return Estimate(
        float(values.mean()), bottom, top, n, len(predictions), f"{method}, {resamples} resamples of {of}",
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
    share = checks.limits_of(_share(METRICS["mean"], found), low, high)
    index, names, _ = checks.patient_index(patients, np.zeros(found.shape[-1]))
    sums = [np.bincount(index, row, len(names)) for row in np.atleast_2d(found).astype(float)]
    return bootstrap(
        "mean", np.zeros(len(names)), sums / np.bincount(index), patients=None if patients is None else names,
        of=of, low=share[0], high=share[1], resamples=resamples, seed=seed, name=name or "mean", unit=unit,
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
    checks.existing(name or "the value", found, limits, len(found))
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
