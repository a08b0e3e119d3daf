"""Answers to the exercises of lesson 61 that its checks must refuse."""

import numpy as np


def mismatch__no_conjugation(forward, backward, x, y):
    return abs(np.sum(forward(x) * y) - np.sum(x * backward(y))) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__not_relative(forward, backward, x, y):
    return abs(np.vdot(forward(x), y) - np.vdot(x, backward(y)))


def mismatch__complex(forward, backward, x, y):
    return (np.vdot(forward(x), y) - np.vdot(x, backward(y))) / (np.linalg.norm(x) * np.linalg.norm(y))


def mismatch__always_zero(forward, backward, x, y):
    return 0.0


def replaced__zero_filling(image, measured, mask):
    return np.fft.ifft2(np.where(mask, measured, 0))


def replaced__magnitude(image, measured, mask):
    return np.abs(np.fft.ifft2(np.where(mask, measured, np.fft.fft2(image))))


def replaced__added(image, measured, mask):
    return np.fft.ifft2(np.fft.fft2(image) + measured)


def replaced__the_other_way_around(image, measured, mask):
    return np.fft.ifft2(np.where(mask, np.fft.fft2(image), measured))


def chance_of_a_line__all_lines(lines, middle, acceleration):
    return 1 / acceleration


def chance_of_a_line__of_all(lines, middle, acceleration):
    return (lines / acceleration - middle) / lines


def chance_of_a_line__middle_not_counted(lines, middle, acceleration):
    return lines / acceleration / (lines - middle)


def shown_share__without_difference(after, before, lesion):
    return np.sum(after * lesion) / np.sum(lesion**2)


def shown_share__not_divided(after, before, lesion):
    return np.sum((after - before) * lesion)


def shown_share__sums(after, before, lesion):
    return np.sum(after - before) / np.sum(lesion)
