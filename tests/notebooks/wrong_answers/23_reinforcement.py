"""Answers to the exercises of lesson 23: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def sweep__never_over(values, reward, after, over, gamma):
    return (reward + gamma * values[after]).max(axis=1)


def sweep__mean_of_actions(values, reward, after, over, gamma):
    return (reward + gamma * np.where(over, 0.0, values[after])).mean(axis=1)


def sweep__own_value(values, reward, after, over, gamma):
    return (reward + gamma * np.where(over, 0.0, values[:, None])).max(axis=1)


def sweep__discounts_the_reward(values, reward, after, over, gamma):
    return (gamma * (reward + np.where(over, 0.0, values[after]))).max(axis=1)


def sweep__not_discounted(values, reward, after, over, gamma):
    return (reward + np.where(over, 0.0, values[after])).max(axis=1)


def sweep__no_reward_at_the_end(values, reward, after, over, gamma):
    return np.where(over, 0.0, reward + gamma * values[after]).max(axis=1)


def sweep__best_reward_then_best_value(values, reward, after, over, gamma):
    return reward.max(axis=1) + gamma * np.where(over, 0.0, values[after]).max(axis=1)


def sweep__in_place(values, reward, after, over, gamma):
    values = values.copy()
    for s in range(len(values)):  # later states already see the new values of earlier ones
        values[s] = (reward[s] + gamma * np.where(over[s], 0.0, values[after[s]])).max()
    return values


def sweep__right_by_product(values, reward, after, over, gamma):
    return np.max(reward + gamma * values[after] * (1 - np.asarray(over, float)), axis=-1)


def sweep__right_by_loops(values, reward, after, over, gamma):
    best = []
    for s in range(len(values)):
        options = []
        for a in range(reward.shape[1]):
            options.append(reward[s, a] + (0 if over[s, a] else gamma * values[after[s, a]]))
        best.append(max(options))
    return np.array(best)


def comes_back__rows_alone(path):
    rows = [int(p[0]) for p in path]
    return next((t for t in range(1, len(rows)) if rows[t] in rows[:t]), len(rows) - 1)


def comes_back__length(path):
    rows = [tuple(p) for p in path]
    return next((t for t in range(1, len(rows)) if rows[t] in rows[:t]), len(rows))


def comes_back__last_but_one_alone(path):
    return next((t for t in range(2, len(path)) if (path[t] == path[t - 2]).all()), len(path) - 1)


def comes_back__to_the_start_alone(path):
    return next((t for t in range(1, len(path)) if (path[t] == path[0]).all()), len(path) - 1)


def comes_back__first_visit(path):
    rows = [tuple(p) for p in path]
    return next((rows.index(rows[t]) for t in range(1, len(rows)) if rows[t] in rows[:t]), len(rows) - 1)


def comes_back__either_coordinate(path):
    for t in range(1, len(path)):
        if (path[:t] == path[t]).any():
            return t
    return len(path) - 1


def comes_back__minus_one(path):
    rows = [tuple(p) for p in path]
    return next((t for t in range(1, len(rows)) if rows[t] in rows[:t]), -1)


def comes_back__right_by_a_set(path):
    been = set()
    for step, pixel in enumerate(np.asarray(path).tolist()):
        if tuple(pixel) in been:
            return step
        been.add(tuple(pixel))
    return len(path) - 1


def comes_back__right_by_unique(path):
    first = np.unique(np.asarray(path), axis=0, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(path)), first)
    return int(again[0]) if len(again) else len(path) - 1
