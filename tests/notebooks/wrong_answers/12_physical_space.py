"""Answers to the exercises of lesson 12: exercise, two underscores, what is wrong, or "right" and how."""

import nibabel
import numpy as np


def flipped_affine__n_steps(affine, n, axis):
    new = affine.copy()
    new[:3, 3] += n * affine[:3, axis]
    new[:3, axis] *= -1
    return new


def flipped_affine__origin_stays(affine, n, axis):
    new = affine.copy()
    new[:3, axis] *= -1
    return new


def flipped_affine__row_of_the_affine(affine, n, axis):
    new = affine.copy()
    new[axis, :3] *= -1
    new[:3, 3] += (n - 1) * affine[:3, axis]
    return new


def flipped_affine__diagonal_only(affine, n, axis):
    new = affine.copy()
    new[axis, axis] *= -1
    new[axis, 3] += (n - 1) * affine[axis, axis]
    return new


def flipped_affine__shift_backward(affine, n, axis):
    new = affine.copy()
    new[:3, axis] *= -1
    new[:3, 3] -= (n - 1) * affine[:3, axis]
    return new


def flipped_affine__changes_the_callers_array(affine, n, axis):
    affine[:3, 3] += (n - 1) * affine[:3, axis]
    affine[:3, axis] *= -1
    return affine


def flipped_affine__right_by_multiplication(affine, n, axis):
    back = np.eye(4)
    back[axis, axis], back[axis, 3] = -1, n - 1
    return affine @ back


def flipped_affine__right_by_reorienting(affine, n, axis):
    shape = [1, 1, 1]
    shape[axis] = n
    image = nibabel.Nifti1Image(np.zeros(shape, np.uint8), affine)
    return image.as_reoriented(np.array([[k, -1 if k == axis else 1] for k in range(3)])).affine


def coarser_affine__origin_stays(affine, factors):
    return affine @ np.diag([*factors, 1])


def coarser_affine__half_of_the_new_voxel(affine, factors):
    new = affine @ np.diag([*factors, 1])
    new[:3, 3] += affine[:3, :3] @ (factors / 2)
    return new


def coarser_affine__rows(affine, factors):
    new = affine.copy()
    new[:3, :3] *= factors[:, None]
    new[:3, 3] += affine[:3, :3] @ ((factors - 1) / 2)
    return new


def coarser_affine__whole_shift(affine, factors):
    new = affine @ np.diag([*factors, 1])
    new[:3, 3] += affine[:3, :3] @ (factors - 1)
    return new


def coarser_affine__shift_in_coarse_steps(affine, factors):
    new = affine @ np.diag([*factors, 1])
    new[:3, 3] += new[:3, :3] @ ((factors - 1) / 2)
    return new


def coarser_affine__integer_division(affine, factors):
    new = affine @ np.diag([*factors, 1])
    new[:3, 3] += affine[:3, :3] @ ((factors - 1) // 2)
    return new


def coarser_affine__right_by_multiplication(affine, factors):
    block = np.diag([*factors, 1.0])
    block[:3, 3] = (np.array(factors) - 1) / 2
    return affine @ block


def coarser_affine__right_by_corners(affine, factors):
    factors = np.asarray(factors, float)
    first = nibabel.affines.apply_affine(affine, (factors - 1) / 2)
    return nibabel.affines.from_matvec(affine[:3, :3] @ np.diag(factors), first)
