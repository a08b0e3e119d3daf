"""Answers to the exercises of lesson 75: exercise, two underscores, what is wrong, or "right" and how."""

import numpy as np


def averaged__no_correction(weights, decay):
    mean, out = 0.0, []
    for w in weights:
        mean = decay * mean + (1 - decay) * w
        out.append(mean)
    return np.array(out)


def averaged__starts_at_the_first_weight(weights, decay):
    mean, out = weights[0], []
    for w in weights:
        mean = decay * mean + (1 - decay) * w
        out.append(mean)
    return np.array(out)


def averaged__counts_from_zero(weights, decay):
    mean, out = 0.0, []
    for t, w in enumerate(weights):
        mean = decay * mean + (1 - decay) * w
        out.append(mean / (1 - decay ** (t + 2)))
    return np.array(out)


def averaged__corrected_mean_goes_on(weights, decay):
    mean, out = 0.0, []
    for t, w in enumerate(weights, start=1):
        mean = (decay * mean + (1 - decay) * w) / (1 - decay**t)
        out.append(mean)
    return np.array(out)


def averaged__decay_and_rest_exchanged(weights, decay):
    rest = 1 - decay
    mean, out = 0.0, []
    for t, w in enumerate(weights, start=1):
        mean = rest * mean + decay * w
        out.append(mean / (1 - rest**t) if rest < 1 else w)
    return np.array(out)


def averaged__last_alone(weights, decay):
    return averaged__right_by_weights(weights, decay)[-1]


def averaged__right_by_weights(weights, decay):
    out = []
    for t in range(1, len(weights) + 1):
        shares = np.array([decay ** (t - 1 - k) for k in range(t)])
        out.append((shares * np.asarray(weights)[:t]).sum() / shares.sum())
    return np.array(out)


def pseudo_loss__mean_of_those_that_pass(weak, strong, threshold):
    sure = weak.max(1) >= threshold
    if not sure.any():
        return 0.0
    return float(-np.log(strong[sure, weak[sure].argmax(1)]).mean())


def pseudo_loss__no_threshold(weak, strong, threshold):
    return float(-np.log(strong[np.arange(len(strong)), weak.argmax(1)]).mean())


def pseudo_loss__threshold_on_the_strong_view(weak, strong, threshold):
    each = -np.log(strong[np.arange(len(strong)), weak.argmax(1)])
    return float((each * (strong.max(1) >= threshold)).mean())


def pseudo_loss__answer_of_the_strong_view(weak, strong, threshold):
    return float((-np.log(strong.max(1)) * (weak.max(1) >= threshold)).mean())


def pseudo_loss__probability_of_the_weak_view(weak, strong, threshold):
    return float((-np.log(weak.max(1)) * (weak.max(1) >= threshold)).mean())


def pseudo_loss__sum(weak, strong, threshold):
    each = -np.log(strong[np.arange(len(strong)), weak.argmax(1)])
    return float((each * (weak.max(1) >= threshold)).sum())


def pseudo_loss__above_but_not_at_the_threshold(weak, strong, threshold):
    each = -np.log(strong[np.arange(len(strong)), weak.argmax(1)])
    return float((each * (weak.max(1) > threshold)).mean())


def pseudo_loss__right_by_a_loop(weak, strong, threshold):
    total = 0.0
    for w, s in zip(weak, strong, strict=True):
        if w.max() >= threshold:
            total -= np.log(s[w.argmax()])
    return total / len(weak)
