"""Typical wrong answers to the exercises of lesson 43: exercise, two underscores, what is wrong."""

import numpy as np
import torch


def _shared(a, b):
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _area(a):
    return (a[2] - a[0]) * (a[3] - a[1])


def _iou(a, b):
    return _shared(a, b) / (_area(a) + _area(b) - _shared(a, b))


def my_iou__union_counts_twice(a, b):
    return _shared(a, b) / (_area(a) + _area(b))


def my_iou__dice(a, b):
    return 2 * _shared(a, b) / (_area(a) + _area(b))


def my_iou__end_included(a, b):
    return _iou([a[0], a[1], a[2] + 1, a[3] + 1], [b[0], b[1], b[2] + 1, b[3] + 1])


def my_iou__no_clip(a, b):
    both = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return both / (_area(a) + _area(b) - both)


def my_iou__clipped_product(a, b):
    both = max(0.0, (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1])))
    return both / (_area(a) + _area(b) - both)


def my_iou__smaller_area(a, b):
    return _shared(a, b) / min(_area(a), _area(b))


def suppress__lowest_first(overlap, scores, bound):
    kept = []
    for k in np.argsort(scores):
        if all(overlap[k, j] <= bound for j in kept):
            kept.append(int(k))
    return kept


def suppress__all_better_ones(overlap, scores, bound):
    order = np.argsort(-scores)
    return [int(k) for n, k in enumerate(order) if all(overlap[k, j] <= bound for j in order[:n])]


def suppress__by_index(overlap, scores, bound):
    kept = []
    for k in np.argsort(-scores):
        if all(overlap[k, j] <= bound for j in kept):
            kept.append(int(k))
    return sorted(kept)


def suppress__keeps_everything(overlap, scores, bound):
    return list(np.argsort(-scores))


def suppress__best_only(overlap, scores, bound):
    return [int(np.argmax(scores))]


def found_at__of_those_found(scores, outcome, objects, images, rate):
    return found_at__ties_in_order(scores, outcome, np.sum(outcome == 1), images, rate)


def found_at__duplicates_are_alarms(scores, outcome, objects, images, rate):
    called = [outcome[scores >= t] for t in np.unique(scores)]
    return max([np.sum(c == 1) / objects for c in called if np.sum(c < 1) <= rate * images], default=0.0)


def found_at__ties_in_order(scores, outcome, objects, images, rate):
    order = np.argsort(-scores, kind="stable")
    alarms = np.cumsum(outcome[order] == -1)
    return np.max(np.cumsum(outcome[order] == 1)[alarms <= rate * images], initial=0) / objects


def found_at__rate_in_all(scores, outcome, objects, images, rate):
    called = [outcome[scores >= t] for t in np.unique(scores)]
    return max([np.sum(c == 1) / objects for c in called if np.sum(c == -1) <= rate], default=0.0)


def mined__all(each, target, ratio):
    return each.mean()


def mined__easiest(each, target, ratio):
    positive, negative = each[target == 1], each[target == 0].sort().values
    return torch.cat([positive, negative[: ratio * max(1, len(positive))]]).mean()


def mined__ranked_together(each, target, ratio):
    return each.topk(min(len(each), ratio * max(1, int(target.sum())))).values.mean()


def mined__no_positive_no_loss(each, target, ratio):
    positive, negative = each[target == 1], each[target == 0]
    chosen = negative.topk(min(len(negative), ratio * len(positive))).values
    return torch.cat([positive, chosen]).mean()
