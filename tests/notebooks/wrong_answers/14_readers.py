"""Typical wrong answers to the exercises of lesson 14: exercise, two underscores, what is wrong."""

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


def kappa_of_two__share_equal(first, second):
    return np.mean(first == second)


def kappa_of_two__plain(first, second):
    from sklearn.metrics import cohen_kappa_score

    return cohen_kappa_score(first, second)


def kappa_of_two__linear(first, second):
    return 1 - np.mean(np.abs(first - second)) / np.mean(np.abs(first[:, None] - second[None]))


def kappa_of_two__upside_down(first, second):
    return np.mean((first - second) ** 2) / np.mean((first[:, None] - second[None]) ** 2)


def kappa_of_two__correlation(first, second):
    return np.corrcoef(first, second)[0, 1]


def kappa_of_two__pooled_frequencies(first, second):
    both = np.concatenate([first, second])
    return 1 - np.mean((first - second) ** 2) / np.mean((both[:, None] - both[None]) ** 2)


def kappa_of_two__uniform_chance(first, second):
    levels = np.unique(np.concatenate([first, second]))
    return 1 - np.mean((first - second) ** 2) / np.mean((levels[:, None] - levels[None]) ** 2)


def class_probability__no_prior(votes, matrices, prior):
    chance = np.prod([matrices[r, :, v] for r, v in enumerate(votes)], axis=0)
    return chance / chance.sum()


def class_probability__transposed(votes, matrices, prior):
    chance = np.array(prior, dtype=float)
    for r, v in enumerate(votes):
        chance = chance * matrices[r, v]
    return chance / chance.sum()


def class_probability__not_normalized(votes, matrices, prior):
    return prior * np.prod([matrices[r, :, v] for r, v in enumerate(votes)], axis=0)


def class_probability__sums(votes, matrices, prior):
    chance = prior * np.sum([matrices[r, :, v] for r, v in enumerate(votes)], axis=0)
    return chance / chance.sum()


def class_probability__counts_votes(votes, matrices, prior):
    return np.bincount(votes, minlength=len(prior)) / len(votes)


def class_probability__prior_for_every_reader(votes, matrices, prior):
    chance = np.prod([prior * matrices[r, :, v] for r, v in enumerate(votes)], axis=0)
    return chance / chance.sum()


def class_probability__most_likely(votes, matrices, prior):
    return np.argmax(prior * np.prod([matrices[r, :, v] for r, v in enumerate(votes)], axis=0))


def readers_needed__proportional(reliability, wanted):
    return int(np.ceil(wanted / reliability))


def readers_needed__fraction(reliability, wanted):
    return wanted * (1 - reliability) / (reliability * (1 - wanted)) + 0.25


def readers_needed__rounds_down(reliability, wanted):
    return max(1, int(np.floor(wanted * (1 - reliability) / (reliability * (1 - wanted)) - 1e-9)))


def readers_needed__rounds_to_nearest(reliability, wanted):
    return max(1, round(wanted * (1 - reliability) / (reliability * (1 - wanted))))


def readers_needed__upside_down(reliability, wanted):
    return max(1, int(np.ceil(reliability * (1 - wanted) / (wanted * (1 - reliability)))))


def readers_needed__nobody(reliability, wanted):
    return int(np.ceil(wanted * (1 - reliability) / (reliability * (1 - wanted)) - 1e-9)) - (wanted < reliability)


def readers_needed__one_more(reliability, wanted):
    return int(np.ceil(wanted * (1 - reliability) / (reliability * (1 - wanted)))) + 1
