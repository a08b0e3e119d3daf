"""Answers to the exercises of lesson 61: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def mismatch__no_conjugation(forward, backward, x, y):
    return abs(np.sum(forward(x) * y) - np.sum(x * backward(y))) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__not_relative(forward, backward, x, y):
    return abs(np.vdot(forward(x), y) - np.vdot(x, backward(y)))


def mismatch__complex(forward, backward, x, y):
    return (np.vdot(forward(x), y) - np.vdot(x, backward(y))) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__always_zero(forward, backward, x, y):
    return 0.0


def shown_share__without_difference(after, before, lesion):
    return np.sum(after * lesion) / np.sum(lesion**2)


def shown_share__not_divided(after, before, lesion):
    return np.sum((after - before) * lesion)


def shown_share__sums(after, before, lesion):
    return np.sum(after - before) / np.sum(lesion)


def mismatch__real_part_only(forward, backward, x, y):
    gap = np.vdot(forward(x), y).real - np.vdot(x, backward(y)).real
    return abs(gap) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__difference_of_absolute_values(forward, backward, x, y):
    gap = abs(np.vdot(forward(x), y)) - abs(np.vdot(x, backward(y)))
    return abs(gap) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__right_by_sums(forward, backward, x, y):
    gap = np.sum(forward(x) * np.conj(y)) - np.sum(x * np.conj(backward(y)))
    return np.abs(gap) / np.sqrt(np.sum(np.abs(x) ** 2) * np.sum(np.abs(y) ** 2))


def shown_share__absolute_differences(after, before, lesion):
    return np.sum(np.abs(after - before)) / np.sum(np.abs(lesion))


def shown_share__absolute_at_the_lesion(after, before, lesion):
    return np.sum(np.abs(after - before) * np.abs(lesion)) / np.sum(lesion**2)


def shown_share__right_by_least_squares(after, before, lesion):
    return np.linalg.lstsq(lesion.reshape(-1, 1), (after - before).ravel(), rcond=None)[0][0]
