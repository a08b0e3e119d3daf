"""Answers to the exercises of lesson 42: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np
from sklearn.metrics import cohen_kappa_score


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


def quadratic_kappa__always_zero_chance(first, second, grades):
    return 1 - np.mean((first - second) ** 2.0)


def quadratic_kappa__right_by_shuffling(first, second, grades):
    rng = np.random.default_rng(0)
    chance = np.mean([(first - rng.permutation(second)) ** 2.0 for _ in range(5000)])
    return 1 - np.mean((first - second) ** 2.0) / chance if chance else 0.0


def quadratic_kappa__right_by_matrices(first, second, grades):
    seen = np.zeros((grades, grades))
    np.add.at(seen, (first, second), 1)
    distance = (np.arange(grades)[:, None] - np.arange(grades)) ** 2
    chance = np.sum(distance * np.outer(seen.sum(1), seen.sum(0))) / seen.sum()
    return 1 - np.sum(distance * seen) / chance if chance > 0 else 0.0


def grade_probabilities__minimum_of_neighbors(above):
    mended = above.copy()
    mended[:, 1:] = np.minimum(above[:, 1:], above[:, :-1])
    edges = np.column_stack([np.ones(len(above)), mended, np.zeros(len(above))])
    return edges[:, :-1] - edges[:, 1:]


def grade_probabilities__in_place(above):
    np.minimum.accumulate(above, axis=1, out=above)
    edges = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
    return -np.diff(edges, axis=1)


def grade_probabilities__right_by_loops(above):
    rows = []
    for row in above:
        last, grades = 1.0, []
        for value in [*row, 0.0]:
            value = min(value, last)
            grades.append(last - value)
            last = value
        rows.append(grades)
    return rows
