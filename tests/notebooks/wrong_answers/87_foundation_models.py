"""Answers to the exercises of lesson 87: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def box_of__columns_first(mask):
    rows, columns = np.nonzero(mask)
    return (columns.min(), rows.min(), columns.max(), rows.max()) if len(rows) else None


def box_of__one_beyond(mask):
    rows, columns = np.nonzero(mask)
    return (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1) if len(rows) else None


def box_of__size(mask):
    rows, columns = np.nonzero(mask)
    return (rows.min(), columns.min(), np.ptp(rows), np.ptp(columns)) if len(rows) else None


def box_of__empty_is_zero(mask):
    rows, columns = np.nonzero(mask)
    return (rows.min(), columns.min(), rows.max(), columns.max()) if len(rows) else (0, 0, 0, 0)


def box_of__whole_image(mask):
    return (0, 0, mask.shape[0] - 1, mask.shape[1] - 1) if np.any(mask) else None


def box_of__first_and_last_pixel(mask):
    rows, columns = np.nonzero(mask)
    return (rows[0], columns[0], rows[-1], columns[-1]) if len(rows) else None


def box_of__right_by_sums(mask):
    down, across = np.flatnonzero(np.sum(mask, 1)), np.flatnonzero(np.sum(mask, 0))
    return [down[0], across[0], down[-1], across[-1]] if len(down) else None


def overstated__mean_over_all(share, seen, unseen):
    return share * seen + (1 - share) * unseen


def overstated__all_were_seen(share, seen, unseen):
    return seen - unseen


def overstated__other_sign(share, seen, unseen):
    return share * (unseen - seen)


def overstated__share_of_the_others(share, seen, unseen):
    return (1 - share) * (seen - unseen)


def overstated__relative(share, seen, unseen):
    return share * (seen - unseen) / max(unseen, 1e-9)


def overstated__right_by_the_mean(share, seen, unseen):
    return (share * seen + (1 - share) * unseen) - unseen
