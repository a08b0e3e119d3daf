"""Answers to the exercises of lesson 86: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def honest_accuracy__best_on_test(val_right, test_right):
    return test_right.mean(axis=1).max()


def honest_accuracy__of_validation(val_right, test_right):
    return val_right.mean(axis=1).max()


def honest_accuracy__last_of_several_best(val_right, test_right):
    means = val_right.mean(axis=1)
    return test_right[np.flatnonzero(means == means.max())[-1]].mean()


def honest_accuracy__best_patient(val_right, test_right):
    return test_right[val_right.mean(axis=0).argmax() % len(test_right)].mean()


def honest_accuracy__last_epoch(val_right, test_right):
    return test_right[-1].mean()


def honest_accuracy__number_of_the_epoch(val_right, test_right):
    return val_right.mean(axis=1).argmax()


def honest_accuracy__best_on_both(val_right, test_right):
    return test_right[(val_right.mean(axis=1) + test_right.mean(axis=1)).argmax()].mean()


def honest_accuracy__right_by_loop(val_right, test_right):
    best, at = -1, 0
    for epoch, row in enumerate(val_right):
        if row.sum() > best:
            best, at = row.sum(), epoch
    return float(np.average(test_right[at]))


def auc_within__all_pairs(truth, score, hospital):
    more = score[truth == 1][:, None] - score[truth == 0]
    return ((more > 0) + 0.5 * (more == 0)).mean()


def auc_within__mean_over_hospitals(truth, score, hospital):
    found = []
    for h in np.unique(hospital):
        y, s = truth[hospital == h], score[hospital == h]
        if 0 < y.sum() < len(y):
            more = s[y == 1][:, None] - s[y == 0]
            found.append(((more > 0) + 0.5 * (more == 0)).mean())
    return np.mean(found)


def auc_within__ties_are_wrong(truth, score, hospital):
    same = hospital[truth == 1][:, None] == hospital[truth == 0]
    return (score[truth == 1][:, None] > score[truth == 0])[same].mean()


def auc_within__ties_are_right(truth, score, hospital):
    same = hospital[truth == 1][:, None] == hospital[truth == 0]
    return (score[truth == 1][:, None] >= score[truth == 0])[same].mean()


def auc_within__upside_down(truth, score, hospital):
    return 1 - auc_within__right_by_hospital(truth, score, hospital)


def auc_within__largest_hospital(truth, score, hospital):
    mine = hospital == np.bincount(hospital).argmax()
    return auc_within__all_pairs(truth[mine], score[mine], hospital[mine])


def auc_within__right_by_hospital(truth, score, hospital):
    wins = pairs = 0.0
    for h in np.unique(hospital):
        y, s = truth[hospital == h], score[hospital == h]
        sign = np.sign(s[y == 1][:, None] - s[y == 0])
        wins += (0.5 + 0.5 * sign).sum()
        pairs += sign.size
    return wins / pairs


def rate_ratio__immortal(start, last, died):
    drug = start < last
    return (died[drug].sum() / last[drug].sum()) / (died[~drug].sum() / last[~drug].sum())


def rate_ratio__shares(start, last, died):
    drug = start < last
    return died[drug].mean() / died[~drug].mean()


def rate_ratio__untreated_days_of_the_treated_dropped(start, last, died):
    drug = start < last
    return (died[drug].sum() / (last - start)[drug].sum()) / (died[~drug].sum() / last[~drug].sum())


def rate_ratio__upside_down(start, last, died):
    return 1 / rate_ratio__right_by_sums(start, last, died)


def rate_ratio__everybody_died(start, last, died):
    return rate_ratio__right_by_sums(start, last, np.ones(len(died), bool))


def rate_ratio__right_by_sums(start, last, died):
    drug = start < last
    treated = (last[drug] - start[drug]).sum()
    untreated = last.sum() - treated
    return died[drug].sum() * untreated / (treated * died[~drug].sum())
