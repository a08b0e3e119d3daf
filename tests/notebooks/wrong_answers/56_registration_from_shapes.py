"""Answers to the exercises of lesson 56: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np
from scipy.ndimage import center_of_mass


def center_of_mass__highest_pixel(heatmap):
    return np.unravel_index(np.argmax(heatmap), heatmap.shape)


def center_of_mass__columns_first(heatmap):
    row, column = center_of_mass__right_by_projection(heatmap)
    return column, row


def center_of_mass__not_divided(heatmap):
    rows, columns = np.indices(heatmap.shape)
    return (heatmap * rows).sum(), (heatmap * columns).sum()


def center_of_mass__middle_of_the_image(heatmap):
    return (heatmap.shape[0] - 1) / 2, (heatmap.shape[1] - 1) / 2


def center_of_mass__counts_from_one(heatmap):
    row, column = center_of_mass__right_by_projection(heatmap)
    return row + 1, column + 1


def center_of_mass__mean_of_all_pixels_above_half(heatmap):
    return tuple(np.argwhere(heatmap >= heatmap.max() / 2).mean(0))


def center_of_mass__right_by_projection(heatmap):
    return tuple(np.average(np.arange(n), weights=heatmap.sum(1 - k)) for k, n in enumerate(heatmap.shape))


def center_of_mass__right_by_scipy(heatmap):
    return center_of_mass(heatmap)


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


def affine_from__right_by_normal_equations(fixed_points, moving_points):
    center = fixed_points.mean(0)
    given = np.column_stack([fixed_points - center, np.ones(len(fixed_points))])
    found = np.linalg.solve(given.T @ given, given.T @ moving_points).T
    found[:, 2] -= found[:, :2] @ center
    return found
