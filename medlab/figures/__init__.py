"""Figures: one verb for one kind of picture, with captions and alternative text, readable without color vision.

``grid`` and ``compare`` show images; ``intervals`` and ``forest`` estimates; ``curves``, ``histogram``, ``scatter`` and
``matrix`` numbers. Each returns a matplotlib Figure, which ``lab.show(figure, caption=, alt=)`` displays; all but the
first two also draw on axes that are passed as ``axis=``.
"""

from medlab.figures.estimates import forest, intervals, tell
from medlab.figures.images import compare, contact_sheet, grid, picture, window
from medlab.figures.marks import outline
from medlab.figures.output import plain, png, show
from medlab.figures.plots import curves, histogram, matrix, scatter
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
