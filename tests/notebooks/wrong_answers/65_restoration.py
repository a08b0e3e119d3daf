"""Typical wrong answers to the exercises of lesson 65: exercise, two underscores, what is wrong."""

import numpy as np


def psnr_of__range_not_squared(truth, restored, data_range):
    return 10 * np.log10(data_range / np.mean((truth - restored) ** 2))


def psnr_of__range_of_the_image(truth, restored, data_range):
    return 10 * np.log10(np.ptp(truth) ** 2 / np.mean((truth - restored) ** 2))


def psnr_of__no_range(truth, restored, data_range):
    return -10 * np.log10(np.mean((truth - restored) ** 2))


def psnr_of__natural_logarithm(truth, restored, data_range):
    return 10 * np.log(data_range**2 / np.mean((truth - restored) ** 2))


def psnr_of__sum(truth, restored, data_range):
    return 10 * np.log10(data_range**2 / np.sum((truth - restored) ** 2))


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


def log_field_error__constant(estimate, truth, mask):
    return np.sqrt(np.mean((estimate - truth)[mask] ** 2))


def log_field_error__no_mask(estimate, truth, mask):
    return (estimate - truth).std()


def log_field_error__mean_of_the_image(estimate, truth, mask):
    off = estimate - truth
    return np.sqrt(np.mean((off - off.mean())[mask] ** 2))


def log_field_error__mean_square(estimate, truth, mask):
    return (estimate - truth)[mask].var()
