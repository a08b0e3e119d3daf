"""Figures: one verb for one kind of picture, with captions and alternative text, readable without color vision.

``grid`` and ``compare`` show images; ``intervals`` and ``forest`` estimates; ``curves``, ``histogram``, ``scatter`` and
``matrix`` numbers. Each returns a matplotlib Figure, which ``lab.show(figure, caption=, alt=)`` displays.

What they share: ``xlabel``, ``ylabel`` and ``title`` are words, with units. ``bound`` is a number, or a dict of name to
number: dotted reference lines. ``limits`` are the two ends of the axis of values. ``log`` names logarithmic axes: "x",
"y" or "xy". ``axis`` are matplotlib Axes to draw on, in place of a figure of its own.
"""

from medlab.figures.counts import histogram, matrix
from medlab.figures.estimates import forest, intervals, tell
from medlab.figures.images import compare, contact_sheet, grid
from medlab.figures.marks import outline
from medlab.figures.output import plain, png, show
from medlab.figures.pictures import picture, window
from medlab.figures.plots import curves, scatter
from medlab.figures.style import COLORS, MARKERS, STYLES, line_keys, style

__all__ = [
    "COLORS",
    "MARKERS",
    "STYLES",
    "compare",
    "contact_sheet",
    "curves",
    "forest",
    "grid",
    "histogram",
    "intervals",
    "line_keys",
    "matrix",
    "outline",
    "picture",
    "plain",
    "png",
    "scatter",
    "show",
    "style",
    "tell",
    "window",
]
