"""Typical wrong answers to the exercises of lesson 12: exercise, two underscores, what is wrong."""

import numpy as np


def window__no_clip(hu, level, width):
    return (hu - (level - width / 2)) / width


def window__width_to_one_side(hu, level, width):
    return np.clip((hu - (level - width)) / (2 * width), 0, 1)


def window__level_is_black(hu, level, width):
    return np.clip((hu - level) / width, 0, 1)


def window__fixed(hu, level, width):
    return np.clip((hu + 160) / 400, 0, 1)


def window__inverted(hu, level, width):
    return 1 - np.clip((hu - (level - width / 2)) / width, 0, 1)


def to_world__no_offset(affine, voxels):
    return voxels @ affine[:3, :3].T


def to_world__transposed(affine, voxels):
    return voxels @ affine[:3, :3] + affine[:3, 3]


def to_world__diagonal_only(affine, voxels):
    return voxels * np.diag(affine)[:3] + affine[:3, 3]


def to_world__homogeneous(affine, voxels):
    return np.c_[voxels, np.ones(len(voxels))] @ affine.T


def to_world__absolute_spacing(affine, voxels):
    return voxels @ np.abs(affine[:3, :3]).T + affine[:3, 3]


def volume_ml__signed(mask, affine):
    return np.count_nonzero(mask) * np.linalg.det(affine[:3, :3]) / 1000


def volume_ml__cubic_mm(mask, affine):
    return np.count_nonzero(mask) * abs(np.linalg.det(affine[:3, :3]))


def volume_ml__diagonal(mask, affine):
    return np.count_nonzero(mask) * abs(np.prod(np.diag(affine)[:3])) / 1000


def volume_ml__sums_labels(mask, affine):
    return mask.sum() * abs(np.linalg.det(affine[:3, :3])) / 1000
