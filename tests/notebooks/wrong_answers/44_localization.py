"""Typical wrong answers to the exercises of lesson 44: exercise, two underscores, what is wrong."""

import numpy as np


def error_mm__pixels(predicted, truth, spacing):
    return np.sqrt(((predicted - truth) ** 2).sum(-1))


def error_mm__mean_spacing(predicted, truth, spacing):
    return np.sqrt(((predicted - truth) ** 2).sum(-1)) * np.mean(spacing)


def error_mm__axes_exchanged(predicted, truth, spacing):
    return np.sqrt((((predicted - truth) * np.asarray(spacing)[::-1]) ** 2).sum(-1))


def error_mm__manhattan(predicted, truth, spacing):
    return np.abs((predicted - truth) * np.asarray(spacing)).sum(-1)


def error_mm__one_number(predicted, truth, spacing):
    return np.sqrt((((predicted - truth) * np.asarray(spacing)) ** 2).sum(-1)).mean()


def error_mm__spacing_not_squared(predicted, truth, spacing):
    return np.sqrt(((predicted - truth) ** 2 * np.asarray(spacing)).sum(-1))


def soft_argmax__argmax(heatmap, stride):
    return np.array(np.unravel_index(heatmap.argmax(), heatmap.shape)) * stride + (stride - 1) / 2


def soft_argmax__corner(heatmap, stride):
    share = heatmap / heatmap.sum()
    rows, columns = np.indices(heatmap.shape)
    return np.array([(share * rows).sum(), (share * columns).sum()]) * stride


def soft_argmax__half_a_cell(heatmap, stride):
    share = heatmap / heatmap.sum()
    rows, columns = np.indices(heatmap.shape)
    return (np.array([(share * rows).sum(), (share * columns).sum()]) + 0.5) * stride


def soft_argmax__exchanged(heatmap, stride):
    share = heatmap / heatmap.sum()
    rows, columns = np.indices(heatmap.shape)
    return np.array([(share * columns).sum(), (share * rows).sum()]) * stride + (stride - 1) / 2


def soft_argmax__not_normalized(heatmap, stride):
    rows, columns = np.indices(heatmap.shape)
    return np.array([(heatmap * rows).sum(), (heatmap * columns).sum()]) * stride + (stride - 1) / 2


def soft_argmax__cells(heatmap, stride):
    share = heatmap / heatmap.sum()
    rows, columns = np.indices(heatmap.shape)
    return np.array([(share * rows).sum(), (share * columns).sum()])


def mirrored__no_pairs(points, width, pairs):
    turned = np.array(points)
    turned[:, 1] = width - 1 - turned[:, 1]
    return turned


def mirrored__one_off(points, width, pairs):
    turned = np.array(points)
    turned[:, 1] = width - turned[:, 1]
    for one, other in pairs:
        turned[[one, other]] = turned[[other, one]]
    return turned


def mirrored__rows(points, width, pairs):
    turned = np.array(points)
    turned[:, 0] = width - 1 - turned[:, 0]
    for one, other in pairs:
        turned[[one, other]] = turned[[other, one]]
    return turned


def mirrored__pairs_only(points, width, pairs):
    turned = np.array(points)
    for one, other in pairs:
        turned[[one, other]] = turned[[other, one]]
    return turned


def mirrored__in_place(points, width, pairs):
    points[:, 1] = width - 1 - points[:, 1]
    for one, other in pairs:
        points[[one, other]] = points[[other, one]]
    return points


def success_rate__nanmean(predicted, truth, radius):
    off = np.sqrt(((predicted - truth) ** 2).sum(-1))
    return np.mean(off[np.isfinite(off)] <= radius)


def success_rate__all_counted(predicted, truth, radius):
    return np.mean(np.sqrt(((predicted - truth) ** 2).sum(-1)) <= radius)


def success_rate__strict(predicted, truth, radius):
    exists = np.isfinite(truth).all(-1)
    return np.mean((np.sqrt(((predicted - truth) ** 2).sum(-1)) < radius)[exists])


def success_rate__mean_error(predicted, truth, radius):
    return np.mean(np.sqrt(((predicted - truth) ** 2).sum(-1)))
