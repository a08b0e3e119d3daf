"""Explorers: controls over a pure function that draws, with a static twin where nobody can move a slider.

A lesson writes ``render(**state)`` and ``describe(**state)`` and calls ``explorer``; a test sweeps the same functions.
``medlab.explore.view3d.view3d`` shows a volume in three dimensions.
"""

from medlab.explore.controls import Choice, Control, Slider
from medlab.explore.panel import Explorer, StaticView, explorer, is_live

__all__ = [
    "Choice",
    "Control",
    "Explorer",
    "Slider",
    "StaticView",
    "explorer",
    "is_live",
]
