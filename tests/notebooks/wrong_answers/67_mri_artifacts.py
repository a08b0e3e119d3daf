"""Answers to the exercises of lesson 67: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def shifted__other_way(signal, s):
    return np.fft.ifft(np.fft.fft(signal) * np.exp(2j * np.pi * np.fft.fftfreq(len(signal)) * s)).real


def shifted__no_two_pi(signal, s):
    return np.fft.ifft(np.fft.fft(signal) * np.exp(-1j * np.fft.fftfreq(len(signal)) * s)).real


def shifted__whole_samples(signal, s):
    return np.roll(signal, round(s))


def shifted__magnitude(signal, s):
    return np.abs(np.fft.ifft(np.fft.fft(signal) * np.exp(-2j * np.pi * np.fft.fftfreq(len(signal)) * s)))


def shifted__frequencies_from_zero_to_one(signal, s):
    return np.fft.ifft(np.fft.fft(signal) * np.exp(-2j * np.pi * np.arange(len(signal)) / len(signal) * s)).real


def shading_error__with_the_constant(estimate, field, inside):
    return np.sqrt(np.mean((estimate - field)[inside] ** 2))


def shading_error__everywhere(estimate, field, inside):
    return np.std(estimate - field)


def shading_error__variance(estimate, field, inside):
    return np.var((estimate - field)[inside])


def shading_error__mean_of_the_whole_image(estimate, field, inside):
    off = estimate - field
    return np.sqrt(np.mean((off - off.mean())[inside] ** 2))


def shifted__right_by_sums(signal, s):
    n = len(signal)
    f = np.fft.fftfreq(n)
    spectrum = np.exp(-2j * np.pi * np.outer(f, np.arange(n))) @ signal
    return (np.exp(2j * np.pi * np.outer(np.arange(n) - s, f)) @ spectrum).real / n


def shading_error__right_by_the_square_of_the_mean(estimate, field, inside):
    off = (estimate - field)[inside]
    return max(np.mean(off**2) - np.mean(off) ** 2, 0) ** 0.5
