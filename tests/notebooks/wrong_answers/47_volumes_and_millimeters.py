"""Answers to the exercises of lesson 47: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def volume_in_ml__cubic_millimeters(mask, affine):
    return mask.sum() * abs(np.linalg.det(affine[:3, :3]))


def volume_in_ml__negative(mask, affine):
    return mask.sum() * np.linalg.det(affine[:3, :3]) / 1000


def volume_in_ml__diagonal(mask, affine):
    return mask.sum() * abs(np.prod(np.diag(affine)[:3])) / 1000


def volume_in_ml__counts_voxels(mask, affine):
    return mask.sum() / 1000


def volume_in_ml__all_voxels(mask, affine):
    return mask.size * abs(np.linalg.det(affine)) / 1000


def volume_in_ml__rows_for_columns(mask, affine):
    return mask.sum() * np.prod(np.linalg.norm(affine[:3, :3], axis=1)) / 1000


def limits_of_agreement__interval_of_the_mean(measured, reference):
    gap = measured - reference
    half = 1.96 * gap.std(ddof=1) / np.sqrt(len(gap))
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__no_bias(measured, reference):
    half = 1.96 * (measured - reference).std(ddof=1)
    return -half, half


def limits_of_agreement__reversed(measured, reference):
    gap = reference - measured
    half = 1.96 * gap.std(ddof=1)
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__divides_by_n(measured, reference):
    gap = measured - reference
    half = 1.96 * gap.std()
    return gap.mean() - half, gap.mean() + half


def limits_of_agreement__one_number(measured, reference):
    return 1.96 * (measured - reference).std(ddof=1)


def volume_in_ml__right_by_nibabel(mask, affine):
    from nibabel.affines import voxel_sizes

    return float(np.sum(mask) * np.prod(voxel_sizes(affine)) * 1e-3)


def volume_in_ml__right_by_the_triple_product(mask, affine):
    a, b, c = affine[:3, :3].T
    return np.count_nonzero(mask) * abs(np.dot(np.cross(a, b), c)) / 1000


def limits_of_agreement__right_with_the_exact_z(measured, reference):
    from scipy.stats import norm

    gap = measured - reference
    return norm.ppf([0.025, 0.975]) * np.std(gap, ddof=1) + np.mean(gap)
