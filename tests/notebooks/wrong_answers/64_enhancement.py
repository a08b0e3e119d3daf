"""Answers to the exercises of lesson 64: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def template__matched_filter(without, within):
    return within.mean(0) - without.mean(0)


def template__variances_only(without, within):
    return (within.mean(0) - without.mean(0)) / ((without.var(0, ddof=1) + within.var(0, ddof=1)) / 2)


def template__not_inverted(without, within):
    return (np.cov(without.T) + np.cov(within.T)) / 2 @ (within.mean(0) - without.mean(0))


def template__pooled(without, within):
    return np.linalg.solve(np.cov(np.r_[without, within].T), within.mean(0) - without.mean(0))


def noise_of_dose__no_object(x, photons, a):
    return 1 / (a * np.sqrt(photons))


def noise_of_dose__no_scale(x, photons, a):
    return 1 / np.sqrt(photons * np.exp(-a * x))


def noise_of_dose__of_the_count(x, photons, a):
    return np.sqrt(photons * np.exp(-a * x))


def noise_of_dose__variance(x, photons, a):
    return 1 / (a**2 * photons * np.exp(-a * x))


def template__right_by_inverse(without, within):
    spread = 0.5 * (np.cov(without.T) + np.cov(within.T))
    return np.linalg.inv(spread) @ (within.mean(0) - without.mean(0))


def noise_of_dose__right_shorter(x, photons, a):
    return np.exp(a * x / 2) / a / photons**0.5
