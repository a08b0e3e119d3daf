"""Answers to the exercises of lesson 13: exercise, two underscores, what is wrong, or "right" and how."""

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


def split_by_patient__loses_patients_by_rounding(ids, shares, rng):
    names = rng.permutation(np.unique(ids))
    sizes = [int(share * len(names)) for share in shares]
    groups = np.split(names[: sum(sizes)], np.cumsum(sizes)[:2])
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in groups)


def split_by_patient__always_half_a_quarter_a_quarter(ids, shares, rng):
    names = rng.permutation(np.unique(ids))
    groups = np.split(names, [len(names) // 2, 3 * len(names) // 4])
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in groups)


def split_by_patient__only_a_rotation(ids, shares, rng):
    names = np.unique(ids)
    names = np.roll(names, rng.integers(len(names)))
    groups = np.split(names, np.round(np.cumsum(shares) * len(names)).astype(int)[:2])
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in groups)


def split_by_patient__global_numbers(ids, shares, rng):
    names = np.random.permutation(np.unique(ids))  # noqa: NPY002
    groups = np.split(names, np.round(np.cumsum(shares) * len(names)).astype(int)[:2])
    return tuple(np.flatnonzero(np.isin(ids, group)) for group in groups)


def split_by_patient__masks(ids, shares, rng):
    group = rng.choice(3, len(np.unique(ids)), p=shares)[np.unique(ids, return_inverse=True)[1]]
    return tuple(group == k for k in range(3))


def split_by_patient__right_by_chance(ids, shares, rng):
    names, owner = np.unique(ids, return_inverse=True)
    group = rng.choice(3, len(names), p=shares)[owner]
    return [np.flatnonzero(group == k) for k in range(3)]


def split_by_patient__right_lists_and_floor(ids, shares, rng):
    names = list(dict.fromkeys(ids))
    rng.shuffle(names)
    first, second = int(shares[0] * len(names)), int((shares[0] + shares[1]) * len(names))
    groups = names[:first], names[first:second], names[second:]
    return tuple([k for k, one in enumerate(ids) if one in set(group)] for group in groups)


def leaked_share__rounded(train_ids, test_ids):
    return round(np.mean(np.isin(test_ids, train_ids)), 2)


def leaked_share__right_by_sets(train_ids, test_ids):
    known = set(train_ids)
    return sum(1 for one in test_ids if one in known) / len(test_ids)


def reported_accuracy__right_from_errors(r, g):
    return 1 - (1 - r) * (1 - g)
