"""Answers to the exercises of lesson 52: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np
from scipy.ndimage import map_coordinates


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


def applied_twice__border_mode_forgotten(u):
    places = np.indices(u.shape[1:]) + u
    return u + np.stack([map_coordinates(part, places, order=1) for part in u])


def applied_twice__nearest_neighbor(u):
    places = np.indices(u.shape[1:]) + u
    return u + np.stack([map_coordinates(part, places, order=0, mode="nearest") for part in u])


def applied_twice__right_clipped(u):
    places = np.indices(u.shape[1:]) + u
    for axis, size in enumerate(u.shape[1:]):
        places[axis] = np.clip(places[axis], 0, size - 1)
    return np.array([part + map_coordinates(part, places, order=1) for part in u])


def warped_labels__nearest_neighbor(numbers, u, count):
    return map_coordinates(numbers, np.indices(numbers.shape) + u, order=0, mode="nearest")


def warped_labels__border_mode_forgotten(numbers, u, count):
    places = np.indices(numbers.shape) + u
    return np.argmax([map_coordinates((numbers == k).astype(float), places, order=1) for k in range(count)], axis=0)


def warped_labels__right_by_a_running_best(numbers, u, count):
    best, labels = np.full(numbers.shape, -1.0), np.zeros(numbers.shape, int)
    for k in range(count):
        mask = map_coordinates((numbers == k) * 1.0, np.indices(numbers.shape) + u, order=1, mode="nearest")
        labels[mask > best] = k
        best = np.maximum(best, mask)
    return labels
