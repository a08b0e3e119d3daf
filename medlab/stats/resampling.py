"""Resamples of patients as weights of rows, and a metric under these weights."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from medlab.errors import MedlabError

_JACKKNIFE_GROUPS = 500
_CHUNK = 100_000  # elements of one block of weights: it stays in the cache


def weighted(metric: Any) -> Callable:
    """Return a function of the caller as one that takes weights (B, N) and returns (B,)."""
    try:
        fast = "weights" in inspect.signature(metric).parameters
    except (TypeError, ValueError):  # functions written in C have no signature
        fast = False
    return metric if fast else partial(_by_repetition, metric)


def evaluate(metric, truth, predictions, index, label, counts) -> np.ndarray:
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


def resample(rng: np.random.Generator, n: int, resamples: int, *, rows: int) -> Iterator[np.ndarray]:
    """Yield blocks of counts, shape (b, n): how often each of n patients was drawn."""
    block = max(1, _CHUNK // rows)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        picks = rng.integers(n, size=(size, n)) + np.arange(size)[:, None] * n
        yield np.bincount(picks.ravel(), minlength=size * n).reshape(size, n).astype(float)


def leave_out(n: int, *, rows: int) -> Iterator[np.ndarray]:
    """Weights that leave out one patient each, or one of 500 groups where there are many patients."""
    group = np.arange(n) % min(n, _JACKKNIFE_GROUPS)
    block = max(1, _CHUNK // rows)
    for start in range(0, group.max() + 1, block):
        left = np.arange(start, min(start + block, group.max() + 1))
        yield (group[None] != left[:, None]).astype(float)


def smallest_group(group: str, truth: np.ndarray, predictions: np.ndarray, index: np.ndarray, n: int) -> int:
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
