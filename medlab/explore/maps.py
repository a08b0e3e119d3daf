"""Explorer: two saliency maps of one image, compared by what each calls important."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medlab import figures
from medlab.errors import MedlabError
from medlab.explore.checks import masks_of, plane, span
from medlab.explore.controls import Choice, Slider
from medlab.explore.panel import Explorer


def saliency(image, maps: Mapping, *, target=None) -> Explorer:
    """Return an explorer of saliency maps: two methods side by side, each with its strongest pixels outlined.

    Parameters
    ----------
    image : array, shape (H, W), or a Cohort of one image
    maps : dict of method to array, shape (H, W)
        At least two. Compared by their absolute value: both signs count as important.
    target : array of 0 and 1, shape (H, W), optional
        Where the finding is.

    Returns
    -------
    Explorer
        Controls ``first``, ``second`` (methods) and ``share`` (percent of the pixels that are outlined).

    Raises
    ------
    MedlabError
        If there are fewer than two maps, or shapes do not fit.

    References
    ----------
    Adebayo et al., Sanity checks for saliency maps (2018), doi:10.48550/arXiv.1810.03292.

    Examples
    --------
    >>> same = np.arange(16.0).reshape(4, 4)
    >>> saliency(same, {"a": same, "b": same}).describe(first="a", second="b", share=25)
    'The strongest 25% of the pixels of a and b overlap by 1.00 (1: the same pixels; chance gives about 0.14).'
    """
    image = plane(image)
    found = {str(name): np.abs(plane(values, f"map {name!r}")) for name, values in dict(maps).items()}
    if len(found) < 2:
        raise MedlabError(f"{len(found)} maps; wanted two or more", hint='such as {"gradient": ..., "occlusion": ...}')
    for name, values in found.items():
        if values.shape != image.shape:
            raise MedlabError(f"map {name!r} has shape {values.shape}, the image {image.shape}", hint="resize it first")
    finding = None if target is None else masks_of(image.shape, target, name="target")["target"]
    names = tuple(found)
    controls = (
        Slider("share", "strongest pixels, %", 1, 50, 1, 10),
        Choice("first", "left", names, names[0]),
        Choice("second", "right", names, names[1]),
    )
    return Explorer(
        lambda **state: _draw(image, found, finding, **state),
        lambda **state: _tell(found, finding, **state),
        controls,
    )


def strongest(values: np.ndarray, share: float) -> np.ndarray:
    """Return the strongest pixels as a mask; ties at the edge are left out, so a constant map has none.

    Examples
    --------
    >>> strongest(np.array([[1.0, 2.0, 3.0, 4.0]]), 50).tolist()
    [[False, False, True, True]]
    """
    wanted = round(values.size * share / 100)
    if not wanted:
        return np.zeros(values.shape, dtype=bool)
    edge = np.partition(values.ravel(), values.size - wanted)[values.size - wanted]
    chosen = values >= edge
    return chosen if chosen.sum() == wanted else values > edge


def _draw(image: np.ndarray, maps: dict, finding, *, first: str, second: str, share: float):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.3), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.1, top=0.9, wspace=0.03)
    low, high = span(image)
    for axis, name in zip(figure.subplots(1, 2), (first, second), strict=True):
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.imshow(maps[name], cmap="inferno", alpha=0.5, vmin=0, vmax=span(maps[name])[1])
        figures.outline(axis, strongest(maps[name], share), number=5)
        if finding is not None:
            figures.outline(axis, finding, number=3)
        axis.set_title(name, fontsize=10)
        axis.set_axis_off()
    keys = figures.line_keys([f"strongest {share:.0f} %"], numbers=(5,))
    keys += figures.line_keys(["finding"], numbers=(3,)) if finding is not None else []
    figure.legend(handles=keys, loc="lower center", ncols=2, fontsize=8)
    return figure


def _tell(maps: dict, finding, *, first: str, second: str, share: float) -> str:
    one, two = strongest(maps[first], share), strongest(maps[second], share)
    either = (one | two).sum()
    part = min(1.0, share / 100)
    told = (
        f"The strongest {share:.0f}% of the pixels of {first} and {second} overlap by {(one & two).sum() / either:.2f} "
        f"(1: the same pixels; chance gives about {part / (2 - part):.2f})."
        if either
        else f"Neither {first} nor {second} has pixels that stand out."
    )
    if finding is None:
        return told
    inside = [f"{finding[m].mean():.0%} of {name}'s" if m.any() else f"none of {name}'s" for name, m in
              ((first, one), (second, two))]  # fmt: skip
    return f"{told} Inside the finding lie {inside[0]} and {inside[1]}; it covers {finding.mean():.0%} of the image."
