"""Answers to the exercises of lesson 78: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def sites_auc__ties_count_nothing(n, p):
    ill, healthy = n * p / (n @ p), n * (1 - p) / (n @ (1 - p))
    return ill @ (p[:, None] > p) @ healthy


def sites_auc__ties_count_whole(n, p):
    ill, healthy = n * p / (n @ p), n * (1 - p) / (n @ (1 - p))
    return ill @ (p[:, None] >= p) @ healthy


def sites_auc__sizes_forgotten(n, p):
    ill, healthy = p / p.sum(), (1 - p) / (1 - p).sum()
    return ill @ ((p[:, None] > p) + 0.5 * (p[:, None] == p)) @ healthy


def sites_auc__difference_of_prevalence(n, p):
    return 0.5 + (p.max() - p.min()) / 2


def sites_auc__first_two_hospitals(n, p):
    ill, healthy = n * p / (n @ p), n * (1 - p) / (n @ (1 - p))
    return 0.5 + abs(ill[0] - healthy[0]) / 2


def sites_auc__hospitals_in_the_order_given(n, p):
    ill, healthy = n * p / (n @ p), n * (1 - p) / (n @ (1 - p))
    return np.trapezoid(np.r_[0, np.cumsum(ill)], np.r_[0, np.cumsum(healthy)])


def sites_auc__right_as_area_under_the_curve(n, p):
    order = np.argsort(-p)
    ill, healthy = (n * p / (n @ p))[order], (n * (1 - p) / (n @ (1 - p)))[order]
    return np.trapezoid(np.r_[0, np.cumsum(ill)], np.r_[0, np.cumsum(healthy)])


def sites_auc__right_by_loops(n, p):
    total = 0.0
    for a, q in zip(n, p, strict=True):
        for b, s in zip(n, p, strict=True):
            total += a * q * b * (1 - s) * (1.0 if q > s else 0.5 if q == s else 0.0)
    return total / (sum(n * p) * sum(n * (1 - p)))


def merged__means_of_the_days_forgotten(n, mean, var):
    return np.stack([n @ mean, n @ var]) / n.sum()


def merged__days_count_the_same(n, mean, var):
    return np.stack([mean.mean(0), (var + mean**2).mean(0) - mean.mean(0) ** 2])


def merged__standard_deviation(n, mean, var):
    first = n @ mean / n.sum()
    return np.stack([first, np.sqrt(n @ (var + (mean - first) ** 2) / n.sum())])


def merged__one_value_less(n, mean, var):
    first = n @ mean / n.sum()
    return np.stack([first, n @ (var + (mean - first) ** 2) / (n.sum() - 1)])


def merged__last_day_alone(n, mean, var):
    return np.stack([mean[-1], var[-1]])


def merged__running_average(n, mean, var):
    first, second = mean[0], var[0]
    for m, v in zip(mean[1:], var[1:], strict=True):
        first, second = 0.9 * first + 0.1 * m, 0.9 * second + 0.1 * v
    return np.stack([first, second])


def merged__right_day_by_day(n, mean, var):
    count, first, second = n[0], mean[0], var[0]
    for k, m, v in zip(n[1:], mean[1:], var[1:], strict=True):
        gap, whole = m - first, count + k
        second = (count * second + k * v + gap**2 * count * k / whole) / whole
        first, count = first + gap * k / whole, whole
    return np.stack([first, second])


def merged__right_as_a_list(n, mean, var):
    first = (n[:, None] * mean).sum(0) / n.sum()
    return [first, (n[:, None] * (var + mean**2)).sum(0) / n.sum() - first**2]
