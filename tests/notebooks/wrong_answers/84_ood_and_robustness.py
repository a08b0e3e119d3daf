"""Answers to the exercises of lesson 84: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def fgsm__against_the_gradient(image, gradient, eps, low, high):
    return np.clip(image - eps * np.sign(gradient), low, high)


def fgsm__without_sign(image, gradient, eps, low, high):
    return np.clip(image + eps * gradient, low, high)


def fgsm__leaves_the_range(image, gradient, eps, low, high):
    return image + eps * np.sign(gradient)


def fgsm__always_zero_to_one(image, gradient, eps, low, high):
    return np.clip(image + eps * np.sign(gradient), 0, 1)


def fgsm__moves_where_the_gradient_is_zero(image, gradient, eps, low, high):
    return np.clip(image + eps * np.where(gradient >= 0, 1, -1), low, high)


def fgsm__unit_length(image, gradient, eps, low, high):
    return np.clip(image + eps * gradient / (np.linalg.norm(gradient) + 1e-12), low, high)


def fgsm__clips_the_change_alone(image, gradient, eps, low, high):
    return image + np.clip(eps * np.sign(gradient), low, high)


def fgsm__right_by_two_masks(image, gradient, eps, low, high):
    moved = np.array(image, dtype=float)
    moved[gradient > 0] += eps
    moved[gradient < 0] -= eps
    return np.minimum(np.maximum(moved, low), high)


def stopped__share_that_passes(own, foreign, passing=0.95):
    return np.mean(foreign <= np.quantile(own, passing))


def stopped__threshold_of_the_foreign(own, foreign, passing=0.95):
    return np.mean(foreign > np.quantile(foreign, passing))


def stopped__other_quantile(own, foreign, passing=0.95):
    return np.mean(foreign > np.quantile(own, 1 - passing))


def stopped__equal_is_stopped(own, foreign, passing=0.95):
    return np.mean(foreign >= np.quantile(own, passing))


def stopped__always_95(own, foreign, passing=0.95):
    return np.mean(foreign > np.quantile(own, 0.95))


def stopped__a_number_instead_of_a_share(own, foreign, passing=0.95):
    return np.sum(foreign > np.quantile(own, passing))


def stopped__share_of_own(own, foreign, passing=0.95):
    return np.mean(own > np.quantile(own, passing))


def stopped__right_by_counting(own, foreign, passing=0.95):
    limit = np.quantile(own, passing)
    return len([s for s in foreign if s > limit]) / len(foreign)
