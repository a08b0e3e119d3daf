"""Answers to the exercises of lesson 81: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


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


def lift__right_by_sums(heat, mask):
    if heat.sum() == 0:
        return 0
    return (heat * mask).sum() * mask.size / (heat.sum() * mask.sum())


def largest_gap__one_global_norm(attribution, output, base_output):
    promised = output - base_output
    return np.max(np.abs(attribution.sum((1, 2, 3)) - promised)) / np.max(np.abs(promised))


def largest_gap__norm_of_all_differences(attribution, output, base_output):
    promised = output - base_output
    return np.max(np.abs(attribution.sum((1, 2, 3)) - promised)) / np.linalg.norm(promised)


def largest_gap__right_by_a_loop(attribution, output, base_output):
    worst = 0.0
    for one, after, before in zip(attribution, output, base_output, strict=True):
        worst = max(worst, abs(one.sum() / (after - before) - 1))
    return worst


def pointing_by_place__right_by_a_loop(heat, masks, i):
    place = heat.argmax()
    hits = [masks[k].flat[place] > 0 for k in range(len(masks)) if k != i]
    return sum(hits) / len(hits)
