"""Answers to the exercises of lesson 58: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def target_error__in_pixels(found, truth, landmarks, spacing):
    rows, columns = np.transpose(landmarks)
    return np.linalg.norm((found - truth)[:, rows, columns], axis=0).mean()


def target_error__spacing_exchanged(found, truth, landmarks, spacing):
    rows, columns = np.transpose(landmarks)
    return np.linalg.norm((found - truth)[:, rows, columns] * spacing[::-1][:, None], axis=0).mean()


def target_error__root_mean_square(found, truth, landmarks, spacing):
    rows, columns = np.transpose(landmarks)
    off = (found - truth)[:, rows, columns] * spacing[:, None]
    return np.sqrt((off**2).sum(0).mean())


def target_error__everywhere(found, truth, landmarks, spacing):
    return np.linalg.norm((found - truth) * spacing[:, None, None], axis=0).mean()


def target_error__landmarks_exchanged(found, truth, landmarks, spacing):
    columns, rows = np.transpose(np.minimum(landmarks, min(found.shape[1:]) - 1))
    return np.linalg.norm((found - truth)[:, rows, columns] * spacing[:, None], axis=0).mean()


def target_error__sum_of_axes(found, truth, landmarks, spacing):
    rows, columns = np.transpose(landmarks)
    return np.abs((found - truth)[:, rows, columns] * spacing[:, None]).sum(0).mean()


def target_error__right_by_loop(found, truth, landmarks, spacing):
    off = [[(found[k, r, c] - truth[k, r, c]) * spacing[k] for k in (0, 1)] for r, c in landmarks]
    return float(np.mean([np.hypot(*pair) for pair in off]))


def explained__not_squared(found, truth):
    return 1 - np.hypot(*(found - truth)).sum() / np.hypot(*truth).sum()


def explained__what_is_left(found, truth):
    return ((found - truth) ** 2).sum() / (truth**2).sum()


def explained__over_found(found, truth):
    return 1 - ((found - truth) ** 2).sum() / max((found**2).sum(), 1e-9)


def explained__r_squared(found, truth):
    spread = ((truth - truth.mean((1, 2), keepdims=True)) ** 2).sum()
    return 1 - ((found - truth) ** 2).sum() / max(spread, 1e-9)


def explained__mean_of_pixels(found, truth):
    return np.mean(1 - ((found - truth) ** 2).sum(0) / (truth**2).sum(0))


def explained__right_by_norm(found, truth):
    return 1 - (np.linalg.norm(found - truth) / np.linalg.norm(truth)) ** 2
