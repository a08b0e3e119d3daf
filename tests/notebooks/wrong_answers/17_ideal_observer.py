"""Answers to the exercises of lesson 17: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np
from scipy.stats import norm


def dose_for_noise__linear(noise_now, noise_wanted):
    return noise_now / noise_wanted


def dose_for_noise__upside_down(noise_now, noise_wanted):
    return (noise_wanted / noise_now) ** 2


def dose_for_noise__root(noise_now, noise_wanted):
    return np.sqrt(noise_now / noise_wanted)


def dose_for_noise__difference(noise_now, noise_wanted):
    return (noise_now - noise_wanted) ** 2


def best_auc__one_image(signal, noise_std):
    return norm.cdf(np.sqrt(np.sum(np.square(signal))) / noise_std)


def best_auc__sum_of_signal(signal, noise_std):
    return norm.cdf(np.sum(signal) / noise_std / np.sqrt(2))


def best_auc__no_root(signal, noise_std):
    return norm.cdf(np.sum(np.square(signal)) / noise_std / np.sqrt(2))


def best_auc__peak(signal, noise_std):
    return norm.cdf(np.max(signal) / noise_std / np.sqrt(2))


def binning_factor__nothing(k):
    return 1.0


def binning_factor__gains(k):
    return np.sqrt(k)


def binning_factor__linear(k):
    return 1 / k


def binning_factor__always_four(k):
    return 0.5


def dose_for_noise__right_by_logarithms(noise_now, noise_wanted):
    return np.exp(2 * np.log(noise_now / noise_wanted))


def best_auc__right_by_error_function(signal, noise_std):
    from math import erf

    return 0.5 * (1 + erf(np.linalg.norm(signal) / noise_std / 2))


def binning_factor__right_as_power(k):
    return k**-0.5
