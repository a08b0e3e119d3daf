"""The causal graph of the simulated hospital: ``python -m tools.hospital_graph`` writes docs/hospital_graph.png."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medlab.hospital.patients import COEFFICIENTS
from medlab.hospital.records import EQUATIONS, HAZARD, RETINOPATHY_PER_PERCENT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Columns of the figure, causes on the left.
LAYERS = (
    ("site", "age", "sex", "body mass index", "smoker"),
    ("cardiomegaly", "pneumonia", "nodule", "effusion", "diabetes", "white matter disease", "dementia", "brain tumor"),
    ("retinopathy", "hba1c", "creatinine", "crp", "bnp", "temperature", "spo2", "heart rate", "systolic"),
    ("atrial fibrillation", "qrs", "qtc", "sokolow", "steroid", "anticoagulant"),
    ("death",),
)
_SHORT = {"decade": "age", "bmi": "body mass index", "male": "sex"}
_UNITS = ("_severity", "_percent", "_mg_dl", "_mg_l", "_pg_ml", "_c", "_bpm", "_mmhg", "_ms", "_mv")


def edges() -> list[tuple[str, str, float]]:
    """Return every edge as (cause, effect, coefficient), as columns of ``Hospital.patients`` are named.

    The coefficient adds to the logit, the mean, the logarithm or the log hazard of the effect; of an edge from the site
    it is the difference between the highest and the lowest base prevalence.

    Examples
    --------
    >>> ("steroid", "death", -0.6) in edges()
    True
    """
    found = []
    for effect, known in COEFFICIENTS.items():
        base = known["base"].values()
        found.append(("site", effect, round(max(base) - min(base), 3)))
        found += [(cause, effect, weight) for cause, weight in known.items() if cause != "base"]
    for effect, equation in EQUATIONS.items():
        found += [(cause, effect, weight) for cause, weight in equation.causes.items()]
    found += [("diabetes", "retinopathy", 1.0), ("hba1c_percent", "retinopathy", RETINOPATHY_PER_PERCENT)]
    return found + [(cause, "death", weight) for cause, weight in HAZARD.items()]


def _name(column: str) -> str:
    column = _SHORT.get(column, column)
    for ending in _UNITS:
        column = column.removesuffix(ending)
    return column.replace("_", " ")


def draw() -> Figure:
    """Return the graph as a figure: solid edges raise the effect, dashed ones lower it.

    Examples
    --------
    >>> draw().axes[0].get_title()
    'What causes what in the simulated hospital'
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 7.5), layout="constrained")
    axes = figure.add_subplot()
    place = {
        name: (column, (len(layer) - 1) / 2 - row if len(layer) > 1 else 0.0)
        for column, layer in enumerate(LAYERS)
        for row, name in enumerate(layer)
    }
    for cause, effect, weight in edges():
        start, end = place[_name(cause)], place[_name(effect)]
        style = {"arrowstyle": "-|>", "color": "#888888", "lw": 0.8, "shrinkA": 20, "shrinkB": 26}
        bend = "arc3,rad=0.35" if start[0] == end[0] else "arc3,rad=0.04"
        line = "solid" if weight > 0 else "dashed"
        axes.annotate("", end, start, arrowprops=style | {"connectionstyle": bend, "linestyle": line})
    drugs = ("steroid", "anticoagulant", "site")
    for name, (x, y) in place.items():
        face = "#ffe0b2" if name in drugs else "#e3eef9"
        box = {"boxstyle": "round,pad=0.3", "fc": face, "ec": "#333333", "lw": 2.0 if name in drugs else 0.8}
        axes.text(x, y, name, ha="center", va="center", fontsize=9, bbox=box, color="#111111")
    axes.set_title("What causes what in the simulated hospital")
    axes.set_xlim(-0.5, len(LAYERS) - 0.5)
    axes.set_ylim(-4.8, 4.8)
    axes.axis("off")
    caption = (
        "Solid arrows raise the effect, dashed ones lower it; thick frames can be switched off (confounding=False)."
    )
    axes.text(0.5, -0.02, caption, transform=axes.transAxes, ha="center", va="top", fontsize=9)
    return figure


if __name__ == "__main__":
    draw().savefig(Path(__file__).resolve().parent.parent / "docs" / "hospital_graph.png", dpi=100)
