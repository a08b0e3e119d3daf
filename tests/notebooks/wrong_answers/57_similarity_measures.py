"""Answers to the exercises of lesson 57: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def edge_likeness__not_squared(first, second, edge):
    sizes = ((first**2).sum(1) + edge**2) * ((second**2).sum(1) + edge**2)
    return ((first * second).sum(1) / np.sqrt(sizes)).mean()


def edge_likeness__absolute_cosine(first, second, edge):
    sizes = ((first**2).sum(1) + edge**2) * ((second**2).sum(1) + edge**2)
    return (abs((first * second).sum(1)) / np.sqrt(sizes)).mean()


def edge_likeness__no_edge_parameter(first, second, edge):
    return ((first * second).sum(1) ** 2 / (first**2).sum(1) / (second**2).sum(1)).mean()


def edge_likeness__edge_not_squared(first, second, edge):
    return ((first * second).sum(1) ** 2 / ((first**2).sum(1) + edge) / ((second**2).sum(1) + edge)).mean()


def edge_likeness__ratio_of_means(first, second, edge):
    sizes = ((first**2).sum(1) + edge**2) * ((second**2).sum(1) + edge**2)
    return ((first * second).sum(1) ** 2).mean() / sizes.mean()


def edge_likeness__sum(first, second, edge):
    return len(first) * edge_likeness__right_by_normals(first, second, edge)


def edge_likeness__right_by_normals(first, second, edge):
    normals = [g / np.sqrt((g**2).sum(1, keepdims=True) + edge**2) for g in (first, second)]
    return np.mean(np.einsum("nk,nk->n", *normals) ** 2)


def edge_likeness__right_by_a_loop(first, second, edge):
    found = [np.dot(g, h) ** 2 / ((g @ g + edge**2) * (h @ h + edge**2)) for g, h in zip(first, second, strict=True)]
    return float(np.mean(found))


def captured__all_falling_steps(curve, step):
    return step * np.sum(np.diff(curve) < 0)


def captured__with_the_rising_step(curve, step):
    falls = np.diff(curve) < 0
    return step * (len(falls) if falls.all() else int(np.argmin(falls)) + 1)


def captured__no_length(curve, step):
    falls = np.diff(curve) < 0
    return len(falls) if falls.all() else int(np.argmin(falls))


def captured__plateau(curve, step):
    falls = np.diff(curve) <= 0
    return step * (len(falls) if falls.all() else int(np.argmin(falls)))


def captured__right_by_a_loop(curve, step):
    k = 1
    while k < len(curve) and curve[k] < curve[k - 1]:
        k += 1
    return (k - 1) * float(step)
