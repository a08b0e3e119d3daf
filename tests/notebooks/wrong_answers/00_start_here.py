"""Typical wrong answers to the exercises of lesson 00: exercise, two underscores, what is wrong."""

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
