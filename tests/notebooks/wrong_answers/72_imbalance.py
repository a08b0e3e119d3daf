"""Typical wrong answers to the exercises of lesson 72: exercise, two underscores, what is wrong."""

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits


def my_matthews__accuracy(truth, called):
    return np.mean(truth == called)


def my_matthews__f1(truth, called):
    return 2 * np.sum(truth * called) / (np.sum(truth) + np.sum(called))


def my_matthews__square(truth, called):
    if np.ptp(truth) == 0 or np.ptp(called) == 0:
        return 0.0
    return np.corrcoef(truth, called)[0, 1] ** 2


def my_matthews__nan(truth, called):
    t, c, both = np.mean(truth), np.mean(called), np.mean(truth * called)
    spread = t * (1 - t) * c * (1 - c)
    return (both - t * c) / spread**0.5 if spread else float("nan")


def my_matthews__no_root(truth, called):
    t, c, both = np.mean(truth), np.mean(called), np.mean(truth * called)
    return (both - t * c) / max(t * (1 - t) * c * (1 - c), 1e-9)


def my_matthews__youden(truth, called):
    ill, healthy = truth == 1, truth == 0
    return np.mean(called[ill]) - np.mean(called[healthy]) if ill.any() and healthy.any() else 0.0


def my_focal__upside_down(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (torch.exp(-each) ** gamma * each).mean()


def my_focal__same_factor_for_all(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return ((1 - torch.sigmoid(logits)) ** gamma * each).mean()


def my_focal__no_gamma(logits, targets, gamma):
    return binary_cross_entropy_with_logits(logits, targets)


def my_focal__not_reduced(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return (1 - torch.exp(-each)) ** gamma * each


def my_focal__sum(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return ((1 - torch.exp(-each)) ** gamma * each).sum()


def my_focal__factor_times_mean(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return ((1 - torch.exp(-each)) ** gamma).mean() * each.mean()


def my_focal__gamma_fixed(logits, targets, gamma):
    each = binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return ((1 - torch.exp(-each)) ** (2.0 if gamma else 0.0) * each).mean()


def to_balanced__divides_probability(probability, prior):
    return np.asarray(probability) * 0.5 / prior


def to_balanced__clipped(probability, prior):
    return np.clip(np.asarray(probability) * 0.5 / prior, 0, 1)


def to_balanced__upside_down(probability, prior):
    return probability * prior / (probability * prior + (1 - probability) * (1 - prior))


def to_balanced__odds(probability, prior):
    probability = np.clip(probability, 1e-6, 1 - 1e-6)
    return probability / (1 - probability) * (1 - prior) / prior


def to_balanced__adds(probability, prior):
    return np.clip(np.asarray(probability) + 0.5 - prior, 0, 1)


def to_balanced__forgets_the_healthy(probability, prior):
    return probability / prior / (probability / prior + 1 - probability)


def to_balanced__nothing(probability, prior):
    return probability


def tversky_index__exchanged(probability, truth, alpha, beta):
    return _index(probability, truth, beta, alpha)


def tversky_index__loss(probability, truth, alpha, beta):
    return 1 - _index(probability, truth, alpha, beta)


def tversky_index__dice(probability, truth, alpha, beta):
    return _index(probability, truth, 0.5, 0.5)


def tversky_index__empty_is_nan(probability, truth, alpha, beta):
    with np.errstate(invalid="ignore"):
        hit = np.sum(probability * truth)
        return hit / (hit + alpha * np.sum(probability * (1 - truth)) + beta * np.sum((1 - probability) * truth))


def tversky_index__empty_is_0(probability, truth, alpha, beta):
    return _index(probability, truth, alpha, beta) if np.any(truth) or np.any(probability) else 0.0


def tversky_index__thresholds(probability, truth, alpha, beta):
    return _index((np.asarray(probability) >= 0.5).astype(float), truth, alpha, beta)


def _index(probability, truth, alpha, beta):
    hit = np.sum(probability * truth)
    below = hit + alpha * np.sum(probability * (1 - truth)) + beta * np.sum((1 - probability) * truth)
    return hit / below if below > 0 else 1.0
