"""Answers to the exercises of lesson 96: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def forgetting__from_the_diagonal(accuracy):
    return (np.diag(accuracy)[:-1] - accuracy[-1, :-1]).mean()


def forgetting__with_the_last_turn(accuracy):
    return (accuracy.max(axis=0) - accuracy[-1]).mean()


def forgetting__after_minus_before(accuracy):
    best = np.array([accuracy[j:-1, j].max() for j in range(len(accuracy) - 1)])
    return (accuracy[-1, :-1] - best).mean()


def forgetting__best_may_be_the_end(accuracy):
    return (accuracy.max(axis=0) - accuracy[-1])[:-1].mean()


def forgetting__rows_for_columns(accuracy):
    return forgetting__right_by_masking(accuracy.T)


def forgetting__sum(accuracy):
    return forgetting__right_by_masking(accuracy) * (len(accuracy) - 1)


def forgetting__the_average_accuracy(accuracy):
    return 1 - accuracy[-1].mean()


def forgetting__right_by_masking(accuracy):
    before = np.where(np.tril(np.ones_like(accuracy)) > 0, accuracy, -np.inf)[:-1, :-1]
    return float(np.mean(before.max(axis=0) - accuracy[-1, :-1]))


def keep__the_first_of_all(arrived, size):
    return np.arange(min(size, len(arrived)))


def keep__size_of_each(arrived, size):
    return np.sort(np.concatenate([np.flatnonzero(arrived == c)[:size] for c in np.unique(arrived)]))


def keep__by_class_in_a_row(arrived, size):
    names = np.unique(arrived)
    return np.concatenate([np.flatnonzero(arrived == c)[: size // len(names)] for c in names])


def keep__the_last_of_each(arrived, size):
    names = np.unique(arrived)
    share = size // len(names)
    return np.sort(np.concatenate([np.flatnonzero(arrived == c)[-share:] for c in names]))


def keep__counts_classes_to_the_largest_name(arrived, size):
    names = range(int(arrived.max()) + 1)
    return np.sort(np.concatenate([np.flatnonzero(arrived == c)[: size // len(names)] for c in names]))


def keep__fills_up_with_more(arrived, size):
    rows = keep__right_by_rank(arrived, size)
    rest = np.setdiff1d(np.arange(len(arrived)), rows)
    return np.sort(np.concatenate([rows, rest[: size - len(rows)]]))


def keep__right_by_rank(arrived, size):
    share = size // len(np.unique(arrived))
    rank = np.array([np.sum(arrived[:i] == c) for i, c in enumerate(arrived)])
    return np.flatnonzero(rank < share)


def keep__right_as_a_list(arrived, size):
    return keep__right_by_rank(arrived, size).tolist()
