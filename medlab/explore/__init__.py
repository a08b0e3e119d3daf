"""Explorers: controls over a pure function that draws, with a static twin where nobody can move a slider.

Each function below returns an ``Explorer``; named last in a cell it shows itself. Its ``render``, ``describe`` and
``controls`` are plain, so that a test can sweep them and a lesson can write its own.
"""

from medlab.explore.acquisition import dose_to_noise, kspace_mask
from medlab.explore.calibrating import calibration
from medlab.explore.controls import Choice, Control, Slider
from medlab.explore.decision import decision, decision_rates, describe_decision, draw_decision
from medlab.explore.labeling import noise_rate
from medlab.explore.maps import saliency
from medlab.explore.panel import Explorer, StaticView, explorer, is_live
from medlab.explore.planes import slices
from medlab.explore.reading import outlines
from medlab.explore.registering import registration
from medlab.explore.windows import windowing

__all__ = [
    "Choice",
    "Control",
    "Explorer",
    "Slider",
    "StaticView",
    "calibration",
    "decision",
    "decision_rates",
    "describe_decision",
    "dose_to_noise",
    "draw_decision",
    "explorer",
    "is_live",
    "kspace_mask",
    "noise_rate",
    "outlines",
    "registration",
    "saliency",
    "slices",
    "windowing",
]
