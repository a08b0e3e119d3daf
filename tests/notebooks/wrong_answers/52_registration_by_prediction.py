"""Typical wrong answers to the exercises of lesson 52: exercise, two underscores, what is wrong."""

import numpy as np
from scipy.ndimage import map_coordinates


def dice_of__jaccard(one, other, empty):
    union = (one | other).sum()
    return (one & other).sum() / union if union else empty


def dice_of__not_doubled(one, other, empty):
    total = one.sum() + other.sum()
    return (one & other).sum() / total if total else empty


def dice_of__empty_is_one(one, other, empty):
    total = one.sum() + other.sum()
    return 2 * (one & other).sum() / total if total else 1.0


def dice_of__any_empty(one, other, empty):
    if not (one.any() and other.any()):
        return empty
    return 2 * (one & other).sum() / (one.sum() + other.sum())


def folded_share__no_identity(u):
    (a, b), (c, d) = np.gradient(u[0]), np.gradient(u[1])
    return np.mean(a * d - b * c <= 0)


def folded_share__diagonal_alone(u):
    return np.mean((1 + np.gradient(u[0])[0]) * (1 + np.gradient(u[1])[1]) <= 0)


def folded_share__strictly_negative(u):
    (a, b), (c, d) = np.gradient(u[0]), np.gradient(u[1])
    return np.mean((1 + a) * (1 + d) - b * c < 0)


def folded_share__count(u):
    (a, b), (c, d) = np.gradient(u[0]), np.gradient(u[1])
    return np.sum((1 + a) * (1 + d) - b * c <= 0)


def applied_twice__doubled(u):
    return 2 * u


def applied_twice__second_step_alone(u):
    places = np.indices(u.shape[1:]) + u
    return np.stack([map_coordinates(part, places, order=1, mode="nearest") for part in u])


def applied_twice__backward(u):
    places = np.indices(u.shape[1:]) - u
    return u + np.stack([map_coordinates(part, places, order=1, mode="nearest") for part in u])


def applied_twice__in_place(u):
    places = np.indices(u.shape[1:]) + u
    u += np.stack([map_coordinates(part, places, order=1, mode="nearest") for part in u])
    return u


def warped_labels__numbers(numbers, u, count):
    places = np.indices(numbers.shape) + u
    return np.rint(map_coordinates(numbers.astype(float), places, order=1, mode="nearest")).astype(int)


def warped_labels__backward(numbers, u, count):
    places = np.indices(numbers.shape) - u
    masks = [map_coordinates((numbers == k).astype(float), places, order=1, mode="nearest") for k in range(count)]
    return np.argmax(masks, axis=0)


def warped_labels__without_background(numbers, u, count):
    places = np.indices(numbers.shape) + u
    masks = [map_coordinates((numbers == k).astype(float), places, order=1, mode="nearest") for k in range(1, count)]
    return np.argmax(masks, axis=0) + 1


def warped_labels__floats(numbers, u, count):
    places = np.indices(numbers.shape) + u
    return map_coordinates(numbers.astype(float), places, order=0, mode="nearest")
