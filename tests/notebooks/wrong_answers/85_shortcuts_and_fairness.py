"""Answers to the exercises of lesson 85: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def worst_recall__of_everybody(truth, called, groups):
    return np.mean(called[truth == 1]) if (truth == 1).any() else float("nan")


def worst_recall__best_group(truth, called, groups):
    ill = truth == 1
    return max((np.mean(called[ill & (groups == g)]) for g in np.unique(groups[ill])), default=float("nan"))


def worst_recall__share_called_ill(truth, called, groups):
    return min(np.mean(called[groups == g]) for g in np.unique(groups))


def worst_recall__accuracy(truth, called, groups):
    return min(np.mean((called == truth)[groups == g]) for g in np.unique(groups))


def worst_recall__precision(truth, called, groups):
    return min(np.sum((called * truth)[groups == g]) / max(1, np.sum(called[groups == g])) for g in np.unique(groups))


def worst_recall__empty_group_is_zero(truth, called, groups):
    return min(
        np.mean(called[(groups == g) & (truth == 1)]) if truth[groups == g].any() else 0.0 for g in np.unique(groups)
    )


def worst_recall__zero_instead_of_nan(truth, called, groups):
    ill = truth == 1
    return min((np.mean(called[ill & (groups == g)]) for g in np.unique(groups[ill])), default=0.0)


def worst_recall__right_by_counting(truth, called, groups):
    shares = []
    for g in dict.fromkeys(groups.tolist()):
        there = int(np.sum(truth[groups == g]))
        if there:
            shares.append(int(np.sum((truth & called)[groups == g])) / there)
    return min(shares, default=np.nan)


def p_value__can_be_zero(observed, shuffled):
    return np.mean(shuffled >= observed)


def p_value__strictly_larger(observed, shuffled):
    return (1 + np.sum(shuffled > observed)) / (1 + len(shuffled))


def p_value__other_tail(observed, shuffled):
    return (1 + np.sum(shuffled <= observed)) / (1 + len(shuffled))


def p_value__adds_one_above_alone(observed, shuffled):
    return (1 + np.sum(shuffled >= observed)) / len(shuffled)


def p_value__adds_one_below_alone(observed, shuffled):
    return np.sum(shuffled >= observed) / (1 + len(shuffled))


def p_value__one_minus(observed, shuffled):
    return 1 - (1 + np.sum(shuffled >= observed)) / (1 + len(shuffled))


def p_value__right_by_a_mean(observed, shuffled):
    return float(np.mean(np.append(shuffled, observed) >= observed))
