"""Typical wrong answers to the exercises of lesson 41: exercise, two underscores, what is wrong."""

import numpy as np


def npv_from_bayes__ppv(sensitivity, specificity, prevalence):
    caught, alarmed = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    return caught / (caught + alarmed)


def npv_from_bayes__forgets_prevalence(sensitivity, specificity, prevalence):
    return specificity / (specificity + 1 - sensitivity)


def npv_from_bayes__counts_the_caught(sensitivity, specificity, prevalence):
    cleared = specificity * (1 - prevalence)
    return cleared / (cleared + sensitivity * prevalence)


def npv_from_bayes__prevalence_of_the_healthy(sensitivity, specificity, prevalence):
    cleared = specificity * prevalence
    return cleared / (cleared + (1 - sensitivity) * (1 - prevalence))


def npv_from_bayes__specificity(sensitivity, specificity, prevalence):
    return specificity


def npv_from_bayes__in_percent(sensitivity, specificity, prevalence):
    cleared = specificity * (1 - prevalence)
    return 100 * cleared / (cleared + (1 - sensitivity) * prevalence)


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
