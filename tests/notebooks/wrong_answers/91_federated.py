"""Answers to the exercises of lesson 91: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def server_mean__not_weighted(weights, counts):
    good = ~np.isnan(weights).any(axis=1)
    return weights[good].mean(axis=0) if good.any() else np.zeros(weights.shape[1])


def server_mean__nan_as_zero(weights, counts):
    return counts @ np.nan_to_num(weights) / counts.sum()


def server_mean__nan_spreads(weights, counts):
    return counts @ weights / counts.sum()


def server_mean__single_weights_left_out(weights, counts):
    known = ~np.isnan(weights)
    total = (known * counts[:, None]).sum(axis=0)
    return (np.nan_to_num(weights) * counts[:, None]).sum(axis=0) / np.maximum(total, 1)


def server_mean__divides_by_all_images(weights, counts):
    good = ~np.isnan(weights).any(axis=1)
    return counts[good] @ weights[good] / counts.sum()


def server_mean__fails_when_none_is_left(weights, counts):
    good = ~np.isnan(weights).any(axis=1)
    return np.average(weights[good], axis=0, weights=counts[good])


def server_mean__median(weights, counts):
    good = ~np.isnan(weights).any(axis=1)
    return np.median(weights[good], axis=0) if good.any() else np.zeros(weights.shape[1])


def server_mean__right_by_average(weights, counts):
    good = np.isfinite(weights).all(axis=1)
    return np.average(weights[good], axis=0, weights=counts[good]) if any(good) else np.zeros(weights.shape[1])


def bytes_moved__up_only(weights, clients, rounds, share):
    up = 4 * weights if share == 1 else 8 * max(1, int(share * weights))
    return rounds * clients * up


def bytes_moved__places_forgotten(weights, clients, rounds, share):
    return rounds * clients * (4 * weights + 4 * max(1, int(share * weights)))


def bytes_moved__places_with_everything(weights, clients, rounds, share):
    return rounds * clients * (4 * weights + 8 * max(1, int(share * weights)))


def bytes_moved__one_client(weights, clients, rounds, share):
    up = 4 * weights if share == 1 else 8 * max(1, int(share * weights))
    return rounds * (4 * weights + up)


def bytes_moved__rounds_up(weights, clients, rounds, share):
    up = 4 * weights if share == 1 else 8 * int(np.ceil(share * weights))
    return rounds * clients * (4 * weights + up)


def bytes_moved__nothing_for_a_tiny_share(weights, clients, rounds, share):
    up = 4 * weights if share == 1 else 8 * int(share * weights)
    return rounds * clients * (4 * weights + up)


def bytes_moved__down_is_sparse_too(weights, clients, rounds, share):
    up = 4 * weights if share == 1 else 8 * max(1, int(share * weights))
    return rounds * clients * 2 * up


def bytes_moved__right_as_float(weights, clients, rounds, share):
    k = max(1, int(share * weights))
    return float(rounds * clients * (4 * weights + (4 * k if k == weights and share == 1 else 8 * k)))
