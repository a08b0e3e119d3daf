"""Answers to the exercises of lesson 71: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def true_accuracy__no_luck(measured, rate, classes):
    return measured / (1 - rate)


def true_accuracy__adds(measured, rate, classes):
    return measured + rate


def true_accuracy__all_classes(measured, rate, classes):
    by_luck = rate / classes
    return (measured - by_luck) / (1 - rate - by_luck)


def true_accuracy__forward(measured, rate, classes):
    return measured * (1 - rate) + (1 - measured) * rate / (classes - 1)


def true_accuracy__as_measured(measured, rate, classes):
    return measured


def loudness__signed(p, q):
    return -(p**q) * (1 - p)


def loudness__by_probability(p, q):
    return p ** (q - 1)


def loudness__keeps_q(p, q):
    return q * p**q * (1 - p)


def loudness__cross_entropy(p, q):
    return 1 - p


def loudness__without_chain(p, q):
    return p**q


def true_accuracy__right_by_solving(measured, rate, classes):
    matrix = np.array([[1 - rate, rate / (classes - 1)], [rate, 1 - rate / (classes - 1)]])
    return np.linalg.solve(matrix, [measured, 1 - measured])[0]


def loudness__right_by_chain(p, q):
    return np.abs(-(p ** (q - 1.0)) * p * (1 - p))
