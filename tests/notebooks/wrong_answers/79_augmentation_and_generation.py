"""Answers to the exercises of lesson 79: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def _inside(shape, top, left, height, width):
    rows = max(0, min(top + height, shape[0]) - max(top, 0))
    columns = max(0, min(left + width, shape[1]) - max(left, 0))
    return rows * columns / (shape[0] * shape[1])


def cutmix_label__with_what_lies_outside(shape, top, left, height, width, label_a, label_b):
    share = height * width / (shape[0] * shape[1])
    return (1 - share) * label_a + share * label_b


def cutmix_label__turned_around(shape, top, left, height, width, label_a, label_b):
    share = _inside(shape, top, left, height, width)
    return share * label_a + (1 - share) * label_b


def cutmix_label__of_the_larger_share(shape, top, left, height, width, label_a, label_b):
    return label_b if _inside(shape, top, left, height, width) > 0.5 else label_a


def cutmix_label__of_a_alone(shape, top, left, height, width, label_a, label_b):
    return label_a


def cutmix_label__only_two_borders(shape, top, left, height, width, label_a, label_b):
    share = max(0, shape[0] - top) * max(0, shape[1] - left)
    share = min(height * width, share) / (shape[0] * shape[1])
    return (1 - share) * label_a + share * label_b


def cutmix_label__right_by_pixels(shape, top, left, height, width, label_a, label_b):
    image = np.full(shape, float(label_a))
    image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = label_b
    return image.mean()


def cutmix_label__right_by_max_and_min(shape, top, left, height, width, label_a, label_b):
    share = _inside(shape, top, left, height, width)
    return (1 - share) * label_a + share * label_b


def _kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3


def squared_mmd__with_the_diagonal(x, y):
    return _kernel(x, x).mean() + _kernel(y, y).mean() - 2 * _kernel(x, y).mean()


def squared_mmd__cross_term_once(x, y):
    n, m = len(x), len(y)
    k, q = _kernel(x, x), _kernel(y, y)
    return (k.sum() - np.trace(k)) / (n * (n - 1)) + (q.sum() - np.trace(q)) / (m * (m - 1)) - _kernel(x, y).mean()


def squared_mmd__never_negative(x, y):
    return max(0.0, squared_mmd__right_by_masks(x, y))


def squared_mmd__without_the_dimension(x, y):
    k, q, c = (x @ x.T + 1) ** 3, (y @ y.T + 1) ** 3, (x @ y.T + 1) ** 3
    n, m = len(x), len(y)
    return (k.sum() - np.trace(k)) / (n * (n - 1)) + (q.sum() - np.trace(q)) / (m * (m - 1)) - 2 * c.mean()


def squared_mmd__divided_by_all_pairs(x, y):
    k, q = _kernel(x, x), _kernel(y, y)
    return (k.sum() - np.trace(k)) / len(x) ** 2 + (q.sum() - np.trace(q)) / len(y) ** 2 - 2 * _kernel(x, y).mean()


def squared_mmd__right_by_masks(x, y):
    means = [_kernel(a, a)[~np.eye(len(a), dtype=bool)].mean() for a in (x, y)]
    return sum(means) - 2 * _kernel(x, y).mean()


def squared_mmd__right_by_einsum(x, y):
    def k(a, b):
        return (np.einsum("id,jd->ij", a, b) / a.shape[1] + 1) ** 3

    inside = [(k(a, a).sum() - np.diag(k(a, a)).sum()) / (len(a) ** 2 - len(a)) for a in (x, y)]
    return inside[0] + inside[1] - 2 * np.mean(k(x, y))
