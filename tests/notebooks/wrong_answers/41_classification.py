"""Answers to the exercises of lesson 41: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def threshold_for_sensitivity__all_patients(truth, probability, wanted=0.95):
    return np.quantile(probability, 1 - wanted)


def threshold_for_sensitivity__lowest(truth, probability, wanted=0.95):
    return probability[truth == 1].min()


def threshold_for_sensitivity__zero(truth, probability, wanted=0.95):
    return 0.0


def threshold_for_sensitivity__healthy(truth, probability, wanted=0.95):
    return np.quantile(probability[truth == 0], wanted, method="higher")


def threshold_for_sensitivity__one_too_many(truth, probability, wanted=0.95):
    ill = np.sort(probability[truth == 1])[::-1]
    return ill[min(int(np.ceil(wanted * len(ill))), len(ill) - 1)]


def threshold_for_sensitivity__interpolates(truth, probability, wanted=0.95):
    return np.quantile(probability[truth == 1], 1 - wanted)


def threshold_for_sensitivity__ignores_wanted(truth, probability, wanted=0.95):
    ill = np.sort(probability[truth == 1])[::-1]
    return ill[int(np.ceil(0.95 * len(ill))) - 1]


def my_net_benefit__no_weight(truth, called, p):
    return (np.sum((truth == 1) & (called == 1)) - np.sum((truth == 0) & (called == 1))) / len(truth)


def my_net_benefit__upside_down(truth, called, p):
    return (np.sum((truth == 1) & (called == 1)) - np.sum((truth == 0) & (called == 1)) * (1 - p) / p) / len(truth)


def my_net_benefit__p_for_odds(truth, called, p):
    return (np.sum((truth == 1) & (called == 1)) - np.sum((truth == 0) & (called == 1)) * p) / len(truth)


def my_net_benefit__rates(truth, called, p):
    return np.mean(called[truth == 1]) - np.mean(called[truth == 0]) * p / (1 - p)


def my_net_benefit__not_divided(truth, called, p):
    return np.sum((truth == 1) & (called == 1)) - np.sum((truth == 0) & (called == 1)) * p / (1 - p)


def my_net_benefit__adds(truth, called, p):
    return (np.sum((truth == 1) & (called == 1)) + np.sum((truth == 0) & (called == 1)) * p / (1 - p)) / len(truth)


def at_new_prevalence__scales_probability(probability, old, new):
    return np.asarray(probability) * new / old


def at_new_prevalence__upside_down(probability, old, new):
    factor = old / (1 - old) / (new / (1 - new))
    return probability * factor / (probability * factor + 1 - probability)


def at_new_prevalence__no_normalization(probability, old, new):
    probability = np.clip(probability, 0, 1 - 1e-9)
    return probability / (1 - probability) * new / (1 - new) * (1 - old) / old


def at_new_prevalence__ratio_for_odds(probability, old, new):
    return probability * new / old / (probability * new / old + 1 - probability)


def at_new_prevalence__shifts(probability, old, new):
    return np.clip(np.asarray(probability) + new - old, 0, 1)


def at_new_prevalence__nothing(probability, old, new):
    return probability


def threshold_for_sensitivity__reached_strictly_above(truth, probability, wanted=0.95):
    ill = probability[truth == 1]
    return max(c for c in [0, *np.unique(ill)] if np.mean(ill > c) >= wanted or c == 0)


def threshold_for_sensitivity__right_by_search(truth, probability, wanted=0.95):
    ill = probability[truth == 1]
    for threshold in sorted(set(probability), reverse=True):
        if np.mean(ill >= threshold) >= wanted:
            return threshold


def threshold_for_sensitivity__right_by_plain_ceil(truth, probability, wanted=0.95):
    ill = np.sort(probability[truth == 1])[::-1]
    return float(ill[int(np.ceil(wanted * len(ill))) - 1])


def my_net_benefit__specificity_for_alarms(truth, called, p):
    return (np.sum((truth == 1) & (called == 1)) - np.sum((truth == 0) & (called == 0)) * p / (1 - p)) / len(truth)


def my_net_benefit__right_by_loops(truth, called, p):
    worth = 0.0
    for t, c in zip(truth, called, strict=True):
        worth += c * (1 if t == 1 else -p / (1 - p))
    return worth / len(truth)


def at_new_prevalence__one_for_all(probability, old, new):
    return new


def at_new_prevalence__right_by_odds(probability, old, new):
    with np.errstate(all="ignore"):
        odds = probability / (1 - probability) * (new / (1 - new)) / (old / (1 - old))
        return odds / (1 + odds)


def at_new_prevalence__right_by_logits(probability, old, new):
    def logit(p):
        return np.log(p / (1 - p))

    return 1 / (1 + np.exp(-(logit(probability) + logit(new) - logit(old))))
