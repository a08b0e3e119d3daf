"""Answers to the exercises of lesson 92: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def trimmed__only_the_largest(updates, f):
    return np.sort(updates, axis=0)[: len(updates) - f].mean(axis=0)


def trimmed__only_the_smallest(updates, f):
    return np.sort(updates, axis=0)[f:].mean(axis=0)


def trimmed__without_sorting(updates, f):
    return updates[f : len(updates) - f].mean(axis=0)


def trimmed__the_mean(updates, f):
    return updates.mean(axis=0)


def trimmed__sorts_rows(updates, f):
    return np.sort(updates, axis=1)[f : len(updates) - f].mean(axis=0)


def trimmed__the_median(updates, f):
    return np.median(updates, axis=0)


def trimmed__one_number(updates, f):
    return np.sort(updates, axis=0)[f : len(updates) - f].mean()


def trimmed__f_in_all(updates, f):
    return np.sort(updates, axis=0)[f // 2 : len(updates) - f // 2].mean(axis=0)


def trimmed__right_by_partition(updates, f):
    total = np.sort(updates, axis=0)
    return (total.sum(0) - total[:f].sum(0) - total[len(updates) - f :].sum(0)) / (len(updates) - 2 * f)


def clipped__short_rows_grow(gradients, most):
    length = np.linalg.norm(gradients, axis=1, keepdims=True)
    return gradients * most / np.maximum(length, 1e-12)


def clipped__each_number(gradients, most):
    return np.clip(gradients, -most, most)


def clipped__all_patients_together(gradients, most):
    return gradients * min(1, most / max(np.linalg.norm(gradients), 1e-12))


def clipped__columns(gradients, most):
    length = np.linalg.norm(gradients, axis=0, keepdims=True)
    return gradients * np.minimum(1, most / np.maximum(length, 1e-12))


def clipped__nan_for_zeros(gradients, most):
    with np.errstate(all="ignore"):
        return (
            gradients
            * np.minimum(1, most / np.linalg.norm(gradients, axis=1, keepdims=True) * 1.0)
            * np.where(np.linalg.norm(gradients, axis=1, keepdims=True) > 0, 1, np.nan)
        )


def clipped__leaves_out_long_rows(gradients, most):
    return gradients * (np.linalg.norm(gradients, axis=1, keepdims=True) <= most)


def clipped__right_by_division(gradients, most):
    return gradients / np.maximum(1, np.linalg.norm(gradients, axis=1, keepdims=True) / most)
