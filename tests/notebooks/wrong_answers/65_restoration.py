"""Answers to the exercises of lesson 65: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def noise_of_mean__added(own, common, scans):
    return own / np.sqrt(scans) + common


def noise_of_mean__all_averages_away(own, common, scans):
    return np.sqrt((own**2 + common**2) / scans)


def noise_of_mean__falls_with_k(own, common, scans):
    return np.sqrt((own / scans) ** 2 + common**2)


def noise_of_mean__variance(own, common, scans):
    return own**2 / scans + common**2


def blind_spot__in_place(image, hidden, rng):
    image[hidden] = np.roll(image, 1, 0)[hidden]
    return image


def blind_spot__zero(image, hidden, rng):
    return np.where(hidden, 0.0, image)


def blind_spot__one_neighbor(image, hidden, rng):
    return np.where(hidden, np.roll(image, 1, 0), image)


def blind_spot__may_stay(image, hidden, rng):
    shifts = [image, *[np.roll(image, step, axis) for axis in (0, 1) for step in (-1, 1)]]
    return np.where(hidden, np.choose(rng.integers(5, size=image.shape), shifts), image)


def blind_spot__everywhere(image, hidden, rng):
    shifts = [np.roll(image, step, axis) for axis in (0, 1) for step in (-1, 1)]
    return np.choose(rng.integers(4, size=image.shape), shifts)


def noise_of_mean__right_by_hypot(own, common, scans):
    return np.hypot(own * scans**-0.5, common)


def blind_spot__one_shift_per_row(image, hidden, rng):
    shifts = [np.roll(image, step, axis) for axis in (0, 1) for step in (-1, 1)]
    choice = np.broadcast_to(rng.integers(4, size=(len(image), 1)), image.shape)
    return np.where(hidden, np.choose(choice, shifts), image)


def blind_spot__one_shift_per_image(image, hidden, rng):
    shifts = [np.roll(image, step, axis) for axis in (0, 1) for step in (-1, 1)]
    return np.where(hidden, shifts[rng.integers(4)], image)


def blind_spot__global_numbers(image, hidden, rng):
    shifts = [np.roll(image, step, axis) for axis in (0, 1) for step in (-1, 1)]
    return np.where(hidden, np.choose(np.random.randint(4, size=image.shape), shifts), image)  # noqa: NPY002


def blind_spot__right_by_a_loop(image, hidden, rng):
    result, (high, wide) = image.copy(), image.shape
    for row, column in np.argwhere(hidden):
        down, across = [(0, 1), (0, -1), (1, 0), (-1, 0)][rng.integers(4)]
        result[row, column] = image[(row + down) % high, (column + across) % wide]
    return result
