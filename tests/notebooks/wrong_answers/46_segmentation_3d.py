"""Answers to the exercises of lesson 46: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def window_starts__beyond_the_end(length, size, step):
    return list(range(0, length, step))


def window_starts__end_not_covered(length, size, step):
    return list(range(0, length - size + 1, step)) if (length - size) % step else list(range(0, length - size, step))


def window_starts__last_one_twice(length, size, step):
    return [*range(0, length - size + 1, step), length - size]


def window_starts__first_one_late(length, size, step):
    return list(range(step, length - size + 1, step)) or [step]


def window_starts__last_first(length, size, step):
    return [length - size, *range(0, length - size, step)]


def window_starts__every_voxel(length, size, step):
    return list(range(length - size + 1))


def limits_of_agreement__interval_of_the_mean(measured, reference):
    gap = measured - reference
    half = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__no_bias(measured, reference):
    half = 1.96 * (measured - reference).std(ddof=1)
    return -half, half


def limits_of_agreement__reversed(measured, reference):
    gap = reference - measured
    half = 1.96 * gap.std(ddof=1)
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__divides_by_n(measured, reference):
    gap = measured - reference
    half = 1.96 * gap.std()
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__one_number(measured, reference):
    return 1.96 * (measured - reference).std(ddof=1)


def level_weights__not_normalized(levels):
    return 0.5 ** np.arange(levels)


def level_weights__coarse_first(levels):
    weights = 2.0 ** np.arange(levels)
    return weights / weights.sum()


def level_weights__equal(levels):
    return np.full(levels, 1 / levels)


def level_weights__falls_in_a_line(levels):
    weights = np.arange(levels, 0, -1.0)
    return weights / weights.sum()


def window_starts__right_by_a_loop(length, size, step):
    starts = [0]
    while starts[-1] + size < length:
        starts.append(min(starts[-1] + step, length - size))
    return np.array(starts)


def limits_of_agreement__right_with_the_exact_z(measured, reference):
    from scipy.stats import norm

    gap = measured - reference
    return norm.ppf([0.025, 0.975]) * np.std(gap, ddof=1) + np.mean(gap)


def level_weights__right_as_list(levels):
    return [2 ** (levels - 1 - k) / (2**levels - 1) for k in range(levels)]
