"""Answers to the exercises of lesson 62: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def line_integrals__sign(counts, photons):
    return np.log(np.maximum(counts, 1) / photons)


def line_integrals__base_ten(counts, photons):
    return -np.log10(np.maximum(counts, 1) / photons)


def line_integrals__one_added_to_all(counts, photons):
    return -np.log((counts + 1) / photons)


def line_integrals__in_place(counts, photons):
    counts[counts < 1] = 1
    return -np.log(counts / photons)


def data_gradient__downhill(image, matrix, lines, weights):
    return matrix.T @ (weights * (lines - matrix @ image))


def data_gradient__factor_two(image, matrix, lines, weights):
    return 2 * matrix.T @ (weights * (matrix @ image - lines))


def data_gradient__no_weights(image, matrix, lines, weights):
    return matrix.T @ (matrix @ image - lines)


def data_gradient__in_the_sinogram(image, matrix, lines, weights):
    return weights * (matrix @ image - lines)


def line_integrals__zero_counts_become_one(counts, photons):
    return -np.log(np.where(counts == 0, 1, counts) / photons)


def line_integrals__right_clipped_after(counts, photons):
    return np.log(photons / np.clip(counts, 1, None))


def data_gradient__right_by_loops(image, matrix, lines, weights):
    found = np.zeros(len(image))
    for row, line, weight in zip(matrix, lines, weights, strict=True):
        found += weight * (row @ image - line) * row
    return found
