"""Answers to the exercises of lesson 12: exercise, two underscores, what is wrong, or "right" and how."""

import nibabel
import numpy as np


def letters__lps(affine):
    return "".join(nibabel.aff2axcodes(affine, (("R", "L"), ("A", "P"), ("I", "S"))))


def letters__rows(affine):
    return "".join(nibabel.aff2axcodes(affine.T))


def letters__diagonal(affine):
    return "".join(np.where(np.diag(affine)[:3] > 0, list("RAS"), list("LPI")))


def letters__no_sign(affine):
    return "".join("RAS"[k] for k in np.abs(affine[:3, :3]).argmax(0))


def letters__largest_signed(affine):
    return "".join("RAS"[k] for k in affine[:3, :3].argmax(0))


def letters__right_by_nibabel(affine):
    return "".join(nibabel.aff2axcodes(affine))


def letters__right_by_indexing(affine):
    steps = affine[:3, :3]
    rows = np.abs(steps).argmax(axis=0)
    positive = steps[rows, np.arange(3)] > 0
    return "".join(pair[int(up)] for pair, up in zip(np.array(["LR", "PA", "IS"])[rows], positive, strict=True))


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


def to_world__right_homogeneous(affine, voxels):
    return (affine @ np.column_stack([voxels, np.ones(len(voxels))]).T).T[:, :3]


def volume_ml__bounding_box(mask, affine):
    places = np.argwhere(mask)
    box = np.prod(np.ptp(places, axis=0) + 1) if len(places) else 0
    return box * abs(np.linalg.det(affine[:3, :3])) / 1000


def volume_ml__product_of_voxel_sizes(mask, affine):
    return np.count_nonzero(mask) * np.prod(np.linalg.norm(affine[:3, :3], axis=0)) / 1000


def volume_ml__right_by_triple_product(mask, affine):
    one = affine[:3, 0] @ np.cross(affine[:3, 1], affine[:3, 2])
    return float((mask > 0).sum() * abs(one) / 1000)
