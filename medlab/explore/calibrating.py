"""Explorer: are probabilities as right as they say, and what does a temperature change?"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from medlab import figures, metrics
from medlab.explore.checks import binary, probabilities
from medlab.explore.controls import Slider
from medlab.explore.panel import Explorer


def calibration(truth, probability) -> Explorer:
    """Return an explorer of a reliability diagram: a temperature softens or sharpens, bins decide what you see.

    Parameters
    ----------
    truth : array, shape (N,), 0/1
    probability : array, shape (N,), 0 to 1
        Of illness. 0 and 1 are drawn in by 0.000001, since their logits have no end.

    Returns
    -------
    Explorer
        Controls ``temperature`` (above 1: less sure; ranks stay) and ``bins``.

    Raises
    ------
    MedlabError
        If truth is not of both 0 and 1, or probabilities do not fit it.

    References
    ----------
    Guo et al., On calibration of modern neural networks (2017), doi:10.48550/arXiv.1706.04599.

    Examples
    --------
    >>> calibration([0, 1, 1, 0], [0.1, 0.9, 0.9, 0.9]).describe(temperature=1.0, bins=10)[:42]
    'Temperature 1.00, 10 bins: calibration err'
    """
    truth = binary(truth)
    score = logit(probabilities(probability, truth).clip(1e-6, 1 - 1e-6))
    controls = (Slider("temperature", "temperature", 0.2, 5.0, 0.05, 1.0), Slider("bins", "bins", 2, 30, 1, 10))
    return Explorer(
        lambda temperature, bins: _draw(truth, expit(score / temperature), round(bins)),
        lambda temperature, bins: _tell(truth, expit(score / temperature), round(bins), temperature),
        controls,
    )


def _groups(truth: np.ndarray, probability: np.ndarray, bins: int) -> np.ndarray:
    """Return mean probability, share of ill and number of patients of each bin that holds any, shape (B, 3)."""
    place = np.clip((probability * bins).astype(int), 0, bins - 1)
    count = np.bincount(place, minlength=bins)
    some = count > 0
    means = [np.bincount(place, weights=w, minlength=bins)[some] / count[some] for w in (probability, truth)]
    return np.stack([*means, count[some]], axis=1)


def _draw(truth: np.ndarray, probability: np.ndarray, bins: int):
    from matplotlib.figure import Figure

    stated, share, count = _groups(truth, probability, bins).T
    # 95 % interval of a share of few patients, Wilson 1927: it never leaves 0 to 1
    z2 = 1.96**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = 1.96 * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    figure = Figure(figsize=(7.5, 3.2), layout="none")
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.9, wspace=0.3)  # a solver would cost 100 ms
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="gray", linestyle=":", label="as right as it says")
    left.vlines(stated, middle - half, middle + half, color=figures.COLORS[0], label="95 % interval")
    left.plot(stated, share, marker="o", linestyle="-", color=figures.COLORS[0], label="observed")
    left.set(xlabel="stated probability", ylabel="share who are ill", xlim=(0, 1), ylim=(0, 1))
    left.legend(fontsize=8)
    right.hist(probability, np.linspace(0, 1, bins + 1), color=figures.COLORS[5], edgecolor="black", linewidth=0.5)
    right.set(xlabel="stated probability", ylabel="patients", title="How many patients stand behind a point")
    right.title.set_fontsize(10)
    return figure


def _tell(truth: np.ndarray, probability: np.ndarray, bins: int, temperature: float) -> str:
    error = float(metrics.ece(truth, probability, bins=bins))
    gap = float(probability.mean() - truth.mean())
    few = int(_groups(truth, probability, bins)[:, 2].min())
    kind = "too high" if gap > 0.005 else "too low" if gap < -0.005 else "right"
    return (
        f"Temperature {temperature:.2f}, {bins} bins: calibration error {error:.3f}. On average the probability is "
        f"{kind} ({probability.mean():.2f} stated, {truth.mean():.2f} ill). The smallest bin holds {few} patients."
    )
