"""Explorer: the outlines of several readers over one image, and where enough of them agree."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.checks import masks_of, plane, span
from medlab.explore.controls import Choice, Slider
from medlab.explore.panel import Explorer
from medlab.metrics import dice_per_image

_ALL = "all"


def outlines(image, masks, *, spacing: float | None = None) -> Explorer:
    """Return an explorer of several readers' outlines: one or all, and the region that enough of them drew.

    Parameters
    ----------
    image : array, shape (H, W), or a Cohort of one image
    masks : dict of reader to array of 0 and 1, shape (H, W)
        Empty masks are allowed: that reader saw nothing.
    spacing : float, optional
        Size of a pixel in mm; areas are told in pixels if not given.

    Returns
    -------
    Explorer
        Controls ``reader`` and, with two readers or more, ``agree``: how many must have drawn a pixel.

    Raises
    ------
    MedlabError
        If a mask does not fit the image, or holds more than 0 and 1; it names the reader.

    Examples
    --------
    >>> two = {"A": [[1, 1, 0]], "B": [[0, 1, 0]]}
    >>> outlines([[0.0, 1.0, 2.0]], two).describe(reader="all", agree=2)
    'A: 2 pixels; B: 1 pixels. Mean Dice of two readers: 0.67. 1 pixels were drawn by at least 2 of 2.'
    """
    image = plane(image)
    drawn = masks_of(image.shape, masks, name="reader")
    if _ALL in drawn:
        raise MedlabError(f"a reader is called {_ALL!r}", hint="that word stands for everybody; rename the reader")
    controls = [Choice("reader", "reader", (_ALL, *drawn), _ALL)]
    if len(drawn) > 1:
        controls.append(Slider("agree", "readers who agree", 1, len(drawn), 1, (len(drawn) + 2) // 2))
    return Explorer(
        lambda **state: _draw(image, drawn, **state),
        lambda **state: _tell(drawn, spacing, **state),
        tuple(controls),
    )


def _draw(image: np.ndarray, masks: dict, *, reader: str, agree: float = 1):
    from matplotlib.figure import Figure

    shown = masks if reader == _ALL else {reader: masks[reader]}
    figure = Figure(figsize=(7.5, 3.6), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.12, top=0.92, wspace=0.03)
    left, right = figure.subplots(1, 2)
    low, high = span(image)
    for axis in (left, right):
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.set_axis_off()
    for k, (name, mask) in enumerate(masks.items()):
        if name in shown:
            figures.outline(left, mask, number=k)
    left.set_title("drawn by " + (reader if reader != _ALL else f"{len(masks)} readers"), fontsize=10)
    votes = np.sum(list(masks.values()), axis=0)
    figures.outline(right, votes >= round(agree), number=6)
    right.imshow(np.ma.masked_equal(votes, 0), cmap="cividis", alpha=0.45, vmin=0, vmax=len(masks))
    right.set_title(f"at least {round(agree)} of {len(masks)}: solid; shade: how many", fontsize=10)
    figure.legend(handles=figures.line_keys(masks), loc="lower center", ncols=min(6, len(masks)), fontsize=8)
    return figure


def _tell(masks: dict, spacing: float | None, *, reader: str, agree: float = 1) -> str:
    def area(mask) -> str:
        return f"{mask.sum()} pixels" if spacing is None else f"{mask.sum() * spacing**2:.1f} mm²"

    shown = masks if reader == _ALL else {reader: masks[reader]}
    told = "; ".join(f"{name}: {area(mask)}" for name, mask in shown.items()) + "."
    if len(masks) > 1:
        pairs = [dice_per_image(a[None], b[None])[0] for a, b in combinations(masks.values(), 2)]
        enough = np.sum(list(masks.values()), axis=0) >= round(agree)
        told += f" Mean Dice of two readers: {np.mean(pairs):.2f}."
        told += f" {area(enough)} were drawn by at least {round(agree)} of {len(masks)}."
    return told
