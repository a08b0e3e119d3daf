"""Answers to the exercises of lesson 63: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def em_step__no_background(x, y, a, b):
    return x / a.sum(axis=0) * (a.T @ (y / (a @ x)))


def em_step__no_sensitivity(x, y, a, b):
    return x * (a.T @ (y / (a @ x + b)))


def em_step__added(x, y, a, b):
    return x + (a.T @ (y / (a @ x + b) - 1)) / a.sum(axis=0)


def em_step__in_place(x, y, a, b):
    x *= a.T @ (y / (a @ x + b)) / a.sum(axis=0)
    return x


def split_counts__multiplied(y, share, rng):
    return share * y, y - share * y


def split_counts__rounded(y, share, rng):
    fitted = np.round(share * y)
    return fitted, y - fitted


def split_counts__by_line(y, share, rng):
    chosen = rng.random(y.shape) < share
    return np.where(chosen, y, 0), np.where(chosen, 0, y)


def split_counts__twice(y, share, rng):
    return rng.binomial(y, share), rng.binomial(y, 1 - share)


def em_step__right_as_a_correction(x, y, a, b):
    expected = a @ x + b
    return x + x / a.sum(0) * (a.T @ ((y - expected) / expected))


def split_counts__global_numbers(y, share, rng):
    fitted = np.random.binomial(y, share)  # noqa: NPY002
    return fitted, y - fitted


def split_counts__own_generator(y, share, rng):
    fitted = np.random.default_rng(3).binomial(y, share)
    return fitted, y - fitted


def split_counts__always_half(y, share, rng):
    fitted = rng.binomial(y, 0.5)
    return fitted, y - fitted


def split_counts__right_count_by_count(y, share, rng):
    owner = np.repeat(np.arange(y.size), y.ravel())
    chosen = rng.random(len(owner)) < share
    fitted = np.bincount(owner[chosen], minlength=y.size).reshape(y.shape)
    return [fitted, y - fitted]


def split_counts__right_as_floats(y, share, rng):
    kept = rng.binomial(y, 1 - share).astype(float)
    return y - kept, kept
