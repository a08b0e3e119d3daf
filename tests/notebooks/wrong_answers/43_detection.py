"""Answers to the exercises of lesson 43: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


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


def my_iou__clips_rows_only(a, b):
    both = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return both / (_area(a) + _area(b) - both)


def my_iou__clips_columns_only(a, b):
    both = (min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return both / (_area(a) + _area(b) - both)


def my_iou__right_by_masks(a, b):
    one, two = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    one[a[0] : a[2], a[1] : a[3]] = two[b[0] : b[2], b[1] : b[3]] = True
    return np.mean(one & two) / np.mean(one | two)


def suppress__compares_with_the_best_only(overlap, scores, bound):
    order = np.argsort(-scores)
    return [int(order[0])] + [int(k) for k in order[1:] if overlap[k, order[0]] <= bound]


def suppress__strictly_below(overlap, scores, bound):
    kept = []
    for k in np.argsort(-scores):
        if all(overlap[k, j] < bound for j in kept):
            kept.append(int(k))
    return kept


def suppress__right_as_array(overlap, scores, bound):
    left, kept = np.argsort(-scores), []
    while len(left):
        kept.append(left[0])
        left = left[1:][overlap[left[0], left[1:]] <= bound]
    return np.array(kept)


def found_at__never_sorts(scores, outcome, objects, images, rate):
    alarms = np.cumsum(outcome == -1)
    return np.max(np.cumsum(outcome == 1)[alarms <= rate * images], initial=0) / objects


def found_at__stops_at_the_first_alarm_too_many(scores, outcome, objects, images, rate):
    found = 0
    for threshold in np.unique(scores):
        called = outcome[scores >= threshold]
        if np.sum(called == -1) > rate * images:
            break
        found = np.sum(called == 1)
    return found / objects


def found_at__right_by_cumulative_sums(scores, outcome, objects, images, rate):
    order = np.argsort(-scores, kind="stable")
    scores, outcome = scores[order], outcome[order]
    last = np.r_[scores[1:] != scores[:-1], True]
    hits, alarms = np.cumsum(outcome == 1)[last], np.cumsum(outcome == -1)[last]
    return max([0, *hits[alarms <= rate * images]]) / objects
