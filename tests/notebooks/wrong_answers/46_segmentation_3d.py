"""Answers to the exercises of lesson 46: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def window_starts__beyond_the_end(length, size, step):
    return list(range(0, length, step))


def window_starts__end_not_covered(length, size, step):
    return list(range(0, length - size + 1, step)) if (length - size) % step else list(range(0, length - size, step))


def window_starts__last_one_twice(length, size, step):
    return [*range(0, length - size + 1, step), length - size]


def window_starts__first_one_late(length, size, step):
    return list(range(step, length - size + 1, step)) or [step]


def window_starts__last_first(length, size, step):
    return [length - size, *range(0, length - size, step)]


def window_starts__every_voxel(length, size, step):
    return list(range(length - size + 1))


def corner_on_structure__anywhere(labels, size, rng):
    return rng.integers(0, np.array(labels.shape) - size + 1)


def corner_on_structure__voxel_in_the_corner(labels, size, rng):
    voxels = np.argwhere(labels > 0)
    if not len(voxels):
        return rng.integers(0, np.array(labels.shape) - size + 1)
    return voxels[rng.integers(len(voxels))]


def corner_on_structure__centered_beyond_the_border(labels, size, rng):
    voxels = np.argwhere(labels > 0)
    if not len(voxels):
        return np.zeros(3, int)
    return voxels[rng.integers(len(voxels))] - size // 2


def corner_on_structure__always_the_first(labels, size, rng):
    voxels = np.argwhere(labels > 0)
    first = voxels[0] if len(voxels) else np.zeros(3, int)
    return np.minimum(first, np.array(labels.shape) - size)


def corner_on_structure__global_generator(labels, size, rng):
    voxels = np.argwhere(labels > 0)
    voxel = voxels[np.random.randint(len(voxels))] if len(voxels) else np.zeros(3, int)  # noqa: NPY002
    last = np.array(labels.shape) - size
    return np.random.randint(np.maximum(voxel - size + 1, 0), np.minimum(voxel, last) + 1)  # noqa: NPY002


def window_starts__right_by_a_loop(length, size, step):
    starts = [0]
    while starts[-1] + size < length:
        starts.append(min(starts[-1] + step, length - size))
    return np.array(starts)


def corner_on_structure__right_by_rejection(labels, size, rng):
    while True:
        low = [int(rng.integers(n - w + 1)) for n, w in zip(labels.shape, size, strict=True)]
        if not labels.any() or labels[tuple(slice(a, a + w) for a, w in zip(low, size, strict=True))].any():
            return low


def corner_on_structure__right_by_a_random_shift(labels, size, rng):
    last = np.array(labels.shape) - size
    voxels = np.argwhere(labels > 0)
    if len(voxels) == 0:
        return tuple(rng.integers(0, last + 1))
    low = voxels[rng.choice(len(voxels))] - rng.integers(0, size)
    return tuple(np.clip(low, 0, last))
