"""Explorers: sliders over a pure function that draws, with a static twin where nobody can move a slider."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from medlab import figures, metrics
from medlab.errors import MedlabError, unknown

_LABEL = {"description_width": "9em"}
_WIDE = {"width": "32em"}


@dataclass(frozen=True)
class Slider:
    """One control of an explorer.

    Parameters
    ----------
    name : str
        Argument of the render function.
    label : str
        What the reader sees, with the unit.
    low, high, step, value : float
        Range and starting point.

    Examples
    --------
    >>> Slider("threshold", "threshold", 0.01, 0.99, 0.01, 0.5).states(3)
    [0.01, 0.5, 0.99]
    """

    name: str
    label: str
    low: float
    high: float
    step: float
    value: float

    def __post_init__(self) -> None:
        if not (self.low <= self.value <= self.high and self.low < self.high and self.step > 0):
            raise MedlabError(
                f"slider {self.name}: {self.value} in {self.low} to {self.high}, step {self.step}",
                hint="the start must lie in the range, the step be above 0",
            )

    def states(self, count: int) -> list[float]:
        """Return ``count`` values over the range, what a test sweeps."""
        return [round(float(v), 6) for v in np.linspace(self.low, self.high, count)]

    def widget(self):
        """Return the ipywidgets control."""
        import ipywidgets as widgets

        digits = max(0, -int(np.floor(np.log10(self.step))))
        return widgets.FloatSlider(
            min=self.low, max=self.high, step=self.step, value=self.value, description=self.label, style=_LABEL,
            layout=_WIDE, continuous_update=False, readout_format=f".{digits}f",
        )  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One control of an explorer that picks a word from a short list.

    Parameters
    ----------
    name : str
        Argument of the render function.
    label : str
        What the reader sees.
    options : tuple of str
    value : str
        Starting point, one of the options.

    Examples
    --------
    >>> Choice("method", "method", ("plain", "focal"), "plain").states(3)
    ['plain', 'focal']
    """

    name: str
    label: str
    options: tuple[str, ...]
    value: str

    def __post_init__(self) -> None:
        if self.value not in self.options:
            raise unknown(f"start of choice {self.name}", self.value, self.options)

    def states(self, count: int) -> list[str]:
        """Return all options, what a test sweeps; ``count`` is not needed."""
        return list(self.options)

    def widget(self):
        """Return the ipywidgets control."""
        import ipywidgets as widgets

        return widgets.Dropdown(
            options=self.options, value=self.value, description=self.label, style=_LABEL, layout=_WIDE
        )


Control = Slider | Choice


def explorer(render: Callable, controls: list[Control], *, describe: Callable[..., str], live: bool | None = None):
    """Return controls and a picture that follows them, or the picture at the start where nothing is live.

    Parameters
    ----------
    render : callable
        ``render(**state) -> Figure``; pure, so that a test can sweep it.
    controls : list of Slider and Choice
    describe : callable
        ``describe(**state) -> str``: the picture in words, shown below it and used as its alternative text.
    live : bool, optional
        Whether widgets can be used; found out if not given (not under papermill, nbval or a plain interpreter).

    Returns
    -------
    ipywidgets.VBox or StaticView
    """
    start = {control.name: control.value for control in controls}
    if live is None:
        live = is_live()
    if not live:
        return StaticView(render, describe, start)
    import ipywidgets as widgets

    picture = widgets.Image(format="png")
    words = widgets.HTML()
    moved = {control.name: control.widget() for control in controls}

    def update(_=None) -> None:
        state = {name: widget.value for name, widget in moved.items()}
        try:
            picture.value = figures.png(render(**state))
            words.value = f"<p>{html.escape(describe(**state))}</p>"
        except Exception as error:  # shown in place of the text, not lost in the server's log
            words.value = f"<p><b>{type(error).__name__}</b>: {html.escape(str(error))}</p>"

    for widget in moved.values():
        widget.observe(update, "value")
    update()
    return widgets.VBox([*moved.values(), picture, words])


class StaticView:
    """What papermill, print and HTML show of an explorer: its picture and words at the start."""

    def __init__(self, render: Callable, describe: Callable[..., str], state: dict):
        self.figure, self.text = render(**state), describe(**state)

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/png": figures.png(self.figure), "text/plain": self.text}, {"image/png": {"alt": self.text}}

    def __repr__(self) -> str:
        return self.text


def is_live() -> bool:
    """Return whether somebody can move a slider: an IPython kernel, not run by papermill or nbval."""
    if os.environ.get("MEDLAB_STATIC") or "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


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
    figure = Figure(figsize=(8, 3), layout="constrained")
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
