"""Answers to the exercises of lesson 15: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def moment_match__only_mean(image, reference):
    return image - image.mean() + reference.mean()


def moment_match__forgets_own_deviation(image, reference):
    return (image - image.mean()) * reference.std() + reference.mean()


def moment_match__scales_the_mean_too(image, reference):
    return image / image.std() * reference.std()


def moment_match__variance(image, reference):
    return (image - image.mean()) / image.var() * reference.var() + reference.mean()


def moment_match__sorted(image, reference):
    flat = np.sort(image.ravel()).reshape(image.shape)
    return (flat - flat.mean()) / flat.std() * reference.std() + reference.mean()


def moment_match__returns_reference(image, reference):
    return reference


def shift_in_errors__sign(home, away):
    return (np.mean(home) - np.mean(away)) / np.sqrt(
        np.var(home, ddof=1) / len(home) + np.var(away, ddof=1) / len(away)
    )


def shift_in_errors__spread(home, away):
    return (np.mean(away) - np.mean(home)) / np.sqrt(np.var(home, ddof=1) + np.var(away, ddof=1))


def shift_in_errors__pooled(home, away):
    n, m = len(home), len(away)
    pooled = ((n - 1) * np.var(home, ddof=1) + (m - 1) * np.var(away, ddof=1)) / (n + m - 2)
    return (np.mean(away) - np.mean(home)) / np.sqrt(pooled * (1 / n + 1 / m))


def shift_in_errors__population_variance(home, away):
    return (np.mean(away) - np.mean(home)) / np.sqrt(np.var(home) / len(home) + np.var(away) / len(away))


def normalized_ill__mean_only(p):
    return 1 - p


def normalized_ill__variance(p):
    return (1 - p) / (p * (1 - p))


def normalized_ill__healthy(p):
    return -p / np.sqrt(p * (1 - p))


def normalized_ill__constant(p):
    return 1.0


def moment_match__range(image, reference):
    scaled = (image - image.min()) / np.ptp(image)
    return scaled * np.ptp(reference) + reference.min()


def moment_match__right_with_n_minus_one(image, reference):
    return (image - image.mean()) / image.std(ddof=1) * reference.std(ddof=1) + reference.mean()


def moment_match__right_mixed(image, reference):
    return (image - image.mean()) / image.std(ddof=1) * reference.std() + reference.mean()


def shift_in_errors__right_by_scipy(home, away):
    from scipy.stats import ttest_ind

    return ttest_ind(away, home, equal_var=False)[0]


def normalized_ill__right_shorter(p):
    return ((1 - p) / p) ** 0.5
