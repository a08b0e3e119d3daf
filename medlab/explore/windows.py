"""Explorer: the window, which decides what of an image a screen can show."""

from __future__ import annotations

import numpy as np

from medlab import figures
from medlab.explore.checks import plane, span
from medlab.explore.controls import Slider
from medlab.explore.panel import Explorer


def windowing(image, unit: str = "", *, level: float | None = None, width: float | None = None) -> Explorer:
    """Return an explorer of an image's window: level and width decide which values can be told apart.

    Parameters
    ----------
    image : array, shape (H, W), or a Cohort of one image
        In the unit that is named.
    unit : str
        Such as "HU".
    level, width : float, optional
        Where the window starts; the whole range of the image if not given.

    Returns
    -------
    Explorer
        Controls ``level`` and ``width``.

    Raises
    ------
    MedlabError
        If the image is none, or holds NaN.

    Examples
    --------
    >>> windowing([[-1000.0, 0.0], [40.0, 1000.0]], "HU").describe(level=40, width=400)
    'Window from -160 to 240 HU: 25% of the pixels are black, 25% white, 50% lie in between.'
    """
    image = plane(image)
    low, high = span(image)
    level = (low + high) / 2 if level is None else level
    width = high - low if width is None else width
    step = 10.0 ** np.floor(np.log10((high - low) / 50))
    name = f", {unit}" if unit else ""
    controls = (
        Slider("level", f"level{name}", min(low, level), max(high, level), step, level),
        Slider("width", f"width{name}", min(step, width), max(high - low, width), step, width),
    )
    return Explorer(lambda **state: _draw(image, unit, **state), lambda **state: _tell(image, unit, **state), controls)


def _draw(image: np.ndarray, unit: str, *, level: float, width: float):
    from matplotlib.figure import Figure

    low, high = level - width / 2, level + width / 2
    figure = Figure(figsize=(7, 3), layout="none")
    figure.subplots_adjust(left=0.01, right=0.98, bottom=0.16, top=0.9, wspace=0.2)  # a solver would cost 100 ms
    left, right = figure.subplots(1, 2)
    left.imshow(image, cmap="gray", vmin=low, vmax=high)
    left.set_axis_off()
    right.hist(image.ravel(), bins=np.linspace(*span(image), 61), color=figures.COLORS[0], log=True)
    right.axvspan(low, high, color=figures.COLORS[4], alpha=0.3, hatch="//", label="window")
    right.set(xlabel=unit or "value", ylabel="pixels (log)", yticks=[], title="All values, and the window")
    right.minorticks_off()
    right.legend(fontsize=8)
    return figure


def _tell(image: np.ndarray, unit: str, *, level: float, width: float) -> str:
    low, high = level - width / 2, level + width / 2
    black, white = np.mean(image <= low), np.mean(image >= high)
    ends = f"{low:.4g} to {high:.4g} {unit}".strip()
    return (
        f"Window from {ends}: {black:.0%} of the pixels are black, {white:.0%} white, "
        f"{max(0.0, 1 - black - white):.0%} lie in between."
    )
