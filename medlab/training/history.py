"""What happened in a training, and its picture."""

from __future__ import annotations

import io
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class History:
    """What happened in each epoch, or step, of a training; draws itself in Jupyter.

    Attributes
    ----------
    loss, validation : list of float
        Mean loss on the training images while they were learned, and on the validation images after the epoch
        (empty without validation images).
    lr, seconds : list of float
        Learning rate at the end of the epoch; wall-clock time that it took.
    device, batch_size : str, int
        Where it was trained, and with how many images a step at most (0 where the loss draws its own).
    unit : {"epoch", "step"}
        What the lists have one entry for: `fit` keeps epochs, `minimize` keeps steps.
    """

    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    lr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    device: str = "cpu"
    batch_size: int = 0
    unit: str = "epoch"

    def __repr__(self) -> str:
        held = f", validation {self.validation[-1]:.3g}" if self.validation else ""
        last = f", last loss {self.loss[-1]:.3g}" if self.loss else ""
        return f"History({len(self.loss)} {self.unit}s in {sum(self.seconds):.1f} s on {self.device}{last}{held})"

    def figure(self) -> Figure:
        """Return a matplotlib Figure of the loss by epoch or step, with the validation loss where there is one."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(5, 3), layout="constrained")
        axes = figure.subplots()
        numbers = range(1, len(self.loss) + 1)
        marker = "o" if self.unit == "epoch" else ""
        axes.plot(numbers, self.loss, color="#0072B2", marker=marker, markersize=3, label="training")
        if self.validation:
            axes.plot(numbers, self.validation, color="#D55E00", marker="s", markersize=3, label="validation")
            axes.legend(frameon=False)
        axes.set(xlabel=self.unit, ylabel="loss", title="Loss while learning")
        axes.locator_params(axis="x", integer=True)
        return figure

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """Return the picture and its alternative text, which nbconvert puts on the page."""
        picture = io.BytesIO()
        self.figure().savefig(picture, format="png", dpi=80)
        curves = {"training": self.loss, "validation": self.validation}
        ends = "; ".join(f"{name} from {x[0]:.3g} to {x[-1]:.3g}" for name, x in curves.items() if x)
        alt = f"Curve of the loss over {len(self.loss)} {self.unit}s: {ends or 'nothing yet'}"
        return {"image/png": b64encode(picture.getvalue()).decode()}, {"image/png": {"alt": alt}}
