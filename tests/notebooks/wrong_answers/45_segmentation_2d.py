"""Typical wrong answers to the exercises of lesson 45: exercise, two underscores, what is wrong."""

import numpy as np


def my_dice__iou(truth, prediction, both_empty):
    t, p = np.asarray(truth, bool), np.asarray(prediction, bool)
    return (t & p).sum() / (t | p).sum() if (t | p).any() else both_empty


def my_dice__accuracy(truth, prediction, both_empty):
    return np.mean(np.asarray(truth, bool) == np.asarray(prediction, bool))


def my_dice__not_doubled(truth, prediction, both_empty):
    t, p = np.asarray(truth, bool), np.asarray(prediction, bool)
    return (t & p).sum() / (t.sum() + p.sum()) if (t | p).any() else both_empty


def my_dice__smoothed(truth, prediction, both_empty):
    t, p = np.asarray(truth, bool), np.asarray(prediction, bool)
    return (2 * (t & p).sum() + 1) / (t.sum() + p.sum() + 1)


def my_dice__always_one(truth, prediction, both_empty):
    t, p = np.asarray(truth, bool), np.asarray(prediction, bool)
    return 2 * (t & p).sum() / (t.sum() + p.sum()) if (t | p).any() else 1.0


def my_dice__one_empty_is_empty(truth, prediction, both_empty):
    t, p = np.asarray(truth, bool), np.asarray(prediction, bool)
    return 2 * (t & p).sum() / (t.sum() + p.sum()) if t.any() and p.any() else both_empty


def my_dice__sums_of_values(truth, prediction, both_empty):
    total = np.sum(truth) + np.sum(prediction)
    return 2 * np.sum(np.asarray(truth) * np.asarray(prediction)) / total if total else both_empty


def iou_from_dice__the_way_back(dice_value):
    return 2 * dice_value / (1 + dice_value)


def iou_from_dice__half(dice_value):
    return dice_value / 2


def iou_from_dice__square(dice_value):
    return dice_value**2


def iou_from_dice__numbers_only(dice_value):
    return dice_value / (2 - dice_value) if np.ndim(dice_value) == 0 else dice_value


def area_cm2__pixels(mask, spacing):
    return np.sum(mask)


def area_cm2__one_spacing(mask, spacing):
    return np.asarray(mask, bool).sum() * spacing[0] ** 2 / 100


def area_cm2__ten(mask, spacing):
    return np.asarray(mask, bool).sum() * spacing[0] * spacing[1] / 10


def area_cm2__sum_of_values(mask, spacing):
    return np.sum(mask) * spacing[0] * spacing[1] / 100


def area_cm2__mean_spacing(mask, spacing):
    return np.asarray(mask, bool).sum() * np.mean(spacing) ** 2 / 100


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
