"""Answers to the exercises of lesson 45: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def dice_of_patients__of_images(scores, patients):
    return np.nanmean(scores)


def dice_of_patients__empty_is_one(scores, patients):
    full = np.nan_to_num(scores, nan=1.0)
    kept = {
        name: np.nanmean(scores[patients == name]) if name != "c" else full[patients == name].mean()
        for name in patients
    }
    return np.mean(list(kept.values()))


def dice_of_patients__empty_is_zero(scores, patients):
    full = np.nan_to_num(scores, nan=0.0)
    return np.mean([full[patients == name].mean() for name in np.unique(patients)])


def dice_of_patients__empty_image_is_zero(scores, patients):
    full = np.nan_to_num(scores, nan=0.0)
    names = np.unique(patients[np.isfinite(scores)])
    return np.mean([full[patients == name].mean() for name in names])


def dice_of_patients__nan(scores, patients):
    return np.mean([np.mean(scores[patients == name]) for name in np.unique(patients)])


def dice_of_patients__first_image(scores, patients):
    names = np.unique(patients[np.isfinite(scores)])
    return np.mean([scores[patients == name][0] for name in names])


def iou_from_dice__the_way_back(dice_value):
    return 2 * dice_value / (1 + dice_value)


def iou_from_dice__half(dice_value):
    return dice_value / 2


def iou_from_dice__square(dice_value):
    return dice_value**2


def iou_from_dice__right_with_a_scalar_guard(dice_value):
    if dice_value == 0:
        return 0.0
    return 1 / (2 / dice_value - 1)


def iou_from_dice__right_guarded(dice_value):
    safe = np.maximum(dice_value, 1e-300)
    return 1 / (2 / safe - 1)


def dice_of_patients__groups_without_sorting(scores, patients):
    from itertools import groupby

    pairs = [(p, s) for p, s in zip(patients, scores, strict=True) if np.isfinite(s)]
    return np.mean([np.mean([s for _, s in group]) for _, group in groupby(pairs, key=lambda pair: pair[0])])


def dice_of_patients__right_by_a_dictionary(scores, patients):
    kept = {}
    for score, name in zip(scores, patients, strict=True):
        if score == score:
            kept.setdefault(str(name), []).append(score)
    return sum(sum(v) / len(v) for v in kept.values()) / len(kept)
