"""Answers to the exercises of lesson 43: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


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
