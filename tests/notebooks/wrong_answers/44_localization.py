"""Answers to the exercises of lesson 44: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


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


def soft_argmax__right_by_loops(heatmap, stride):
    row = column = 0.0
    for y, line in enumerate(heatmap):
        for x, weight in enumerate(line):
            row += weight * (y * stride + (stride - 1) / 2)
            column += weight * (x * stride + (stride - 1) / 2)
    return row / heatmap.sum(), column / heatmap.sum()


def mirrored__first_pair_only(points, width, pairs):
    turned = np.array(points)
    turned[:, 1] = width - 1 - turned[:, 1]
    if pairs:
        one, other = pairs[0]
        turned[[one, other]] = turned[[other, one]]
    return turned


def mirrored__right_by_an_order(points, width, pairs):
    order = np.arange(len(points))
    for one, other in pairs:
        order[[one, other]] = other, one
    return (points * [1, -1] + [0, width - 1])[order]


def success_rate__manhattan_distance(predicted, truth, radius):
    exists = np.isfinite(truth).all(-1)
    return np.mean((np.abs(predicted - truth).sum(-1) <= radius)[exists])


def success_rate__right_by_loops(predicted, truth, radius):
    hits = total = 0
    for p, t in zip(predicted, truth, strict=True):
        if not np.isnan(t).any():
            total += 1
            hits += bool(np.linalg.norm(p - t) <= radius)
    return hits / total
