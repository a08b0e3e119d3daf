"""Answers to the exercises of lesson 16: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


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


def class_probability__two_classes_only(votes, matrices, prior):
    ill = prior[1] * np.prod([matrices[r, 1, v] for r, v in enumerate(votes)])
    healthy = prior[0] * np.prod([matrices[r, 0, v] for r, v in enumerate(votes)])
    return np.array([healthy, ill]) / (healthy + ill)


def class_probability__three_readers_only(votes, matrices, prior):
    chance = prior * matrices[0, :, votes[0]] * matrices[1, :, votes[1]] * matrices[2, :, votes[2]]
    return chance / chance.sum()


def class_probability__first_three_readers(votes, matrices, prior):
    chance = prior * np.prod([matrices[r, :, v] for r, v in enumerate(votes[:3])], axis=0)
    return chance / chance.sum()


def class_probability__changes_the_prior(votes, matrices, prior):
    for reader, rating in enumerate(votes):
        prior *= matrices[reader, :, rating]
    return prior / prior.sum()


def class_probability__right_by_logarithms(votes, matrices, prior):
    logs = np.log(prior) + np.log(matrices[np.arange(len(votes)), :, votes]).sum(0)
    return np.exp(logs - np.logaddexp.reduce(logs))


def class_probability__right_as_list(votes, matrices, prior):
    chance = [p * np.prod([matrices[r, k, v] for r, v in enumerate(votes)]) for k, p in enumerate(prior)]
    return [float(c / sum(chance)) for c in chance]


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


def readers_needed__right_by_plain_ceil(reliability, wanted):
    return max(1, np.ceil(wanted * (1 - reliability) / (reliability * (1 - wanted))))


def readers_needed__right_by_search(reliability, wanted):
    m = 1
    while m * reliability / (1 + (m - 1) * reliability) < wanted:
        m += 1
    return m
