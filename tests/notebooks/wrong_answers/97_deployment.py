"""Answers to the exercises of lesson 97: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def slice_order__by_the_last_coordinate(positions, orientation):
    return np.argsort(positions[:, 2])


def slice_order__along_the_rows(positions, orientation):
    return np.argsort(positions @ orientation[:3])


def slice_order__descending(positions, orientation):
    return np.argsort(-positions @ np.cross(orientation[:3], orientation[3:]))


def slice_order__halves_exchanged(positions, orientation):
    return np.argsort(positions @ np.cross(orientation[3:], orientation[:3]))


def slice_order__as_they_come(positions, orientation):
    return np.arange(len(positions))


def slice_order__ranks_instead_of_order(positions, orientation):
    return np.argsort(np.argsort(positions @ np.cross(orientation[:3], orientation[3:])))


def slice_order__by_the_size_of_the_height(positions, orientation):
    return np.argsort(np.abs(positions @ np.cross(orientation[:3], orientation[3:])))


def slice_order__right_with_a_unit_normal(positions, orientation):
    normal = np.cross(orientation[:3], orientation[3:])
    return np.argsort((positions * (normal / np.linalg.norm(normal))).sum(1))


def missing__unsorted(heights):
    gaps = np.abs(np.diff(heights))
    return int(np.rint(gaps / gaps.min() - 1).sum())


def missing__counts_wide_gaps(heights):
    gaps = np.diff(np.sort(heights))
    return int((gaps > 1.5 * gaps.min()).sum())


def missing__counts_steps(heights):
    gaps = np.diff(np.sort(heights))
    return int(np.rint(gaps / gaps.min()).sum())


def missing__divides_by_the_mean_gap(heights):
    gaps = np.diff(np.sort(heights))
    return int(np.rint(gaps / gaps.mean() - 1).sum())


def missing__none(heights):
    return 0


def missing__slices_in_all(heights):
    gaps = np.diff(np.sort(heights))
    return round(float(np.ptp(heights) / gaps.min())) + 1


def missing__right_by_the_range(heights):
    gaps = np.diff(np.sort(heights))
    return round(float(np.ptp(heights) / gaps.min())) + 1 - len(heights)
