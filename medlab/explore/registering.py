"""Explorer: two images that should lie on each other; move one by hand until the checkerboard has no seams."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import affine_transform

from medlab.errors import MedlabError
from medlab.explore.checks import plane, span
from medlab.explore.controls import Choice, Slider
from medlab.explore.panel import Explorer

# Flicker is one key press between "fixed" and "moving" in the same place: the reader sets the pace. A picture that
# flickers by itself can harm people with epilepsy, and nobody could stop it to look (WCAG 2.2.2 and 2.3.1).
_VIEWS = ("checkerboard", "fixed", "moving", "difference")


def registration(fixed, moving, *, reach: float = 0.2) -> Explorer:
    """Return an explorer of two images: shift and turn one over the other, as a checkerboard or in flicker.

    Parameters
    ----------
    fixed, moving : array, shape (H, W), or a Cohort of one image each
        Each is shown in its own range: they may be of two modalities.
    reach : float
        How far the moving image can be shifted, as a share of its larger side.

    Returns
    -------
    Explorer
        Controls ``view``, ``down`` and ``across`` (pixels), ``turn`` (degrees, around the middle), ``tiles``.

    Raises
    ------
    MedlabError
        If shapes differ, or an image is none.

    Examples
    --------
    >>> same = np.eye(8)
    >>> registration(same, same).describe(view="fixed", down=0, across=0, turn=0, tiles=4)
    'Fixed image; moved by 0.0 down, 0.0 across, turned by 0.0 degrees: correlation with the fixed image 1.00.'
    """
    fixed, moving = plane(fixed, "fixed"), plane(moving, "moving")
    if fixed.shape != moving.shape:
        raise MedlabError(
            f"fixed has shape {fixed.shape}, moving {moving.shape}", hint="resample one to the grid of the other first"
        )
    far = max(1.0, round(reach * max(fixed.shape)))
    controls = (
        Choice("view", "view", _VIEWS, _VIEWS[0]),
        Slider("down", "down, pixels", -far, far, 0.5, 0),
        Slider("across", "across, pixels", -far, far, 0.5, 0),
        Slider("turn", "turn, degrees", -30, 30, 0.5, 0),
        Slider("tiles", "tiles per side", 2, 16, 1, 6),
    )
    return Explorer(
        lambda **state: _draw(fixed, moving, **state), lambda **state: _tell(fixed, moving, **state), controls
    )


def moved(image: np.ndarray, *, down: float, across: float, turn: float) -> np.ndarray:
    """Return an image turned around its middle, then shifted; what comes in from outside is its darkest value.

    Examples
    --------
    >>> moved(np.array([[0.0, 1.0, 0.0]]), down=0, across=1, turn=0).tolist()
    [[0.0, 0.0, 1.0]]
    """
    angle = np.deg2rad(turn)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = (np.array(image.shape) - 1) / 2
    offset = middle - back @ (middle + np.array([down, across]))
    return affine_transform(image, back, offset, order=1, cval=float(image.min()))


def _scaled(image: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return (image - limits[0]) / (limits[1] - limits[0])


def _draw(fixed, moving, *, view: str, down: float, across: float, turn: float, tiles: float):
    from matplotlib.figure import Figure

    under = _scaled(fixed, span(fixed))
    over = _scaled(moved(moving, down=down, across=across, turn=turn), span(moving))
    rows, columns = np.indices(fixed.shape)
    side = max(1.0, max(fixed.shape) / round(tiles))
    odd = ((rows // side + columns // side) % 2).astype(bool)
    picture = {"checkerboard": np.where(odd, over, under), "fixed": under, "moving": over, "difference": over - under}
    figure = Figure(figsize=(4.4, 4.4), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.92)
    axis = figure.subplots()
    low, cmap = (-1, "RdBu_r") if view == "difference" else (0, "gray")
    axis.imshow(picture[view], cmap=cmap, vmin=low, vmax=1)
    axis.set_title(view + (": red where moving is brighter" if view == "difference" else ""), fontsize=10)
    axis.set_axis_off()
    return figure


def _tell(fixed, moving, *, view: str, down: float, across: float, turn: float, tiles: float) -> str:
    over = moved(moving, down=down, across=across, turn=turn)
    a, b = fixed - fixed.mean(), over - over.mean()
    size = np.sqrt((a**2).sum() * (b**2).sum())
    told = f"{(a * b).sum() / size:.2f}" if size > 1e-12 else "not defined, since one of them is constant"
    name = view if view in ("checkerboard", "difference") else f"{view} image"
    return (
        f"{name.capitalize()}; moved by {down:.1f} down, {across:.1f} across, turned by {turn:.1f} degrees: "
        f"correlation with the fixed image {told}."
    )
