"""Answers to the exercises of lesson 31: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def equal_width__linear(depth, width, new_depth):
    return max(1, round(width * (depth - 2) / (new_depth - 2)))


def equal_width__all_layers(depth, width, new_depth):
    return max(1, round(width * (depth / new_depth) ** 0.5))


def equal_width__rounds_down(depth, width, new_depth):
    return int(width * ((depth - 2) / (new_depth - 2)) ** 0.5)


def equal_width__rounds_up(depth, width, new_depth):
    return int(np.ceil(width * ((depth - 2) / (new_depth - 2)) ** 0.5))


def equal_width__upside_down(depth, width, new_depth):
    return max(1, round(width * ((new_depth - 2) / (depth - 2)) ** 0.5))


def equal_width__same(depth, width, new_depth):
    return width


def equal_width__not_whole(depth, width, new_depth):
    return width * ((depth - 2) / (new_depth - 2)) ** 0.5


def equal_width__right_by_squares(depth, width, new_depth):
    squares = np.arange(1, 2000) ** 2
    return int(np.abs((new_depth - 2) * squares - (depth - 2) * width**2).argmin()) + 1


def receptive_field__ignores_strides(kernels, strides):
    return 1 + sum(k - 1 for k in kernels)


def receptive_field__own_stride(kernels, strides):
    field, step = 1, 1
    for kernel, stride in zip(kernels, strides, strict=True):
        step *= stride
        field += (kernel - 1) * step
    return field


def receptive_field__sum_of_kernels(kernels, strides):
    return int(sum(kernels))


def receptive_field__starts_at_zero(kernels, strides):
    return int(np.dot(np.subtract(kernels, 1), np.cumprod([1, *strides])[:-1]))


def receptive_field__last_stride_only(kernels, strides):
    field = 1
    for kernel, stride in zip(kernels, [1, *strides], strict=False):
        field += (kernel - 1) * stride
    return field


def receptive_field__wrong_end(kernels, strides):
    field = 1
    for kernel, stride in zip(kernels, strides, strict=True):
        field = (field - 1) * stride + kernel
    return field


def receptive_field__right_from_the_end(kernels, strides):
    field = 1
    for kernel, stride in zip(kernels[::-1], strides[::-1], strict=True):
        field = (field - 1) * stride + kernel
    return field


def receptive_field__right_by_products(kernels, strides):
    return 1 + sum((k - 1) * int(np.prod(strides[:i])) for i, k in enumerate(kernels))
