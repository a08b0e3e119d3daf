"""Answers to the exercises of lesson 22: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def divergence__log_of_sigma(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(2 * log_variance) - 1 - 2 * log_variance).sum(axis=1)


def divergence__mean_over_width(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean(axis=1)


def divergence__without_half(mean, log_variance):
    return (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)


def divergence__other_axis(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=0)


def divergence__sign_turned(mean, log_variance):
    return -0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1)


def divergence__variance_not_log(mean, log_variance):
    return 0.5 * (mean**2 + log_variance - 1 - np.log(np.abs(log_variance) + 1e-9)).sum(axis=1)


def divergence__mean_not_squared(mean, log_variance):
    return 0.5 * (np.abs(mean) + np.exp(log_variance) - 1 - log_variance).sum(axis=1)


def divergence__forgets_one(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - log_variance).sum(axis=1)


def divergence__one_number(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum()


def divergence__right_by_a_loop(mean, log_variance):
    total = np.zeros(len(mean))
    for m, v in zip(mean.T, log_variance.T, strict=True):
        total += (m * m + np.exp(v) - v - 1) / 2
    return total


def purity__mean_of_clusters(labels, clusters):
    return np.mean([np.bincount(labels[clusters == c]).max() / (clusters == c).sum() for c in np.unique(clusters)])


def purity__turned(labels, clusters):
    return sum(np.bincount(clusters[labels == y]).max() for y in np.unique(labels)) / len(labels)


def purity__numbers_are_labels(labels, clusters):
    return np.mean(labels == clusters)


def purity__not_divided(labels, clusters):
    return sum(np.bincount(labels[clusters == c]).max() for c in np.unique(clusters))


def purity__the_largest_class(labels, clusters):
    return np.bincount(labels).max() / len(labels)


def purity__only_the_largest_cluster(labels, clusters):
    inside = labels[clusters == np.bincount(clusters).argmax()]
    return np.bincount(inside).max() / len(inside)


def purity__counts_clusters_that_do_not_exist(labels, clusters):
    return sum(np.bincount(labels[clusters == c]).max(initial=1) for c in range(clusters.max() + 2)) / len(labels)


def purity__right_by_a_table(labels, clusters):
    table = np.zeros((clusters.max() + 1, labels.max() + 1))
    np.add.at(table, (clusters, labels), 1)
    return table.max(axis=1).sum() / len(labels)
