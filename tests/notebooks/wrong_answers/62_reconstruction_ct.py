"""Typical wrong answers to the exercises of lesson 62: exercise, two underscores, what is wrong."""

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


def views_needed__full_turn(bins):
    return int(np.ceil(np.pi * bins))


def views_needed__as_many_as_bins(bins):
    return int(bins)


def views_needed__upside_down(bins):
    return int(np.ceil(2 / np.pi * bins))


def views_needed__rounded_down(bins):
    return int(np.pi / 2 * bins)


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
