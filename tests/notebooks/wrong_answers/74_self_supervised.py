"""Answers to the exercises of lesson 74: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def terms(z, temperature):
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    e = np.exp(z @ z.T / temperature)
    np.fill_diagonal(e, 0)
    return e


def contrastive_loss__counts_itself(z, partner, temperature):
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    e = np.exp(z @ z.T / temperature)
    return -np.log(e[np.arange(len(z)), partner] / e.sum(1)).mean()


def contrastive_loss__no_temperature(z, partner, temperature):
    return contrastive_loss__right_by_loop(z, partner, 1.0)


def contrastive_loss__no_length(z, partner, temperature):
    e = np.exp(z @ z.T / temperature)
    np.fill_diagonal(e, 0)
    return -np.log(e[np.arange(len(z)), partner] / e.sum(1)).mean()


def contrastive_loss__partner_by_half(z, partner, temperature):
    return contrastive_loss__right_by_loop(z, np.roll(np.arange(len(z)), len(z) // 2), temperature)


def contrastive_loss__sum(z, partner, temperature):
    return contrastive_loss__right_by_loop(z, partner, temperature) * len(z)


def contrastive_loss__right_by_loop(z, partner, temperature):
    e = terms(z, temperature)
    return float(np.mean([np.log(row.sum()) - np.log(row[p]) for row, p in zip(e, partner, strict=True)]))


def allowed__forbidden(changes, needed):
    return ~allowed__right_by_product(changes, needed)


def allowed__if_one_label_does_not_mind(changes, needed):
    return ~(changes & needed.all(0)).any(1)


def allowed__first_label_alone(changes, needed):
    return ~(changes & needed[:1].any(0)).any(1)


def allowed__if_one_quality_stays(changes, needed):
    return ~(changes & needed.any(0)).all(1)


def allowed__right_by_product(changes, needed):
    return (changes.astype(int) @ needed.astype(int).T).sum(1) == 0
