"""Answers to the exercises of lesson 73: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def labels_saved__not_how_many_more(labels, auc, reached, used):
    return labels_saved__right_by_interp(labels, auc, reached, 0)


def labels_saved__next_number(labels, auc, reached, used):
    for n, a in zip(labels, auc, strict=True):
        if a >= reached:
            return float(n - used)
    return np.nan


def labels_saved__straight_line(labels, auc, reached, used):
    above = np.flatnonzero(auc >= reached)
    if not len(above):
        return np.nan
    k = above[0]
    return float((labels[0] if k == 0 else np.interp(reached, auc[k - 1 : k + 1], labels[k - 1 : k + 1])) - used)


def labels_saved__never_is_the_last(labels, auc, reached, used):
    found = labels_saved__right_by_interp(labels, auc, reached, used)
    return float(labels[-1] - used) if np.isnan(found) else found


def labels_saved__last_crossing(labels, auc, reached, used):
    for k in range(len(auc) - 1, 0, -1):
        if auc[k - 1] < reached <= auc[k]:
            share = (reached - auc[k - 1]) / (auc[k] - auc[k - 1])
            return float(labels[k - 1] * (labels[k] / labels[k - 1]) ** share - used)
    return float(labels[0] - used) if auc[0] >= reached else np.nan


def labels_saved__right_by_interp(labels, auc, reached, used):
    above = np.flatnonzero(np.asarray(auc) >= reached)
    if not len(above):
        return float("nan")
    k = above[0]
    if k == 0:
        return labels[0] - used
    return np.exp(np.interp(reached, auc[k - 1 : k + 1], np.log(labels[k - 1 : k + 1]))) - used


def half_width__all_n(differences, quantile=2.571):
    return quantile * np.std(differences) / np.sqrt(len(differences))


def half_width__of_one(differences, quantile=2.571):
    return quantile * np.std(differences, ddof=1)


def half_width__by_n(differences, quantile=2.571):
    return quantile * np.std(differences, ddof=1) / len(differences)


def half_width__whole(differences, quantile=2.571):
    return 2 * quantile * np.std(differences, ddof=1) / np.sqrt(len(differences))


def half_width__normal(differences, quantile=2.571):
    return 1.96 * np.std(differences, ddof=1) / np.sqrt(len(differences))


def half_width__variance(differences, quantile=2.571):
    return quantile * np.var(differences, ddof=1) / np.sqrt(len(differences))


def half_width__right_by_scipy(differences, quantile=2.571):
    from scipy.stats import sem

    return quantile * sem(differences)
