"""Typical wrong answers to the exercises of lesson 13: exercise, two underscores, what is wrong."""

import numpy as np


def split_by_patient__by_rows(ids, shares, rng):
    ends = np.round(np.cumsum(shares) * len(ids)).astype(int)
    return tuple(np.split(rng.permutation(len(ids)), ends[:2]))


def split_by_patient__not_shuffled(ids, shares, rng):
    names = np.unique(ids)
    ends = np.round(np.cumsum(shares) * len(names)).astype(int)
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in np.split(names, ends[:2]))


def split_by_patient__own_generator(ids, shares, rng):
    names = np.random.default_rng().permutation(np.unique(ids))
    ends = np.round(np.cumsum(shares) * len(names)).astype(int)
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in np.split(names, ends[:2]))


def split_by_patient__names(ids, shares, rng):
    names = rng.permutation(np.unique(ids))
    return tuple(np.split(names, np.round(np.cumsum(shares) * len(names)).astype(int)[:2]))


def split_by_patient__one_image_each(ids, shares, rng):
    names, first = np.unique(ids, return_index=True)
    order = rng.permutation(len(names))
    return tuple(first[part] for part in np.split(order, np.round(np.cumsum(shares) * len(names)).astype(int)[:2]))


def split_by_patient__loses_the_last(ids, shares, rng):
    names = rng.permutation(np.unique(ids))
    ends = np.floor(np.cumsum(shares) * (len(names) - 1)).astype(int)
    groups = names[: ends[0]], names[ends[0] : ends[1]], names[ends[1] : ends[2]]
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in groups)


def leaked_share__of_training(train_ids, test_ids):
    return np.mean(np.isin(train_ids, test_ids))


def leaked_share__of_patients(train_ids, test_ids):
    return np.mean(np.isin(np.unique(test_ids), train_ids))


def leaked_share__a_number(train_ids, test_ids):
    return np.sum(np.isin(test_ids, train_ids))


def leaked_share__of_all(train_ids, test_ids):
    return np.sum(np.isin(test_ids, train_ids)) / (len(train_ids) + len(test_ids))


def reported_accuracy__sum(r, g):
    return r + g


def reported_accuracy__product(r, g):
    return r * g


def reported_accuracy__only_recognized(r, g):
    return r


def reported_accuracy__coin(r, g):
    return r + (1 - r) * 0.5


def reported_accuracy__mean(r, g):
    return (r + g) / 2
