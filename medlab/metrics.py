"""Metrics with weights, so that two thousand bootstrap resamples are one matrix operation.

Every metric takes ``truth`` (N,), ``prediction`` (N,) and optional ``weights`` (..., N), and returns an array of shape
``weights.shape[:-1]``: one value per set of weights. A value that does not exist (the AUC of one class, the PPV
without a positive call) is nan, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from medlab.errors import MedlabError


@dataclass(frozen=True)
class Metric:
    """What ``medlab.stats`` knows of a metric; calling it calls ``function(truth, prediction, weights=None)``.

    Parameters
    ----------
    function : callable
    truth, prediction : {"binary", "classes", "score", "probability", "value"}
        What it takes: 0 and 1; whole numbers; any numbers; numbers from 0 to 1; any numbers.
    group : str
        Whose patients limit it: "all", "classes" (the rarest class), "truth 1" (the ill), "prediction 1" (called ill).
    low, high : float
        Its range.
    """

    function: Callable[..., np.ndarray]
    truth: str = "binary"
    prediction: str = "binary"
    group: str = "all"
    low: float = 0.0
    high: float = 1.0

    def __call__(self, *arguments, **options) -> np.ndarray:
        """Return ``function(*arguments, **options)``."""
        return self.function(*arguments, **options)


def mean(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean of ``prediction``, whatever it is: a Dice per image, an error in mm. ``truth`` is not used."""
    values = np.asarray(prediction, dtype=float)
    return _ratio(_w(values, weights) @ values, _w(values, weights).sum(-1))


def accuracy(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of correct decisions; any number of classes.

    >>> float(accuracy(np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])))
    0.75
    """
    return mean(truth, np.asarray(truth) == np.asarray(prediction), weights)


def sensitivity(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the ill (truth 1) who are called ill; also called recall."""
    return _share_within(np.asarray(truth) == 1, np.asarray(prediction) == 1, weights)


def specificity(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the healthy (truth 0) who are called healthy."""
    return _share_within(np.asarray(truth) == 0, np.asarray(prediction) == 0, weights)


def ppv(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of those called ill who are ill; depends on the prevalence in this sample."""
    return _share_within(np.asarray(prediction) == 1, np.asarray(truth) == 1, weights)


def npv(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of those called healthy who are healthy; depends on the prevalence in this sample."""
    return _share_within(np.asarray(prediction) == 0, np.asarray(truth) == 0, weights)


def balanced_accuracy(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean over the classes of the share that is found; for two classes, of sensitivity and specificity."""
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    found = [_share_within(truth == k, prediction == k, weights) for k in np.unique(truth)]
    return np.mean(found, axis=0)


def auc(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Area under the ROC curve: chance that a random ill patient scores higher than a random healthy one.

    Ties count one half, which makes this the Mann-Whitney statistic (Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747).

    >>> float(auc(np.array([0, 1, 0, 1]), np.array([.1, .4, .4, .8])))
    0.875
    """
    truth, score = np.asarray(truth), np.asarray(prediction, dtype=float)
    order = np.argsort(score, kind="stable")
    w, ill = _w(score, weights)[..., order], (truth[order] == 1)
    # Rows with one score form a group; within a group nobody ranks above anybody.
    starts = np.flatnonzero(np.r_[True, np.diff(score[order]) > 0])
    w_ill, w_healthy = w * ill, w * ~ill
    if len(starts) < len(score):
        w_ill, w_healthy = np.add.reduceat(w_ill, starts, axis=-1), np.add.reduceat(w_healthy, starts, axis=-1)
    below = np.cumsum(w_healthy, axis=-1) - 0.5 * w_healthy
    return _ratio((w_ill * below).sum(-1), w_ill.sum(-1) * w_healthy.sum(-1))


def ece(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None, *, bins: int = 15) -> np.ndarray:
    """Expected calibration error of the probability of illness, over ``bins`` of equal width.

    The mean distance between stated probability and observed share (Guo et al. 2017, arXiv:1706.04599, there for the
    confidence of the winning class). Biased upward in small samples: compare it only at equal n.
    """
    truth, probability = np.asarray(truth, dtype=float), np.asarray(prediction, dtype=float)
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    member = np.eye(bins)[place]
    w = _w(probability, weights)
    gaps = w @ (member * (probability - truth)[:, None])
    return _ratio(np.abs(gaps).sum(-1), w.sum(-1))


def brier(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Mean squared difference between probability and outcome (Brier 1950); 0 is perfect."""
    return mean(truth, (np.asarray(prediction, dtype=float) - np.asarray(truth)) ** 2, weights)


def dice_per_image(truth: np.ndarray, prediction: np.ndarray, *, empty: float = 1.0) -> np.ndarray:
    """Dice overlap 2|A∩B| / (|A|+|B|) of each pair of masks, shape (N,).

    Parameters
    ----------
    truth, prediction : array, shape (N, ...), 0/1 or bool
    empty : float
        The value where both masks are empty. State which you chose: the same predictions can move from .50 to .76.

    Raises
    ------
    MedlabError
        For soft masks, label maps and shapes that differ.
    """
    one, other = (_mask(what, mask) for what, mask in (("truth", truth), ("prediction", prediction)))
    if one.shape != other.shape:
        raise MedlabError(f"masks of shapes {one.shape} and {other.shape}", hint="both of shape (N, ...)")
    flat_truth, flat_prediction = one.reshape(len(one), -1), other.reshape(len(other), -1)
    both = (flat_truth & flat_prediction).sum(1)
    total = flat_truth.sum(1) + flat_prediction.sum(1)
    return np.where(total > 0, 2 * both / np.maximum(total, 1), empty)


def _mask(what: str, mask: np.ndarray) -> np.ndarray:
    mask = np.asarray(mask)
    if mask.dtype != bool and not ((mask == 0) | (mask == 1)).all():
        raise MedlabError(
            f"Dice wants a {what} of 0 and 1, got values from {np.min(mask):.4g} to {np.max(mask):.4g}",
            hint="cut probabilities at a threshold (mask >= 0.5); take one label of a map (mask == 2)",
        )
    return mask.astype(bool)


def mean_dice(truth: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Weighted mean over images of the Dice overlap of masks, shape (N, ...); 1 where both masks are empty."""
    return mean(truth, dice_per_image(truth, prediction), weights)


METRICS: dict[str, Metric] = {
    "accuracy": Metric(accuracy, "classes", "classes"),
    "auc": Metric(auc, "binary", "score", "classes"),
    "balanced_accuracy": Metric(balanced_accuracy, "classes", "classes", "classes"),
    "brier": Metric(brier, "binary", "probability"),
    "dice": Metric(mean_dice, "binary", "binary"),
    "ece": Metric(ece, "binary", "probability"),
    "mean": Metric(mean, "value", "value", low=-np.inf, high=np.inf),
    "npv": Metric(npv, group="prediction 0"),
    "ppv": Metric(ppv, group="prediction 1"),
    "sensitivity": Metric(sensitivity, group="truth 1"),
    "specificity": Metric(specificity, group="truth 0"),
}


def _w(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return np.ones(len(values)) if weights is None else np.asarray(weights)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide, with nan instead of a warning where the denominator is 0."""
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def _share_within(group: np.ndarray, event: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    w = _w(group, weights)
    return _ratio(w @ (group & event).astype(float), w @ group.astype(float))
