"""Typical wrong answers to the exercises of lesson 81: exercise, two underscores, what is wrong."""

import numpy as np


def looks_at__forgets_padding(i, layers):
    for kernel, stride, _ in reversed(layers):
        i = i * stride + (kernel - 1) / 2
    return i


def looks_at__tiles(i, layers):
    jump = np.prod([stride for _, stride, _ in layers])
    return i * jump + (jump - 1) / 2


def looks_at__strides_alone(i, layers):
    return i * np.prod([stride for _, stride, _ in layers])


def looks_at__first_to_last(i, layers):
    for kernel, stride, padding in layers:
        i = i * stride + (kernel - 1) / 2 - padding
    return i


def lift__energy(heat, mask):
    return heat[mask > 0].sum() / heat.sum() if heat.sum() > 0 else 0.0


def lift__no_guard(heat, mask):
    return heat[mask > 0].sum() / max(heat.sum(), 1e-300) / np.mean(mask > 0) if heat.any() else float("nan")


def lift__means_not_shares(heat, mask):
    return heat[mask > 0].mean() if heat.any() else 0.0


def lift__counts_pixels(heat, mask):
    return np.mean(heat[mask > 0] > 0) / np.mean(heat > 0) if heat.any() else 0.0


def lift__inside_over_outside(heat, mask):
    return heat[mask > 0].mean() / heat[mask == 0].mean() if heat.any() else 0.0


def largest_gap__absolute(attribution, output, base_output):
    return np.max(np.abs(attribution.sum((1, 2, 3)) - (output - base_output)))


def largest_gap__mean(attribution, output, base_output):
    promised = output - base_output
    return np.mean(np.abs(attribution.sum((1, 2, 3)) - promised) / np.abs(promised))


def largest_gap__forgets_base(attribution, output, base_output):
    return np.max(np.abs(attribution.sum((1, 2, 3)) - output) / np.abs(output))


def largest_gap__signed(attribution, output, base_output):
    promised = output - base_output
    return np.max((attribution.sum((1, 2, 3)) - promised) / promised)


def largest_gap__one_each(attribution, output, base_output):
    promised = output - base_output
    return np.abs(attribution.sum((1, 2, 3)) - promised) / np.abs(promised)


def largest_gap__sums_sizes(attribution, output, base_output):
    promised = output - base_output
    return np.max(np.abs(np.abs(attribution).sum((1, 2, 3)) - promised) / np.abs(promised))


def pointing_by_place__keeps_own(heat, masks, i):
    row, col = np.unravel_index(np.argmax(heat), heat.shape)
    return masks[:, row, col].mean()


def pointing_by_place__own_alone(heat, masks, i):
    row, col = np.unravel_index(np.argmax(heat), heat.shape)
    return float(masks[i, row, col])


def pointing_by_place__divides_by_all(heat, masks, i):
    row, col = np.unravel_index(np.argmax(heat), heat.shape)
    return np.delete(masks, i, axis=0)[:, row, col].sum() / len(masks)


def pointing_by_place__transposed(heat, masks, i):
    col, row = np.unravel_index(np.argmax(heat.T), heat.T.shape[::-1])
    return np.delete(masks, i, axis=0)[:, row % masks.shape[1], col % masks.shape[2]].mean()
