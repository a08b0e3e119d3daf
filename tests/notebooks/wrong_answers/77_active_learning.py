"""Answers to the exercises of lesson 77: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def margin__largest_alone(p):
    return p.max(axis=1)


def margin__largest_minus_smallest(p):
    return p.max(axis=1) - p.min(axis=1)


def margin__down_the_columns(p):
    ordered = np.sort(p, axis=0)
    return ordered[-1] - ordered[-2]


def margin__second_minus_largest(p):
    ordered = np.sort(p, axis=1)
    return ordered[:, -2] - ordered[:, -1]


def margin__two_classes_only(p):
    return np.abs(p[:, 0] - p[:, 1])


def margin__ties_are_left_out(p):
    out = []
    for row in p:
        distinct = np.unique(row)
        out.append(distinct[-1] - distinct[-2] if len(distinct) > 1 else 0.0)
    return np.array(out)


def margin__one_number(p):
    ordered = np.sort(p, axis=1)
    return (ordered[:, -1] - ordered[:, -2]).mean()


def margin__right_by_partition(p):
    two = np.partition(p, -2, axis=1)[:, -2:]
    return two[:, 1] - two[:, 0]


def margin__right_as_a_list(p):
    return [sorted(row)[-1] - sorted(row)[-2] for row in p.tolist()]


def labels_needed__next_round(labels, auc, target):
    for n, a in zip(labels, auc, strict=True):
        if a >= target:
            return float(n)
    return np.nan


def labels_needed__last_crossing(labels, auc, target):
    for k in range(len(auc) - 1, 0, -1):
        if auc[k - 1] < target <= auc[k]:
            return float(labels[k - 1] + (target - auc[k - 1]) / (auc[k] - auc[k - 1]) * (labels[k] - labels[k - 1]))
    return float(labels[0]) if auc[0] >= target else np.nan


def labels_needed__as_if_sorted(labels, auc, target):
    return float(np.interp(target, auc, labels))


def labels_needed__never_is_the_last(labels, auc, target):
    above = np.flatnonzero(auc >= target)
    if not len(above):
        return float(labels[-1])
    if above[0] == 0:
        return float(labels[0])
    pair = slice(above[0] - 1, above[0] + 1)
    return float(np.interp(target, auc[pair], labels[pair]))


def labels_needed__none_for_never(labels, auc, target):
    return None if max(auc) < target else labels_needed__right_by_interp(labels, auc, target)


def labels_needed__fails_at_the_start(labels, auc, target):
    k = int(np.argmax(auc >= target))
    if max(auc) < target:
        return np.nan
    return float(labels[k - 1] + (target - auc[k - 1]) / (auc[k] - auc[k - 1]) * (labels[k] - labels[k - 1]))


def labels_needed__right_by_interp(labels, auc, target):
    above = np.flatnonzero(np.asarray(auc) >= target)
    if not len(above):
        return float("nan")
    k = above[0]
    return float(labels[0] if k == 0 else np.interp(target, auc[k - 1 : k + 1], labels[k - 1 : k + 1]))
