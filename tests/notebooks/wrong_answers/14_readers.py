"""Answers to the exercises of lesson 14: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def vote_of_others__votes_too(masks, reader):
    return 2 * np.asarray(masks, int).sum(0) > len(masks)


def vote_of_others__tie_is_enough(masks, reader):
    others = np.delete(np.asarray(masks, int), reader, axis=0)
    return 2 * others.sum(0) >= len(others)


def vote_of_others__any(masks, reader):
    return np.delete(masks, reader, axis=0).any(0)


def vote_of_others__all(masks, reader):
    return np.delete(masks, reader, axis=0).all(0)


def vote_of_others__half_of_the_panel(masks, reader):
    return 2 * np.delete(np.asarray(masks, int), reader, axis=0).sum(0) > len(masks)


def vote_of_others__one_number(masks, reader):
    return np.delete(np.asarray(masks, int), reader, axis=0).mean() > 0.5


def vote_of_others__leaves_out_the_first(masks, reader):
    others = np.asarray(masks, int)[1:]
    return 2 * others.sum(0) > len(others)


def vote_of_others__right_by_counting(masks, reader):
    others = [mask for k, mask in enumerate(masks) if k != reader]
    return np.mean(others, axis=0) > 0.5


def vote_of_others__right_as_numbers(masks, reader):
    count = masks.sum(0).astype(int) - masks[reader]
    return (2 * count > len(masks) - 1).astype(np.uint8)


def kappa__share_of_equal_ratings(first, second):
    return np.mean(first == second)


def kappa__classes_equally_frequent(first, second):
    chance = 1 / len(np.union1d(first, second))
    return (np.mean(first == second) - chance) / (1 - chance)


def kappa__pooled_frequencies(first, second):
    both = np.concatenate([first, second])
    chance = sum(np.mean(both == k) ** 2 for k in np.unique(both))
    return (np.mean(first == second) - chance) / (1 - chance)


def kappa__weighted_by_the_distance(first, second):
    expected = np.mean((first[:, None] - second[None]) ** 2.0)
    return 1 - np.mean((first - second) ** 2.0) / expected


def kappa__not_divided(first, second):
    classes = np.union1d(first, second)
    return np.mean(first == second) - sum(np.mean(first == k) * np.mean(second == k) for k in classes)


def kappa__never_below_zero(first, second):
    chance = sum(np.mean(first == k) * np.mean(second == k) for k in np.union1d(first, second))
    return max(0.0, (np.mean(first == second) - chance) / (1 - chance))


def kappa__classes_0_and_1_only(first, second):
    chance = sum(np.mean(first == k) * np.mean(second == k) for k in (0, 1))
    return (np.mean(first == second) - chance) / (1 - chance)


def kappa__right_by_all_pairs(first, second):
    return 1 - np.mean(first != second) / np.mean(first[:, None] != second[None])


def kappa__right_by_a_table(first, second):
    classes = sorted({*first.tolist(), *second.tolist()})
    table = np.zeros((len(classes), len(classes)))
    for a, b in zip(first, second, strict=True):
        table[classes.index(a), classes.index(b)] += 1
    chance = (table.sum(0) * table.sum(1)).sum() / table.sum() ** 2
    return float((np.trace(table) / table.sum() - chance) / (1 - chance))
