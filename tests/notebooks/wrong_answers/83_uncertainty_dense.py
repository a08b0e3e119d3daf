"""Answers to the exercises of lesson 83: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np
from scipy.ndimage import distance_transform_cdt, distance_transform_edt


def my_band__outside_alone(mask, radius):
    mask = np.asarray(mask) > 0
    if mask.all() or not mask.any():
        return np.zeros(mask.shape, bool)
    return ~mask & (distance_transform_edt(~mask) <= radius)


def my_band__inside_alone(mask, radius):
    mask = np.asarray(mask) > 0
    if mask.all() or not mask.any():
        return np.zeros(mask.shape, bool)
    return mask & (distance_transform_edt(mask) <= radius)


def my_band__city_blocks(mask, radius):
    mask = np.asarray(mask) > 0
    if mask.all() or not mask.any():
        return np.zeros(mask.shape, bool)
    far = [distance_transform_cdt(m, metric="taxicab") for m in (mask, ~mask)]
    return np.maximum(*far) <= radius


def my_band__strictly_below(mask, radius):
    mask = np.asarray(mask) > 0
    if mask.all() or not mask.any():
        return np.zeros(mask.shape, bool)
    return np.maximum(distance_transform_edt(mask), distance_transform_edt(~mask)) < radius


def my_band__no_border_is_all_band(mask, radius):
    mask = np.asarray(mask) > 0
    if mask.all() or not mask.any():
        return np.ones(mask.shape, bool)
    return np.maximum(distance_transform_edt(mask), distance_transform_edt(~mask)) <= radius


def my_band__smaller_of_both_distances(mask, radius):
    mask = np.asarray(mask) > 0
    return np.minimum(distance_transform_edt(mask), distance_transform_edt(~mask)) <= radius


def my_band__right_in_a_loop(mask, radius):
    kinds = np.asarray(mask) > 0
    found = np.zeros(kinds.shape, bool)
    for place in np.ndindex(kinds.shape):
        other = np.argwhere(kinds != kinds[place])
        found[place] = len(other) > 0 and (((other - place) ** 2).sum(1) <= radius**2 + 1e-9).any()
    return found


def my_standard_error__variance(p, correlation):
    spread = np.sqrt(p * (1 - p))
    return np.sum(spread**2) + correlation * (np.sum(spread) ** 2 - np.sum(spread**2))


def my_standard_error__independent(p, correlation):
    return np.sqrt(np.sum(p * (1 - p)))


def my_standard_error__each_pair_once(p, correlation):
    spread = np.sqrt(p * (1 - p))
    return np.sqrt(np.sum(spread**2) + correlation * (np.sum(spread) ** 2 - np.sum(spread**2)) / 2)


def my_standard_error__variances_multiplied(p, correlation):
    v = p * (1 - p)
    return np.sqrt(np.sum(v) + correlation * (np.sum(v) ** 2 - np.sum(v**2)))


def my_standard_error__pixels_with_themselves(p, correlation):
    spread = np.sqrt(p * (1 - p))
    return np.sqrt(np.sum(spread**2) + correlation * np.sum(spread) ** 2)


def my_standard_error__right_by_pairs(p, correlation):
    spread = [(q * (1 - q)) ** 0.5 for q in np.ravel(p)]
    total = 0.0
    for j, one in enumerate(spread):
        for k, other in enumerate(spread):
            total += one * other * (1 if j == k else correlation)
    return total**0.5
