"""Answers to the exercises of lesson 94: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def harrell__all_pairs(days, died, risk):
    first = days[:, None] < days
    return np.sum(first * (risk[:, None] > risk)) / np.sum(first)


def harrell__ties_lost(days, died, risk):
    first = (days[:, None] < days) & (died[:, None] == 1)
    return np.sum(first & (risk[:, None] > risk)) / np.sum(first)


def harrell__ties_won(days, died, risk):
    first = (days[:, None] < days) & (died[:, None] == 1)
    return np.sum(first & (risk[:, None] >= risk)) / np.sum(first)


def harrell__higher_lives_longer(days, died, risk):
    return 1 - harrell__right_by_a_matrix(days, died, risk)


def harrell__only_two_deaths(days, died, risk):
    first = (days[:, None] < days) & (died[:, None] == 1) & (died == 1)
    right = first * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))
    return np.sum(right) / max(1, np.sum(first))


def harrell__same_day_counts(days, died, risk):
    first = (days[:, None] <= days) & (died[:, None] == 1)
    return np.sum(first * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))) / np.sum(first)


def harrell__right_by_a_matrix(days, died, risk):
    first = (days[:, None] < days) & (died[:, None] == 1)
    return np.sum(first * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))) / np.sum(first)


def harrell__right_by_signs(days, died, risk):
    told = [np.sign(risk[i] - risk[j]) for i in np.flatnonzero(died) for j in np.flatnonzero(days > days[i])]
    return 0.5 + np.mean(told) / 2


def discoveries__no_correction(p, rate):
    return p <= rate


def discoveries__bonferroni(p, rate):
    return p <= rate / len(p)


def discoveries__each_by_its_own_line(p, rate):
    rank = np.argsort(np.argsort(p)) + 1
    return p <= rate * rank / len(p)


def discoveries__in_the_order_given(p, rate):
    below = np.flatnonzero(p <= rate * np.arange(1, len(p) + 1) / len(p))
    return np.arange(len(p)) <= (below[-1] if len(below) else -1)


def discoveries__holm(p, rate):
    order, m = np.argsort(p), len(p)
    stops = np.flatnonzero(p[order] > rate / (m - np.arange(m)))
    found = np.zeros(m, dtype=bool)
    found[order[: stops[0] if len(stops) else m]] = True
    return found


def discoveries__sorted_not_put_back(p, rate):
    return np.sort(p) <= rate * np.arange(1, len(p) + 1) / len(p)


def discoveries__right_by_the_largest(p, rate):
    low = np.sort(p)
    below = low[low <= rate * np.arange(1, len(p) + 1) / len(p)]
    return p <= (below.max() if len(below) else -1.0)


def discoveries__right_as_a_list(p, rate):
    return list(discoveries__right_by_the_largest(p, rate))
