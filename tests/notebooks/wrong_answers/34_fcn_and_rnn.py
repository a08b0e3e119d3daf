"""Answers to the exercises of lesson 34: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def answers_along__ignores_kernels(pixels, kernels, strides):
    for step in strides:
        pixels = (pixels - 1) // step + 1
    return pixels


def answers_along__one_too_few(pixels, kernels, strides):
    for kernel, step in zip(kernels, strides, strict=True):
        pixels = max(0, (pixels - kernel) // step)
    return pixels


def answers_along__ignores_strides(pixels, kernels, strides):
    return max(0, pixels - sum(k - 1 for k in kernels))


def answers_along__negative(pixels, kernels, strides):
    for kernel, step in zip(kernels, strides, strict=True):
        pixels = (pixels - kernel) // step + 1
    return pixels


def answers_along__whole_stride_only(pixels, kernels, strides):
    return pixels // int(np.prod(strides))


def answers_along__right_by_field(pixels, kernels, strides):
    field, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field += (kernel - 1) * step
        step *= stride
    # an answer for each place of the whole field, a step of all strides apart
    return len(range(0, pixels - field + 1, step)) if pixels >= field else 0


def stack_of__drops_the_ends(at, count, reach):
    return [k for k in range(at - reach, at + reach + 1) if 0 <= k < count]


def stack_of__wraps(at, count, reach):
    return [k % count for k in range(at - reach, at + reach + 1)]


def stack_of__one_side_short(at, count, reach):
    return [min(max(k, 0), count - 1) for k in range(at - reach, at + reach)]


def stack_of__mirrors(at, count, reach):
    return [min(abs(k), count - 1) for k in range(at - reach, at + reach + 1)]


def stack_of__right_by_numpy(at, count, reach):
    return np.arange(at - reach, at + reach + 1).clip(0, count - 1).tolist()


def stack_of__right_by_parts(at, count, reach):
    before = [max(at - k, 0) for k in range(reach, 0, -1)]
    behind = [min(at + k, count - 1) for k in range(1, reach + 1)]
    return [*before, at, *behind]
