"""Answers to the exercises of lesson 11: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def null_time__infinite_repetition(t1, tr):
    return t1 * np.log(2)


def null_time__wrong_sign(t1, tr):
    return t1 * np.log(2 / (1 - np.exp(-tr / t1)))


def null_time__times_the_repetition(t1, tr):
    return tr * np.log(2 / (1 + np.exp(-tr / t1)))


def null_time__base_ten(t1, tr):
    return t1 * np.log10(2 / (1 + np.exp(-tr / t1)))


def density_of_both__light_adds_up(empty, first, second):
    return -np.log10((first + second) / (2 * empty))


def density_of_both__no_empty_slide(empty, first, second):
    return -np.log10(first) - np.log10(second)


def density_of_both__one_empty_slide(empty, first, second):
    return -np.log10(first * second / empty)


def density_of_both__natural_logarithm(empty, first, second):
    return -np.log(first / empty) - np.log(second / empty)


def density_of_both__densities_multiply(empty, first, second):
    return np.log10(first / empty) * np.log10(second / empty)


def null_time__right_as_difference(t1, tr):
    return t1 * (np.log(2) - np.log1p(np.exp(-tr / t1)))


def density_of_both__right_as_product(empty, first, second):
    return -np.log10((first / empty) * (second / empty))
