"""What a threshold means for a thousand people, given the prevalence: numbers, picture and words (lesson 41)."""

from __future__ import annotations

import numpy as np

from medlab import figures, metrics


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
    figure = Figure(figsize=(8, 3), layout="none")  # type: ignore[arg-type]
    figure.subplots_adjust(left=0.08, right=0.98, bottom=0.16, top=0.9, wspace=0.4)  # a solver would cost 100 ms
    left, right = figure.subplots(1, 2)
    scores = {"healthy": probability[truth == 0], "ill": probability[truth == 1]}
    figures.histogram(
        scores, xlabel="predicted probability of illness", title="Scores in this test set", bins=25, limits=(0, 1),
        share=True, axis=left,
    )  # fmt: skip
    left.axvline(threshold, color="black", linestyle="--", label=f"threshold {threshold:.2f}")
    left.legend(fontsize=8, loc="upper right")
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
