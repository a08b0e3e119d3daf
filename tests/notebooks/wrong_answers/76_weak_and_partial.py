"""Answers to the exercises of lesson 76: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def partial_cross_entropy__missing_is_background(p, labels):
    return float(-np.log(p[np.arange(len(p)), np.maximum(labels, 0)]).mean())


def partial_cross_entropy__index_of_minus_one(p, labels):
    return float(-np.log(p[np.arange(len(p)), labels]).mean())


def partial_cross_entropy__mean_over_all_pixels(p, labels):
    rows = labels >= 0
    return float(-np.log(p[rows, labels[rows]]).sum() / len(p))


def partial_cross_entropy__background_is_left_out_too(p, labels):
    rows = labels > 0
    return float(-np.log(p[rows, labels[rows]]).mean()) if rows.any() else 0.0


def partial_cross_entropy__nan_without_labels(p, labels):
    rows = labels >= 0
    return float(-np.log(p[rows, labels[rows]]).sum() / rows.sum()) if rows.any() else float("nan")


def partial_cross_entropy__no_minus(p, labels):
    rows = labels >= 0
    return float(np.log(p[rows, labels[rows]]).mean()) if rows.any() else 0.0


def partial_cross_entropy__right_with_a_mask(p, labels):
    known = labels >= 0
    lost = -np.log(p[np.arange(len(p)), np.where(known, labels, 0)])
    return (lost * known).sum() / max(1, known.sum())


def marginal_loss__missing_is_background(p, labels, outlined):
    return -np.log(p[np.arange(len(p)), labels])


def marginal_loss__without_background(p, labels, outlined):
    others = [c for c in range(1, p.shape[1]) if c not in outlined]
    return -np.log(np.where(labels == 0, p[:, others].sum(1) + 1e-12, p[np.arange(len(p)), labels]))


def marginal_loss__sum_of_logs(p, labels, outlined):
    others = [c for c in range(p.shape[1]) if c not in outlined]
    return np.where(labels == 0, -np.log(p[:, others]).sum(1), -np.log(p[np.arange(len(p)), labels]))


def marginal_loss__the_outlined_classes(p, labels, outlined):
    return -np.log(np.where(labels == 0, p[:, outlined].sum(1), p[np.arange(len(p)), labels]))


def marginal_loss__mean(p, labels, outlined):
    return float(marginal_loss__right_by_complement(p, labels, outlined).mean())


def marginal_loss__no_loss_where_nothing_is_drawn(p, labels, outlined):
    return np.where(labels == 0, 0.0, -np.log(p[np.arange(len(p)), labels]))


def marginal_loss__right_by_complement(p, labels, outlined):
    rest = 1 - p[:, outlined].sum(1)
    return -np.log(np.where(labels == 0, rest, p[np.arange(len(p)), labels]))
