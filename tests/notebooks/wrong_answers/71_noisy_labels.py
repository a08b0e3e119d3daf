"""Typical wrong answers to the exercises of lesson 71: exercise, two underscores, what is wrong."""

import numpy as np


def true_accuracy__no_luck(measured, rate, classes):
    return measured / (1 - rate)


def true_accuracy__adds(measured, rate, classes):
    return measured + rate


def true_accuracy__all_classes(measured, rate, classes):
    by_luck = rate / classes
    return (measured - by_luck) / (1 - rate - by_luck)


def true_accuracy__forward(measured, rate, classes):
    return measured * (1 - rate) + (1 - measured) * rate / (classes - 1)


def true_accuracy__as_measured(measured, rate, classes):
    return measured


def loudness__signed(p, q):
    return -(p**q) * (1 - p)


def loudness__by_probability(p, q):
    return p ** (q - 1)


def loudness__keeps_q(p, q):
    return q * p**q * (1 - p)


def loudness__cross_entropy(p, q):
    return 1 - p


def loudness__without_chain(p, q):
    return p**q


def lesson_for_one__own_favorites(loss_one, loss_two, forget):
    count = max(1, round((1 - forget) * len(loss_one)))
    return np.sort(np.argsort(loss_one)[:count])


def lesson_for_one__large_losses(loss_one, loss_two, forget):
    count = max(1, round(forget * len(loss_two)))
    return np.sort(np.argsort(loss_two)[-count:])


def lesson_for_one__keeps_forget(loss_one, loss_two, forget):
    count = max(1, round(forget * len(loss_two)))
    return np.sort(np.argsort(loss_two)[:count])


def lesson_for_one__unsorted(loss_one, loss_two, forget):
    count = max(1, round((1 - forget) * len(loss_two)))
    return np.argsort(loss_two)[:count]


def lesson_for_one__may_be_empty(loss_one, loss_two, forget):
    return np.sort(np.argsort(loss_two)[: round((1 - forget) * len(loss_two))])


def lesson_for_one__sum_of_both(loss_one, loss_two, forget):
    count = max(1, round((1 - forget) * len(loss_two)))
    return np.sort(np.argsort(loss_one + loss_two)[:count])


def rate_from_agreement__disagreement(agreement, classes):
    return 1 - agreement


def rate_from_agreement__half(agreement, classes):
    return (1 - agreement) / 2


def rate_from_agreement__both_right_only(agreement, classes):
    return 1 - np.sqrt(agreement)


def rate_from_agreement__larger_solution(agreement, classes):
    chance = 1 / classes
    return (1 - chance) * (1 + np.sqrt((agreement - chance) / (1 - chance)))


def rate_from_agreement__errors_always_agree(agreement, classes):
    return (1 - np.sqrt(np.maximum(2 * agreement - 1, 0))) / 2
