"""Typical wrong answers to the exercises of lesson 82: exercise, two underscores, what is wrong."""

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


def team_accuracy__network_alone(truth, probability, share, reader):
    kept = _kept(truth, probability, share)
    return np.mean((probability[kept] >= 0.5) == truth[kept]) if len(kept) else 0.0


def team_accuracy__perfect_reader(truth, probability, share, reader):
    kept = _kept(truth, probability, share)
    return (np.sum((probability[kept] >= 0.5) == truth[kept]) + len(truth) - len(kept)) / len(truth)


def team_accuracy__least_sure(truth, probability, share, reader):
    kept = np.argsort(np.abs(probability - 0.5), kind="stable")[: round(share * len(truth))]
    right = np.sum((probability[kept] >= 0.5) == truth[kept])
    return (right + (len(truth) - len(kept)) * reader) / len(truth)


def team_accuracy__highest_probability(truth, probability, share, reader):
    kept = np.argsort(-probability, kind="stable")[: round(share * len(truth))]
    right = np.sum((probability[kept] >= 0.5) == truth[kept])
    return (right + (len(truth) - len(kept)) * reader) / len(truth)


def team_accuracy__plain_mean(truth, probability, share, reader):
    kept = _kept(truth, probability, share)
    alone = np.mean((probability[kept] >= 0.5) == truth[kept]) if len(kept) else 0.0
    return (alone + reader) / 2
