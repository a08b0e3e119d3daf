"""The controls of an explorer, described once: a test sweeps the same description that a reader moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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

    Raises
    ------
    MedlabError
        If the start lies outside the range, or the step is not above 0.

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

    def text(self, value: float) -> str:
        """Return a value with the digits of one step, such as "threshold 0.50"."""
        return f"{self.label} {value:.{self._digits}f}"

    @property
    def _digits(self) -> int:
        return max(0, -int(np.floor(np.log10(self.step))))

    def widget(self):
        """Return the ipywidgets control, which arrow keys move too; it reports a drag when it ends."""
        import ipywidgets as widgets

        return widgets.FloatSlider(
            min=self.low, max=self.high, step=self.step, value=self.value, description=self.label, style=_LABEL,
            layout=_WIDE, continuous_update=False, readout_format=f".{self._digits}f",
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

    Raises
    ------
    MedlabError
        If the start is none of the options; the nearest is suggested.

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

    def text(self, value: str) -> str:
        """Return a value with its label, such as "method plain"."""
        return f"{self.label} {value}"

    def widget(self):
        """Return the ipywidgets control, a list that the keyboard opens and moves in."""
        import ipywidgets as widgets

        return widgets.Dropdown(
            options=self.options, value=self.value, description=self.label, style=_LABEL, layout=_WIDE
        )


Control = Slider | Choice
