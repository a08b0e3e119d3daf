"""Typical wrong answers to the exercises of lesson 42: exercise, two underscores, what is wrong."""

import numpy as np
from sklearn.metrics import cohen_kappa_score, f1_score


def accuracy_of_nothing__per_finding(prevalence):
    return 1 - np.asarray(prevalence)


def accuracy_of_nothing__all_healthy(prevalence):
    return np.prod(1 - np.asarray(prevalence))


def accuracy_of_nothing__positives(prevalence):
    return np.mean(prevalence)


def accuracy_of_nothing__rarest(prevalence):
    return 1 - np.min(prevalence)


def macro_f1__micro(truth, called):
    return f1_score(truth, called, average="micro")


def macro_f1__over_patients(truth, called):
    both, total = (truth * called).sum(1), truth.sum(1) + called.sum(1)
    return np.mean(2 * both / np.maximum(total, 1))


def macro_f1__weighted(truth, called):
    return f1_score(truth, called, average="weighted")


def macro_f1__per_finding(truth, called):
    return 2 * (truth * called).sum(0) / np.maximum(truth.sum(0) + called.sum(0), 1)


def macro_f1__absent_is_perfect(truth, called):
    return f1_score(truth, called, average="macro", zero_division=1)


def macro_f1__absent_left_out(truth, called):
    both, total = (truth * called).sum(0), truth.sum(0) + called.sum(0)
    return np.mean(2 * both[total > 0] / total[total > 0])


def quadratic_kappa__plain(first, second, grades):
    return cohen_kappa_score(first, second) if np.ptp(first) else 0.0


def quadratic_kappa__linear(first, second, grades):
    return cohen_kappa_score(first, second, weights="linear") if np.ptp(first) else 0.0


def quadratic_kappa__correlation(first, second, grades):
    return np.corrcoef(first, second)[0, 1] if np.ptp(first) else 0.0


def quadratic_kappa__nan(first, second, grades):
    chance = np.mean((first[:, None] - second[None]) ** 2.0)
    return 1 - np.mean((first - second) ** 2.0) / chance if chance else float("nan")


def quadratic_kappa__mean_error(first, second, grades):
    return 1 - np.mean((first - second) ** 2.0) / (grades - 1) ** 2


def grade_probabilities__no_repair(above):
    edges = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    return edges[:, :-1] - edges[:, 1:]


def grade_probabilities__clipped(above):
    edges = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    return np.clip(edges[:, :-1] - edges[:, 1:], 0, 1)


def grade_probabilities__no_grade_zero(above):
    above = np.minimum.accumulate(above, axis=1)
    return above - np.concatenate([above[:, 1:], np.zeros((len(above), 1))], axis=1)


def grade_probabilities__sorted(above):
    above = np.sort(above, axis=1)[:, ::-1]
    edges = np.concatenate([np.ones((len(above), 1)), above, np.zeros((len(above), 1))], axis=1)
    return edges[:, :-1] - edges[:, 1:]


def grade_probabilities__softmax(above):
    logits = np.concatenate([np.zeros((len(above), 1)), above], axis=1)
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
