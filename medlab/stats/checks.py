"""What goes into an estimate is checked per metric: truth like prediction, in words, before anything is computed."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from medlab.errors import MedlabError, unknown
from medlab.metrics import METRICS, Metric

_NO_NAME = ("", "nan", "none", "nat", "<na>")


def array(values: Any, what: str, *, text: bool = False) -> np.ndarray:
    """Return values as an array of finite real numbers or booleans.

    Parameters
    ----------
    values : array, tensor (of any device), table column, or nested lists of these
    what : str
        What it is, for the messages: "truth", "prediction".
    text : bool
        Also accept text, for functions of the caller's own.

    Raises
    ------
    MedlabError
        For NaN, infinite or missing values, text, ragged lists and whatever else is no array of numbers.
    """
    try:
        found = _plain(values)
    except (ValueError, TypeError, RuntimeError) as error:
        raise MedlabError(f"the {what} is no array of numbers ({error})", hint="one number per row") from None
    if found.dtype.kind not in "biuf" and not (text and found.dtype.kind in "US"):
        raise MedlabError(
            f"the {what} holds {found.dtype} values, wanted numbers", hint="give classes numbers: 0, 1, 2 ..."
        )
    if found.dtype.kind == "f" and not np.isfinite(found).all():
        bad = int((~np.isfinite(found)).reshape(len(found), -1).any(1).sum()) if found.ndim else 1
        raise MedlabError(
            f"the {what} holds NaN or infinite values, in {bad} of {len(found) if found.ndim else 1} rows",
            hint="find them with np.isfinite; leave those rows out of truth, prediction and patients, and say how many",
        )
    return found


def shaped(truth: np.ndarray, prediction: np.ndarray, *, flat: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return truth (N, ...) and predictions (S, N, ...); ``flat``: one number per row, columns (N, 1) are flattened."""
    got = f"truth has shape {truth.shape}, prediction {prediction.shape}"
    if flat:
        truth = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
        if prediction.ndim > truth.ndim and prediction.shape[-1] == 1 and prediction.shape[-2:-1] == truth.shape[:1]:
            prediction = prediction[..., 0]
    predictions = prediction[None] if prediction.ndim == truth.ndim else prediction
    fits = truth.ndim > 0 and predictions.ndim == truth.ndim + 1 and predictions.shape[1:] == truth.shape
    if not fits or len(truth) < 2 or not len(predictions) or (flat and truth.ndim != 1):
        wanted = "(N,) and (N,), or (S, N)" if flat else "(N, ...) and (N, ...), or (S, N, ...)"
        turned = prediction.ndim == 2 and prediction.shape[0] == truth.size
        raise MedlabError(
            got,
            hint=f"wanted {wanted} with one row per training seed; N at least 2"
            + ("; to put seeds first, transpose it; of columns of probabilities, pass one" if turned else ""),
        )
    return truth, predictions


def fitting(metric: str, truth: np.ndarray, prediction: np.ndarray) -> None:
    """Refuse truth or predictions of another kind than the metric takes.

    Raises
    ------
    MedlabError
        Naming the values that were found and what to do.
    """
    kind = METRICS[metric]
    for what, wanted, values in (("truth", kind.truth, truth), ("prediction", kind.prediction, prediction)):
        _of_kind(metric, what, wanted, values)
    if kind.truth == "classes":
        _same_coding(metric, np.unique(truth), np.unique(prediction))


def patient_index(patients: Any, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Return the patient number of each row, the sorted patients, and a key that is the same for the same patients."""
    if patients is None:
        rows = np.arange(len(truth))
        return rows, rows, zlib.crc32(np.ascontiguousarray(truth).tobytes())
    try:
        # Lists go through objects: numpy would turn a NaN among texts into the text "nan".
        found = np.array(patients, dtype=object) if isinstance(patients, (list, tuple)) else _plain(patients)
    except (ValueError, TypeError, RuntimeError) as error:
        raise MedlabError(f"the patients are no list of identifiers ({error})", hint="one per row") from None
    found = found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
    if found.shape != truth.shape[:1]:
        raise MedlabError(f"{found.size} patients for {len(truth)} rows", hint="one patient identifier per row")
    ids = np.array([str(getattr(one, "item", lambda one=one: one)()) for one in found.tolist()])
    missing = int(np.isin(np.char.lower(np.char.strip(ids)), _NO_NAME).sum())
    if missing:
        raise MedlabError(
            f"{missing} of {len(ids)} rows have no patient", hint="name the patient of every row, or leave the row out"
        )
    names, index = np.unique(ids, return_inverse=True)
    if len(names) < 2:
        raise MedlabError("all rows belong to one patient", hint="an interval over patients needs at least two")
    return index, names, zlib.crc32("\n".join(names).encode())


def limits_of(kind: Metric | None, low: float | None, high: float | None) -> tuple[float, float]:
    """Return the range of the metric: what the caller says, else what the table says, else without end."""
    found = (kind.low, kind.high) if kind else (-np.inf, np.inf)
    try:
        lowest, highest = (
            float(own if given is None else given) for own, given in zip(found, (low, high), strict=True)
        )
    except (TypeError, ValueError):
        raise MedlabError(
            f"low={low!r}, high={high!r} are no numbers", hint="the range of the metric: 0 and 1"
        ) from None
    if not lowest < highest:
        raise MedlabError(f"low={lowest:g} is not below high={highest:g}", hint="the range of the metric: 0 and 1")
    return lowest, highest


def existing(label: str, values: np.ndarray, limits: tuple[float, float], rows: int) -> None:
    """Refuse values of a metric that do not exist or lie outside its range."""
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


def options(*, resamples: int, seed: int, method: str, of: str) -> None:
    """Refuse options that no interval can be made with."""
    whole = (int, np.integer)
    if isinstance(resamples, bool) or not isinstance(resamples, whole) or resamples < 100:
        raise MedlabError(f"resamples={resamples!r}", hint="an interval needs at least 100 resamples; 2000 is usual")
    if isinstance(seed, bool) or not isinstance(seed, whole) or seed < 0:
        raise MedlabError(f"seed {seed!r} is not a whole number from 0", hint="seed=0")
    if method not in ("bca", "percentile"):
        raise unknown("method", method, ("bca", "percentile"))
    if not isinstance(of, str) or not of:
        raise MedlabError(f"of={of!r}", hint='name what is resampled: of="patients", "images", "rounds"')


def _plain(values: Any) -> np.ndarray:
    if hasattr(values, "detach"):  # a tensor, perhaps on another device, perhaps in bfloat16, which numpy lacks
        values = values.detach().cpu()
        return (values.float() if "bfloat16" in str(values.dtype) else values).numpy()
    if isinstance(values, (list, tuple)) and any(hasattr(one, "detach") for one in values):
        return np.stack([_plain(one) for one in values])
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise ValueError("some values are masked")
    found = np.asarray(values)
    if found.dtype == object and found.ndim:
        items = found.ravel().tolist()
        if not any(isinstance(one, (str, bytes)) for one in items):
            found = np.array(items, dtype=float).reshape(found.shape)
    return found


def _of_kind(metric: str, what: str, wanted: str, values: np.ndarray) -> None:
    seen = f"{values.min():.4g} to {values.max():.4g}"
    if wanted == "binary" and not ((values == 0) | (values == 1)).all():
        whole = np.array_equal(values, np.rint(values))
        raise MedlabError(
            f"{metric} wants a {what} of 0 and 1, got values from {seen}",
            hint="choose one label: labels == 2" if whole else "make decisions of scores: compare them, scores >= 0.5",
        )
    if wanted == "classes" and not np.array_equal(values, np.rint(values)):
        raise MedlabError(
            f"{metric} wants a {what} of classes (whole numbers), got values from {seen}",
            hint="make decisions of scores: scores >= 0.5, or the class of the highest score",
        )
    rounding = 1e-6
    if wanted == "probability" and (values.min() < -rounding or values.max() > 1 + rounding):
        raise MedlabError(
            f"{metric} wants probabilities from 0 to 1, got values from {seen}",
            hint="logits become probabilities by a sigmoid: scipy.special.expit(logits)",
        )


def _same_coding(metric: str, truth: np.ndarray, called: np.ndarray) -> None:
    """Refuse classes that are numbered in two ways: 1, 2 against 0, 1, or 0, 1 against 0, 255 or -1, 1."""
    truth, called = truth.astype(float), called.astype(float)
    shifted = len(truth) > 1 and any(np.array_equal(truth, called + by) for by in (-1, 1))
    if shifted or (len(truth) == len(called) == 2 and not np.array_equal(truth, called)):
        one, other = (", ".join(f"{k:g}" for k in classes[:6]) for classes in (truth, called))
        raise MedlabError(
            f"{metric}: the truth has the classes {one}, the prediction {other}", hint="number them in the same way"
        )
