"""Answers to the exercises of lesson 54: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def variance_factor__weights_not_squared(s, axes):
    return ((1 - s) + s) ** axes


def variance_factor__deviation(s, axes):
    return ((1 - s) ** 2 + s**2) ** (axes / 2)


def variance_factor__one_axis(s, axes):
    return (1 - s) ** 2 + s**2


def variance_factor__always_half_a_pixel(s, axes):
    return 0.5**axes if s else 1.0


def excess_of_best__of_all(gains, k, draws, rng):
    return gains.max() - gains.mean()


def excess_of_best__with_repeats(gains, k, draws, rng):
    return np.mean([rng.choice(gains, k).max() for _ in range(draws)]) - np.mean(gains)


def excess_of_best__not_minus_the_mean(gains, k, draws, rng):
    return np.mean([rng.choice(gains, k, replace=False).max() for _ in range(draws)])


def excess_of_best__sorted_in_place(gains, k, draws, rng):
    gains.sort()
    return np.mean([rng.choice(gains, k, replace=False).max() for _ in range(draws)]) - np.mean(gains)


def variance_factor__right_shorter(s, axes):
    return (1 - 2 * s + 2 * s**2) ** axes


def excess_of_best__global_numbers(gains, k, draws, rng):
    best = [np.random.choice(gains, k, replace=False).max() for _ in range(draws)]  # noqa: NPY002
    return np.mean(best) - np.mean(gains)


def excess_of_best__right_by_permutations(gains, k, draws, rng):
    return float(np.mean([rng.permutation(gains)[:k].max() for _ in range(draws)]) - gains.mean())
