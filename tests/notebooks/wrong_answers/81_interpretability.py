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


def pointing_by_place__right_by_a_loop(heat, masks, i):
    place = heat.argmax()
    hits = [masks[k].flat[place] > 0 for k in range(len(masks)) if k != i]
    return sum(hits) / len(hits)
