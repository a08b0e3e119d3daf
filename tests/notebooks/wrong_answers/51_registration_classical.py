"""Answers to the exercises of lesson 51: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def rigid_error__around_the_origin(points, targets, rotation, center, shift):
    return np.mean(np.linalg.norm(points @ rotation.T + shift - targets, axis=1))


def rigid_error__turned_back(points, targets, rotation, center, shift):
    return np.mean(np.linalg.norm((points - center) @ rotation + center + shift - targets, axis=1))


def rigid_error__mean_of_axes(points, targets, rotation, center, shift):
    return np.mean(np.abs((points - center) @ rotation.T + center + shift - targets))


def rigid_error__squared(points, targets, rotation, center, shift):
    return np.mean(np.sum(((points - center) @ rotation.T + center + shift - targets) ** 2, axis=1))


def rigid_error__root_mean_square(points, targets, rotation, center, shift):
    off = (points - center) @ rotation.T + center + shift - targets
    return np.sqrt(np.mean(np.sum(off**2, axis=1)))


def rigid_error__right_in_columns(points, targets, rotation, center, shift):
    off = rotation @ (points - center).T + (center + shift - targets).T
    return np.hypot(*off).mean()


def _determinant(u):
    (a, b), (c, d) = np.gradient(u[0]), np.gradient(u[1])
    return (1 + a) * (1 + d) - b * c


def folded_share__not_percent(u):
    return np.mean(_determinant(u) <= 0)


def folded_share__no_identity(u):
    (a, b), (c, d) = np.gradient(u[0]), np.gradient(u[1])
    return 100 * np.mean(a * d - b * c <= 0)


def folded_share__diagonal_only(u):
    return 100 * np.mean((1 + np.gradient(u[0])[0]) * (1 + np.gradient(u[1])[1]) <= 0)


def folded_share__negative_only(u):
    return 100 * np.mean(_determinant(u) < 0)


def folded_share__count(u):
    return np.sum(_determinant(u) <= 0)


def folded_share__right_by_matrices(u):
    slopes = np.stack([np.stack(np.gradient(part), axis=-1) for part in u], axis=-2)
    return 100 * np.mean(np.linalg.det(slopes + np.eye(2)) <= 0)
