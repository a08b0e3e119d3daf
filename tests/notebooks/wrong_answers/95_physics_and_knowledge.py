"""Answers to the exercises of lesson 95: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def t2_of__wrong_sign(signals, te):
    away = te - te.mean()
    return (away**2).sum() / (np.log(signals) @ away)


def t2_of__the_rate(signals, te):
    away = te - te.mean()
    return -(np.log(signals) @ away) / (away**2).sum()


def t2_of__through_the_origin(signals, te):
    return -(te @ te) / (np.log(signals) @ te)


def t2_of__first_and_last_echo(signals, te):
    return (te[-1] - te[0]) / np.log(signals[:, 0] / signals[:, -1])


def t2_of__without_the_logarithm(signals, te):
    away = te - te.mean()
    return -(away**2).sum() / (signals @ away)


def t2_of__echoes_by_number(signals, te):
    away = np.arange(len(te)) - (len(te) - 1) / 2
    return -(away**2).sum() / (np.log(signals) @ away)


def t2_of__one_number(signals, te):
    away = te - te.mean()
    return -(away**2).sum() / (np.log(signals) @ away).mean()


def t2_of__right_by_lstsq(signals, te):
    lines = np.stack([te, np.ones_like(te)], axis=1)
    return -1 / np.linalg.lstsq(lines, np.log(np.asarray(signals)).T, rcond=None)[0][0]


def share_kept__no_surroundings(found, true, lesion, tissue):
    return found[lesion].mean() / true[lesion].mean()


def share_kept__right_since_the_factor_cancels(found, true, lesion, tissue):
    return (found[lesion].mean() - found[tissue].mean()) / (true[lesion].mean() - true[tissue].mean())


def share_kept__outside_of_the_tissue(found, true, lesion, tissue):
    return (found[lesion].mean() - found[~lesion].mean()) / (true[lesion].mean() - true[~lesion].mean())


def share_kept__a_difference(found, true, lesion, tissue):
    around = tissue & ~lesion
    return (found[lesion].mean() - found[around].mean()) - (true[lesion].mean() - true[around].mean())


def share_kept__upside_down(found, true, lesion, tissue):
    around = tissue & ~lesion
    return (true[lesion].mean() - true[around].mean()) / (found[lesion].mean() - found[around].mean())


def share_kept__surroundings_of_the_truth(found, true, lesion, tissue):
    around = true[tissue & ~lesion].mean()
    return (found[lesion].mean() - around) / (true[lesion].mean() - around)


def share_kept__right_by_where(found, true, lesion, tissue):
    inside, around = np.where(lesion), np.where(np.logical_and(tissue, np.logical_not(lesion)))
    gaps = [np.mean(v[inside]) - np.mean(v[around]) for v in (found, true)]
    return gaps[0] / gaps[1]
