"""Answers to the exercises of lesson 51: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def rigid_error__around_the_origin(points, targets, rotation, center, shift):
    return np.mean(np.linalg.norm(points @ rotation.T + shift - targets, axis=1))


def rigid_error__turned_back(points, targets, rotation, center, shift):
    return np.mean(np.linalg.norm((points - center) @ rotation + center + shift - targets, axis=1))


def rigid_error__mean_of_axes(points, targets, rotation, center, shift):
    return np.mean(np.abs((points - center) @ rotation.T + center + shift - targets))


def rigid_error__squared(points, targets, rotation, center, shift):
    return np.mean(np.sum(((points - center) @ rotation.T + center + shift - targets) ** 2, axis=1))


def information__nan(counts):
    joint = counts / counts.sum()
    with np.errstate(all="ignore"):
        return np.sum(joint * np.log(joint / (joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True))))


def information__bits(counts):
    joint = counts / counts.sum()
    alone, some = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True), joint > 0
    return np.sum(joint[some] * np.log2(joint[some] / alone[some]))


def information__joint_entropy(counts):
    joint = counts / counts.sum()
    return -np.sum(joint[joint > 0] * np.log(joint[joint > 0]))


def information__not_divided(counts):
    alone, some = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True), counts > 0
    return np.sum(counts[some] * np.log(counts[some] / alone[some]))


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


def rigid_error__root_mean_square(points, targets, rotation, center, shift):
    off = (points - center) @ rotation.T + center + shift - targets
    return np.sqrt(np.mean(np.sum(off**2, axis=1)))


def rigid_error__right_in_columns(points, targets, rotation, center, shift):
    off = rotation @ (points - center).T + (center + shift - targets).T
    return np.hypot(*off).mean()


def information__right_by_scipy(counts):
    from scipy.stats import entropy

    return entropy(counts.sum(0)) + entropy(counts.sum(1)) - entropy(counts.ravel())


def captured__right_by_a_loop(curve, step):
    k = 1
    while k < len(curve) and curve[k] < curve[k - 1]:
        k += 1
    return (k - 1) * float(step)
