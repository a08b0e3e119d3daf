"""Answers to the exercises of lesson 33: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def multiply_adds__of_the_input(channels_in, channels_out, kernel, size, stride, padding):
    return channels_in * channels_out * kernel**2 * size[0] * size[1]


def multiply_adds__one_side_of_the_kernel(channels_in, channels_out, kernel, size, stride, padding):
    places = [(side + 2 * padding - kernel) // stride + 1 for side in size]
    return channels_in * channels_out * kernel * places[0] * places[1]


def multiply_adds__weights_alone(channels_in, channels_out, kernel, size, stride, padding):
    return channels_in * channels_out * kernel**2


def multiply_adds__of_each_channel_alone(channels_in, channels_out, kernel, size, stride, padding):
    places = [(side + 2 * padding - kernel) // stride + 1 for side in size]
    return channels_out * kernel**2 * places[0] * places[1]


def multiply_adds__square_image(channels_in, channels_out, kernel, size, stride, padding):
    return channels_in * channels_out * kernel**2 * ((size[0] + 2 * padding - kernel) // stride + 1) ** 2


def multiply_adds__padded_once(channels_in, channels_out, kernel, size, stride, padding):
    places = [(side + padding - kernel) // stride + 1 for side in size]
    return channels_in * channels_out * kernel**2 * places[0] * places[1]


def multiply_adds__rounded_up(channels_in, channels_out, kernel, size, stride, padding):
    places = [int(np.ceil((side + 2 * padding - kernel) / stride)) + 1 for side in size]
    return channels_in * channels_out * kernel**2 * places[0] * places[1]


def multiply_adds__with_bias(channels_in, channels_out, kernel, size, stride, padding):
    places = [(side + 2 * padding - kernel) // stride + 1 for side in size]
    return (channels_in * kernel**2 + 1) * channels_out * places[0] * places[1]


def multiply_adds__right_by_numpy(channels_in, channels_out, kernel, size, stride, padding):
    places = (np.array(size) + 2 * padding - kernel) // stride + 1
    return channels_in * channels_out * kernel * kernel * np.prod(places)


def multiply_adds__right_by_counting(channels_in, channels_out, kernel, size, stride, padding):
    starts = [range(-padding, side + padding - kernel + 1, stride) for side in size]
    return len(starts[0]) * len(starts[1]) * channels_in * channels_out * kernel**2


def distances(one, other):
    return np.linalg.norm(one[:, None].astype(float) - other[None], axis=-1)


def surface_dice__one_way(one, other, tolerance):
    if not len(one) or not len(other):
        return 0.0
    return np.mean(distances(one, other).min(1) <= tolerance)


def surface_dice__mean_of_shares(one, other, tolerance):
    if not len(one) or not len(other):
        return 0.0
    far = distances(one, other)
    return (np.mean(far.min(1) <= tolerance) + np.mean(far.min(0) <= tolerance)) / 2


def surface_dice__strictly_below(one, other, tolerance):
    if not len(one) or not len(other):
        return 0.0
    far = distances(one, other)
    return np.mean(np.r_[far.min(1), far.min(0)] < tolerance)


def surface_dice__city_blocks(one, other, tolerance):
    if not len(one) or not len(other):
        return 0.0
    far = np.abs(one[:, None] - other[None]).sum(-1)
    return np.mean(np.r_[far.min(1), far.min(0)] <= tolerance)


def surface_dice__all_pairs(one, other, tolerance):
    if not len(one) or not len(other):
        return 0.0
    return np.mean(distances(one, other) <= tolerance)


def surface_dice__empty_is_one(one, other, tolerance):
    if not len(one) or not len(other):
        return 1.0
    far = distances(one, other)
    return np.mean(np.r_[far.min(1), far.min(0)] <= tolerance)


def surface_dice__fails_on_empty(one, other, tolerance):
    far = distances(one, other)
    return np.mean(np.r_[far.min(1), far.min(0)] <= tolerance)


def surface_dice__right_by_a_tree(one, other, tolerance):
    from scipy.spatial import KDTree

    near = [KDTree(b).query(a)[0] <= tolerance for a, b in ((one, other), (other, one))]
    return float(np.concatenate(near).mean())


def surface_dice__right_in_a_loop(one, other, tolerance):
    count = 0
    for a, b in ((one, other), (other, one)):
        count += sum(any(((p - q) ** 2).sum() <= tolerance**2 for q in b) for p in a)
    return count / (len(one) + len(other))
