"""Answers to the exercises of lesson 00: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def auc_by_pairs__ties_count_nothing(truth, score):
    return np.mean(score[truth == 1][:, None] > score[truth == 0][None, :])


def auc_by_pairs__ties_count_one(truth, score):
    return np.mean(score[truth == 1][:, None] >= score[truth == 0][None, :])


def auc_by_pairs__upside_down(truth, score):
    ill, healthy = score[truth == 1][:, None], score[truth == 0][None, :]
    return np.mean((ill < healthy) + 0.5 * (ill == healthy))


def auc_by_pairs__accuracy_at_a_half(truth, score):
    return np.mean((score >= 0.5) == truth)


def auc_by_pairs__a_constant(truth, score):
    return 0.75


def center_and_width__other_way_around(low, high):
    return high - low, (low + high) / 2


def center_and_width__half_the_width(low, high):
    return (low + high) / 2, (high - low) / 2


def center_and_width__ends(low, high):
    return low, high


def center_and_width__a_constant(low, high):
    return 40, 400


def auc_by_pairs__only_sorted_lists(truth, score):
    return np.mean(score[truth == 1] > score[truth == 0][: np.sum(truth == 1)].mean())


def auc_by_pairs__right_by_loops(truth, score):
    pairs = [(a, b) for a in score[truth == 1] for b in score[truth == 0]]
    return sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs) / len(pairs)


def auc_by_pairs__right_by_ranks(truth, score):
    from scipy.stats import mannwhitneyu

    ill, healthy = score[truth == 1], score[truth == 0]
    return mannwhitneyu(ill, healthy).statistic / (len(ill) * len(healthy))


def center_and_width__absolute_center(low, high):
    return abs(low + high) / 2, high - low


def center_and_width__right_for_either_order(low, high):
    return [(low + high) / 2, max(low, high) - min(low, high)]


def center_and_width__right_as_array(low, high):
    return np.array([(low + high) / 2, abs(high - low)])
