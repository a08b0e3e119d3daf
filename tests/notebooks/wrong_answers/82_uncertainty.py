"""Answers to the exercises of lesson 82: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def my_limit__plain_quantile(strangeness, alpha):
    return np.quantile(strangeness, 1 - alpha)


def my_limit__lower_end(strangeness, alpha):
    return np.sort(strangeness)[int(np.ceil((len(strangeness) + 1) * alpha)) - 1]


def my_limit__forgets_one(strangeness, alpha):
    return np.sort(strangeness)[int(np.ceil(len(strangeness) * (1 - alpha))) - 1]


def my_limit__rounds_down(strangeness, alpha):
    n = len(strangeness)
    return np.inf if (n + 1) * (1 - alpha) > n else np.sort(strangeness)[int((n + 1) * (1 - alpha)) - 1]


def my_limit__largest_if_too_few(strangeness, alpha):
    n = len(strangeness)
    return np.sort(strangeness)[min(int(np.ceil((n + 1) * (1 - alpha) - 1e-9)), n) - 1]


def my_limit__next_place(strangeness, alpha):
    n = len(strangeness)
    place = int(np.ceil((n + 1) * (1 - alpha) - 1e-9))
    return np.inf if place >= n else np.sort(strangeness)[place]


def my_ece__unweighted(confidence, correct, bins):
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    return np.mean([abs(confidence[place == b].mean() - correct[place == b].mean()) for b in np.unique(place)])


def my_ece__each_patient(confidence, correct, bins):
    return np.mean(np.abs(confidence - correct))


def my_ece__one_group(confidence, correct, bins):
    return abs(np.mean(confidence - correct))


def my_ece__squares(confidence, correct, bins):
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    gaps = [(place == b).mean() * (confidence - correct)[place == b].mean() ** 2 for b in np.unique(place)]
    return np.sqrt(np.sum(gaps))


def my_ece__loses_the_last(confidence, correct, bins):
    place = (confidence * bins).astype(int)
    return np.sum([abs(np.sum((confidence - correct)[place == b])) for b in range(bins)]) / len(confidence)


def my_ece__largest_gap(confidence, correct, bins):
    place = np.clip((confidence * bins).astype(int), 0, bins - 1)
    return max(abs(np.mean((confidence - correct)[place == b])) for b in np.unique(place))


def _entropy(p):
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return -p * np.log(p) - (1 - p) * np.log(1 - p)


def disagreement__sign(probability):
    return _entropy(probability).mean(0) - _entropy(probability.mean(0))


def disagreement__entropy_of_the_mean(probability):
    return _entropy(probability.mean(0))


def disagreement__base_2(probability):
    return (_entropy(probability.mean(0)) - _entropy(probability).mean(0)) / np.log(2)


def disagreement__variance(probability):
    return probability.var(0)


def disagreement__nan(probability):
    with np.errstate(all="ignore"):
        p, m = probability, probability.mean(0)
        return -m * np.log(m) - (1 - m) * np.log(1 - m) + (p * np.log(p) + (1 - p) * np.log(1 - p)).mean(0)


def disagreement__forgets_the_healthy(probability):
    def half(p):
        return -p * np.log(np.clip(p, 1e-12, 1))

    return half(probability.mean(0)) - half(probability).mean(0)


def disagreement__one_number(probability):
    return (_entropy(probability.mean(0)) - _entropy(probability).mean(0)).mean()


def _kept(truth, probability, share):
    return np.argsort(-np.abs(probability - 0.5), kind="stable")[: round(share * len(truth))]


def my_limit__quantile_higher(strangeness, alpha):
    return np.quantile(strangeness, 1 - alpha, method="higher")


def my_limit__quantile_one_place_too_high(strangeness, alpha):
    n = len(strangeness)
    level = np.ceil((n + 1) * (1 - alpha) - 1e-9) / n
    return np.inf if level > 1 else np.quantile(strangeness, level, method="higher")


def my_limit__right_by_quantile(strangeness, alpha):
    n = len(strangeness)
    level = np.ceil((n + 1) * (1 - alpha) - 1e-9) / n
    return np.inf if level > 1 else np.quantile(strangeness, level - 1e-9, method="inverted_cdf")


def my_limit__right_as_float(strangeness, alpha):
    n = len(strangeness)
    place = int(np.ceil(round((n + 1) * (1 - alpha), 9)))
    return float("inf") if place > n else float(sorted(strangeness)[place - 1])


def my_ece__right_by_digitize(confidence, correct, bins):
    place = np.digitize(confidence, np.linspace(0, 1, bins + 1)[1:-1])
    found = 0.0
    for b in range(bins):
        inside = place == b
        if inside.any():
            found += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return found


def my_ece__right_closed_above(confidence, correct, bins):
    from itertools import pairwise

    edges, found = np.linspace(0, 1, bins + 1), 0.0
    for low, high in pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            found += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
    return found


def disagreement__right_by_relative_entropy(probability):
    p = np.clip(probability, 1e-12, 1 - 1e-12)
    m = p.mean(0)
    return np.mean(p * np.log(p / m) + (1 - p) * np.log((1 - p) / (1 - m)), axis=0)
