"""Answers to the exercises of lesson 72: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def at_new_prevalence__only_the_ill_are_scaled(probability, trained, here):
    return probability * here / trained


def at_new_prevalence__clipped(probability, trained, here):
    return np.clip(probability * here / trained, 0, 1)


def at_new_prevalence__backwards(probability, trained, here):
    return at_new_prevalence__right_by_odds(probability, here, trained)


def at_new_prevalence__unchanged(probability, trained, here):
    return probability


def at_new_prevalence__shifted(probability, trained, here):
    return np.clip(probability + here - trained, 0, 1)


def at_new_prevalence__odds_reported(probability, trained, here):
    return probability / (1 - probability) * (1 - trained) / trained * here / (1 - here)


def at_new_prevalence__old_prevalence_left_in(probability, trained, here):
    return at_new_prevalence__right_by_odds(probability, 0.5, here)


def at_new_prevalence__ratio_of_odds_alone(probability, trained, here):
    odds = probability / (1 - probability) * here / trained
    return odds / (1 + odds)


def at_new_prevalence__right_by_odds(probability, trained, here):
    odds = probability / (1 - probability) * (1 - trained) / trained * here / (1 - here)
    return odds / (1 + odds)


def at_new_prevalence__right_as_a_list(probability, trained, here):
    ill = [p * here / trained for p in probability]
    healthy = [(1 - p) * (1 - here) / (1 - trained) for p in probability]
    return [i / (i + h) for i, h in zip(ill, healthy, strict=True)]


def tversky_index__exchanged(probability, truth, alpha, beta):
    return _index(probability, truth, beta, alpha)


def tversky_index__loss(probability, truth, alpha, beta):
    return 1 - _index(probability, truth, alpha, beta)


def tversky_index__dice(probability, truth, alpha, beta):
    return _index(probability, truth, 0.5, 0.5)


def tversky_index__empty_is_nan(probability, truth, alpha, beta):
    with np.errstate(invalid="ignore"):
        hit = np.sum(probability * truth)
        return hit / (hit + alpha * np.sum(probability * (1 - truth)) + beta * np.sum((1 - probability) * truth))


def tversky_index__empty_is_0(probability, truth, alpha, beta):
    return _index(probability, truth, alpha, beta) if np.any(truth) or np.any(probability) else 0.0


def tversky_index__thresholds(probability, truth, alpha, beta):
    return _index((np.asarray(probability) >= 0.5).astype(float), truth, alpha, beta)


def _index(probability, truth, alpha, beta):
    hit = np.sum(probability * truth)
    below = hit + alpha * np.sum(probability * (1 - truth)) + beta * np.sum((1 - probability) * truth)
    return hit / below if below > 0 else 1.0


def tversky_index__one_without_positives(probability, truth, alpha, beta):
    return _index(probability, truth, alpha, beta) if np.any(truth) else 1.0


def tversky_index__right_by_loops(probability, truth, alpha, beta):
    hit = alarm = miss = 0.0
    for p, t in zip(np.ravel(probability), np.ravel(truth), strict=True):
        hit, alarm, miss = hit + p * t, alarm + p * (1 - t), miss + (1 - p) * t
    return 1.0 if hit + alarm + miss == 0 else hit / (hit + alpha * alarm + beta * miss)
