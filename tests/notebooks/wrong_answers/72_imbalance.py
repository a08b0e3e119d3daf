"""Answers to the exercises of lesson 72: exercise, two underscores, what is wrong, or "right" and how."""

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


def my_matthews__only_the_decisions_are_looked_at(truth, called):
    return 0.0 if np.ptp(called) == 0 else np.corrcoef(truth, called)[0, 1]


def my_matthews__right_by_counts(truth, called):
    tp, tn = np.sum(truth & called), np.sum((1 - truth) & (1 - called))
    fp, fn = np.sum((1 - truth) & called), np.sum(truth & (1 - called))
    below = np.sqrt(float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / below if below else 0.0


def my_focal__right_with_item(logits, targets, gamma):
    p = torch.sigmoid(logits)
    p_true = torch.where(targets == 1, p, 1 - p)
    return (-((1 - p_true) ** gamma) * torch.log(p_true)).mean().item()


def my_focal__right_in_numpy(logits, targets, gamma):
    x = np.where(targets.numpy() == 1, logits.numpy(), -logits.numpy())
    return np.mean((1 / (1 + np.exp(x))) ** gamma * np.log1p(np.exp(-x)))


def tversky_index__one_without_positives(probability, truth, alpha, beta):
    return _index(probability, truth, alpha, beta) if np.any(truth) else 1.0


def tversky_index__right_by_loops(probability, truth, alpha, beta):
    hit = alarm = miss = 0.0
    for p, t in zip(np.ravel(probability), np.ravel(truth), strict=True):
        hit, alarm, miss = hit + p * t, alarm + p * (1 - t), miss + (1 - p) * t
    return 1.0 if hit + alarm + miss == 0 else hit / (hit + alpha * alarm + beta * miss)
