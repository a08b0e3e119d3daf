"""Answers to the exercises of lesson 53: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def goal_of__maximum_of_old(reward, now, old, over, gamma):
    return reward + gamma * np.where(over, 0.0, old.max(axis=1))


def goal_of__maximum_of_now(reward, now, old, over, gamma):
    return reward + gamma * np.where(over, 0.0, now.max(axis=1))


def goal_of__never_over(reward, now, old, over, gamma):
    return reward + gamma * old[np.arange(len(old)), now.argmax(axis=1)]


def goal_of__not_discounted(reward, now, old, over, gamma):
    return reward + np.where(over, 0.0, old[np.arange(len(old)), now.argmax(axis=1)])


def returns_of__not_discounted(rewards, gamma):
    return np.cumsum(rewards[::-1])[::-1]


def returns_of__discounted_from_the_start(rewards, gamma):
    return np.cumsum((rewards * gamma ** np.arange(len(rewards)))[::-1])[::-1]


def returns_of__one_too_many(rewards, gamma):
    found, total = np.zeros(len(rewards)), 0.0
    for t in range(len(rewards) - 1, -1, -1):
        total = gamma * (rewards[t] + total)
        found[t] = total
    return found


def returns_of__only_the_first(rewards, gamma):
    return np.array([np.sum(rewards * gamma ** np.arange(len(rewards)))])


def goal_of__right_by_a_loop(reward, now, old, over, gamma):
    goals = []
    for k in range(len(reward)):
        goals.append(reward[k] + (0 if over[k] else gamma * old[k][np.argmax(now[k])]))
    return goals


def returns_of__later_rewards_only(rewards, gamma):
    return np.array([sum(gamma**k * r for k, r in enumerate(rewards[t + 1 :])) for t in range(len(rewards))])


def returns_of__in_place(rewards, gamma):
    for t in range(len(rewards) - 2, -1, -1):
        rewards[t] += gamma * rewards[t + 1]
    return rewards


def returns_of__right_by_sums(rewards, gamma):
    return [sum(gamma**k * r for k, r in enumerate(rewards[t:])) for t in range(len(rewards))]
