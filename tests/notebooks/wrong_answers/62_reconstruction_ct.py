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


def sirt_step__no_rows(image, matrix, lines):
    columns = matrix.sum(0)
    return image + matrix.T @ (lines - matrix @ image) / np.where(columns > 0, columns, 1)


def sirt_step__no_columns(image, matrix, lines):
    rows = matrix.sum(1)
    return image + matrix.T @ ((lines - matrix @ image) / np.where(rows > 0, rows, 1))


def sirt_step__correction_alone(image, matrix, lines):
    rows, columns = matrix.sum(1), matrix.sum(0)
    error = (lines - matrix @ image) / np.where(rows > 0, rows, 1)
    return matrix.T @ error / np.where(columns > 0, columns, 1)


def sirt_step__in_place(image, matrix, lines):
    rows, columns = matrix.sum(1), matrix.sum(0)
    error = (lines - matrix @ image) / np.where(rows > 0, rows, 1)
    image += matrix.T @ error / np.where(columns > 0, columns, 1)
    return image


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


def sirt_step__divides_by_zero(image, matrix, lines):
    return image + matrix.T @ ((lines - matrix @ image) / matrix.sum(1)) / matrix.sum(0)


def sirt_step__right_with_inverses(image, matrix, lines):
    def inverse(sums):
        return np.divide(1, sums, out=np.zeros(len(sums)), where=sums > 0)

    return image + inverse(matrix.sum(0)) * (matrix.T @ (inverse(matrix.sum(1)) * (lines - matrix @ image)))


def data_gradient__right_by_loops(image, matrix, lines, weights):
    found = np.zeros(len(image))
    for row, line, weight in zip(matrix, lines, weights, strict=True):
        found += weight * (row @ image - line) * row
    return found
