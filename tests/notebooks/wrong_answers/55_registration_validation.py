"""Answers to the exercises of lesson 55: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def best_constant__median(lengths):
    constant = np.median(lengths)
    return constant, np.sqrt(np.mean((lengths - constant) ** 2))


def best_constant__mean_squared_error(lengths):
    return lengths.mean(), lengths.var()


def best_constant__n_minus_one(lengths):
    return lengths.mean(), lengths.std(ddof=1)


def landmark_error__pixels(u, truth, points, spacing):
    off = (u - truth)[:, points[:, 0], points[:, 1]]
    return np.sqrt((off**2).sum(0)).mean()


def landmark_error__spacing_reversed(u, truth, points, spacing):
    off = (u - truth)[:, points[:, 0], points[:, 1]] * np.asarray(spacing)[::-1, None]
    return np.sqrt((off**2).sum(0)).mean()


def landmark_error__root_mean_square(u, truth, points, spacing):
    off = (u - truth)[:, points[:, 0], points[:, 1]] * np.asarray(spacing)[:, None]
    return np.sqrt((off**2).sum(0).mean())


def affine_from__no_shift(fixed_points, moving_points):
    matrix = np.linalg.lstsq(fixed_points, moving_points, rcond=None)[0].T
    return np.column_stack([matrix, [0, 0]])


def affine_from__way_back(fixed_points, moving_points):
    given = np.column_stack([moving_points, np.ones(len(moving_points))])
    return np.linalg.lstsq(given, fixed_points, rcond=None)[0].T


def affine_from__three_points(fixed_points, moving_points):
    given = np.column_stack([fixed_points, np.ones(len(fixed_points))])
    return np.linalg.solve(given[:3], moving_points[:3]).T


def affine_from__not_transposed(fixed_points, moving_points):
    given = np.column_stack([fixed_points, np.ones(len(fixed_points))])
    return np.linalg.lstsq(given, moving_points, rcond=None)[0]


def best_constant__right_by_std(lengths):
    return np.array([np.average(lengths), np.std(lengths)])


def landmark_error__right_by_a_loop(u, truth, points, spacing):
    total = 0.0
    for row, column in points:
        down, across = u[:, row, column] - truth[:, row, column]
        total += ((down * spacing[0]) ** 2 + (across * spacing[1]) ** 2) ** 0.5
    return total / len(points)


def affine_from__right_by_normal_equations(fixed_points, moving_points):
    center = fixed_points.mean(0)
    given = np.column_stack([fixed_points - center, np.ones(len(fixed_points))])
    found = np.linalg.solve(given.T @ given, given.T @ moving_points).T
    found[:, 2] -= found[:, :2] @ center
    return found
