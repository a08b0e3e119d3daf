"""Explorer: prevalence and threshold, and what both mean for a thousand people."""

from __future__ import annotations

import numpy as np

from medlab import figures, metrics
from medlab.explore.checks import binary, probabilities
from medlab.explore.controls import Slider
from medlab.explore.panel import Explorer


def decision(truth, probability, *, prevalence: float = 0.05, threshold: float = 0.5) -> Explorer:
    """Return an explorer of prevalence and threshold: who is caught, missed, alarmed and cleared.

    Parameters
    ----------
    truth : array, shape (N,), 0/1
    probability : array, shape (N,), 0 to 1
    prevalence, threshold : float
        Where the sliders start, 0.01 to 0.8 and 0.01 to 0.99.

    Returns
    -------
    Explorer
        Controls ``prevalence`` and ``threshold``.

    Raises
    ------
    MedlabError
        If truth is not of both 0 and 1, or probabilities do not fit it.

    References
    ----------
    Vickers and Elkin, Med Decis Making 26:565 (2006), doi:10.1177/0272989X06295361.

    Examples
    --------
    >>> decision([0, 1], [0.2, 0.9]).describe(prevalence=0.1, threshold=0.5)[:44]
    'At threshold 0.50 and prevalence 10%, of 100'
    """
    truth = binary(truth)
    held = {"truth": truth, "probability": probabilities(probability, truth)}
    controls = (
        Slider("prevalence", "prevalence", 0.01, 0.8, 0.01, prevalence),
        Slider("threshold", "threshold", 0.01, 0.99, 0.01, threshold),
    )
    return Explorer(
        lambda **state: draw_decision(**held, **state), lambda **state: describe_decision(**held, **state), controls
    )


def decision_rates(
    truth: np.ndarray, probability: np.ndarray, *, prevalence: float, threshold: float
) -> dict[str, float]:
    """Return what a threshold means in a population of the given prevalence.

    Parameters
    ----------
    truth : array, shape (N,), 0/1
    probability : array, shape (N,), 0 to 1
    prevalence, threshold : float, 0 to 1

    Returns
    -------
    dict
        Per 1000 people: ``caught``, ``missed``, ``false_alarms``, ``cleared``; and ``sensitivity``, ``specificity``,
        ``ppv``, ``npv`` (nan where nobody is called so).

    Examples
    --------
    >>> rates = decision_rates(np.array([0, 1]), np.array([0.2, 0.9]), prevalence=0.1, threshold=0.5)
    >>> rates["caught"], rates["false_alarms"]
    (100.0, 0.0)
    """
    flagged = np.asarray(probability) >= threshold
    sensitivity = float(metrics.sensitivity(truth, flagged))
    specificity = float(metrics.specificity(truth, flagged))
    caught, false_alarms = 1000 * prevalence * sensitivity, 1000 * (1 - prevalence) * (1 - specificity)
    missed, cleared = 1000 * prevalence - caught, 1000 * (1 - prevalence) - false_alarms
    return {
        "sensitivity": sensitivity, "specificity": specificity,
        "caught": caught, "missed": missed, "false_alarms": false_alarms, "cleared": cleared,
        "ppv": caught / (caught + false_alarms) if caught + false_alarms > 0 else float("nan"),
        "npv": cleared / (cleared + missed) if cleared + missed > 0 else float("nan"),
    }  # fmt: skip


def draw_decision(truth: np.ndarray, probability: np.ndarray, *, prevalence: float, threshold: float):
    """Return a figure: scores of ill and healthy with the threshold, and what it means for 1000 people."""
    from matplotlib.figure import Figure

    truth, probability = np.asarray(truth), np.asarray(probability)
    rates = decision_rates(truth, probability, prevalence=prevalence, threshold=threshold)
    figure = Figure(figsize=(8, 3), layout="none")
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.9, wspace=0.4)  # a solver would cost 100 ms
    left, right = figure.subplots(1, 2)
    bins = np.linspace(0, 1, 26)
    left.hist(probability[truth == 0], bins, density=True, color=figures.COLORS[0], alpha=0.5, label="healthy")
    left.hist(
        probability[truth == 1], bins, density=True, histtype="step", hatch="//", color=figures.COLORS[1], label="ill"
    )
    left.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.2f}")
    left.set(xlabel="predicted probability of illness", ylabel="density", title="Scores in this test set")
    left.legend(fontsize=8)
    names = ["caught", "missed", "false_alarms", "cleared"]
    bars = right.barh(
        [n.replace("_", " ") for n in names], [rates[n] for n in names], color=[figures.COLORS[k] for k in (2, 1, 4, 5)]
    )
    right.bar_label(bars, fmt="%.0f", padding=3)
    right.set(xlabel="people", title=f"1000 people, prevalence {prevalence:.0%}", xlim=(0, 1150))
    right.invert_yaxis()
    return figure


def describe_decision(truth: np.ndarray, probability: np.ndarray, *, prevalence: float, threshold: float) -> str:
    """Return the same in words."""
    r = decision_rates(truth, probability, prevalence=prevalence, threshold=threshold)
    ppv = "no alarm is raised" if np.isnan(r["ppv"]) else f"{r['ppv']:.0%} of the alarms are right"
    return (
        f"At threshold {threshold:.2f} and prevalence {prevalence:.0%}, of 1000 people {r['caught']:.0f} are caught, "
        f"{r['missed']:.0f} missed, {r['false_alarms']:.0f} healthy alarmed, {r['cleared']:.0f} cleared; {ppv}."
    )
