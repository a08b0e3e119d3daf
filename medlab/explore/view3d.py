"""A volume in three dimensions: the best viewer that is really there, down to a picture that always is.

The ladder: ipyniivue (the default; needs WebGL2 in the browser, nothing from the web), itkwidgets where it is asked
for, the explorer of slices, and its static twin. Which rung was taken is said in one line. No rung raises, and under
papermill and nbval there is only the last: merely importing itkwidgets there loses outputs and lets failing cells pass.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from medlab import figures
from medlab.errors import unknown
from medlab.explore.panel import Explorer, StaticView, is_live
from medlab.explore.planes import slices, taken

BACKENDS = ("auto", "ipyniivue", "itkwidgets", "slices", "static")
LIMIT_MB = 16.0  # of one message from kernel to browser; servers refuse or stall on much larger ones
_COLORMAPS = ("blue", "red", "green", "violet", "warm", "winter")
# Where itkwidgets' pages come from; asked for once, and briefly, so that a class without a network is not kept waiting.
_INSTALL = "in the checkout: pip install -e '.[itk]'"
_ITK_FILES = (
    "https://cdn.jsdelivr.net/npm/itk-viewer-bootstrap-ui@0.30.0/package.json",
    "https://bafybeieiqiiwvdq66e2bndws5nwojbe4wwerbxyua6u37axxivi2rwf7wy.ipfs.dweb.link/",
)


def view3d(
    image,
    masks: Mapping | None = None,
    *,
    backend: str = "auto",
    spacing: Sequence[float] | None = None,
    axes: str = "",
    unit: str = "",
) -> View3D:
    """Return a view of a volume that can be turned, or the next best that can be had here.

    Parameters
    ----------
    image : array, shape (D, H, W), or a Cohort of one volume
        Sent as 8 bits per voxel between its 0.1 and 99.9 percentiles, coarser where it would not fit one message.
    masks, spacing, axes, unit
        See ``medlab.explore.planes.slices``: a Cohort knows its own.
    backend : {"auto", "ipyniivue", "itkwidgets", "slices", "static"}
        The viewer to try first; "auto" begins with ipyniivue.

    Returns
    -------
    View3D
        Shows itself at the end of a cell; ``backend`` is the viewer that was taken, ``note`` says why.

    Raises
    ------
    MedlabError
        If the volume or a mask is none, or there is no such backend. A viewer that fails is no error.

    Examples
    --------
    >>> view3d(np.ones((2, 3, 4))).backend
    'static'
    """
    if backend not in BACKENDS:
        raise unknown("backend", backend, BACKENDS)
    values, outlined, steps, axes = taken(image, masks, spacing, axes)
    flat = slices(values, outlined, spacing=steps, axes=axes, unit=unit)
    told: list[str] = []
    for rung in _rungs(backend):
        if rung in _WHY_NOT and (reason := _WHY_NOT[rung]()):
            told.append(reason)
            continue
        try:
            shown = _MAKE[rung](values, outlined, steps, axes) if rung in _MAKE else flat
        except Exception as error:  # a viewer that fails in any way must not stop the lesson
            told.append(f"{rung} failed ({type(error).__name__}: {str(error)[:120]})")
            continue
        return View3D(rung, shown, flat, told)
    return View3D("static", flat, flat, told)


class View3D:
    """A view, the rung of the ladder it is on, and why.

    Parameters
    ----------
    backend : str
    shown : object
        The viewer's widget, or the explorer of slices.
    flat : Explorer
        Of the slices; its words stand below every view.
    reasons : list of str
        Why better rungs were not taken.
    """

    def __init__(self, backend: str, shown: object, flat: Explorer, reasons: list[str]):
        self.backend, self.shown, self.flat, self.reasons = backend, shown, flat, reasons

    @property
    def note(self) -> str:
        """What is shown and why, in one line."""
        ways = {
            "ipyniivue": "Drag to turn, scroll to move through slices. If the frame stays black, this browser lacks "
            'WebGL2: use view3d(..., backend="slices").',
            "itkwidgets": "Drag to turn. The viewer loads its pages from the web.",
            "slices": "Move the sliders.",
            "static": "A still picture: nobody can move anything here.",
        }
        return " ".join([f"3D view by {self.backend}.", *self.reasons, ways[self.backend]])

    def _ipython_display_(self) -> None:
        from IPython.display import Markdown, display

        display(Markdown(f"*{figures.plain(self.note)}*"))
        if self.shown is self.flat:
            still = StaticView(self.flat.render, self.flat.describe, self.flat.start, controls=())
            display(self.flat.view(live=True) if self.backend == "slices" else still)
            return
        if self.backend != "itkwidgets":  # which drew itself when it was made, and here would print its address
            display(self.shown)
        display(Markdown(f"*{figures.plain(self.flat.describe(**self.flat.start))}*"))

    def __repr__(self) -> str:
        return f"{self.note} {self.flat.describe(**self.flat.start)}"


def packed(image: np.ndarray, masks: dict, spacing: Sequence[float], *, limit_mb: float = LIMIT_MB):
    """Return volume and masks as 8 bits, coarser if all of them together exceed ``limit_mb``, and the new spacing.

    A coarse voxel belongs to a mask if any of its voxels does: small structures do not vanish.

    Examples
    --------
    >>> packed(np.zeros((8, 8, 8)), {}, (1, 1, 2), limit_mb=0.0001)[2]
    (2.0, 2.0, 4.0)
    """
    low, high = np.quantile(image[:: max(1, len(image) // 64)], [0.001, 0.999])
    count = image.size * (1 + len(masks)) / 1e6
    factor = max(1, int(np.ceil((count / limit_mb) ** (1 / 3))))
    small = _blocks(image, factor).mean((1, 3, 5)) if factor > 1 else image
    drawn = {
        name: (_blocks(m, factor).any((1, 3, 5)) if factor > 1 else m).astype(np.uint8) for name, m in masks.items()
    }
    grays = np.clip((small - low) / ((high - low) or 1.0) * 255, 0, 255).round().astype(np.uint8)
    return grays, drawn, tuple(float(s) * factor for s in spacing)


def _blocks(values: np.ndarray, factor: int) -> np.ndarray:
    """Return values in blocks, shape (d, f, h, f, w, f); edges are repeated to fill the last block."""
    rim = [(0, -n % factor) for n in values.shape]
    full = np.pad(values, rim, mode="edge")
    return full.reshape([k for n in full.shape for k in (n // factor, factor)])


def _rungs(backend: str) -> tuple[str, ...]:
    if not is_live():
        return ("static",)
    ladder = ("ipyniivue", "slices", "static")
    return {"auto": ladder, "itkwidgets": ("itkwidgets", *ladder)}.get(backend) or ladder[ladder.index(backend) :]


def _nifti(values: np.ndarray, spacing: Sequence[float], axes: str) -> bytes:
    """Return a NIfTI file; where the axes are not known: slices upward, rows to the back, columns to the left."""
    import nibabel

    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    for k, letter in enumerate(axes or "SPL"):
        affine["RLAPSI".index(letter) // 2, k] = spacing[k] if letter in "RAS" else -spacing[k]
    return nibabel.Nifti1Image(np.ascontiguousarray(values), affine).to_bytes()


def _niivue(image: np.ndarray, masks: dict, spacing: Sequence[float], axes: str):
    from ipyniivue import NiiVue, ShowRender, SliceType, Volume

    grays, drawn, spacing = packed(image, masks, spacing)
    viewer = NiiVue(height=420)
    layers = [Volume(name="image.nii", data=_nifti(grays, spacing, axes), colormap="gray")]
    for k, (name, mask) in enumerate(drawn.items()):
        color = _COLORMAPS[k % len(_COLORMAPS)]
        layers.append(Volume(name=f"{name}.nii", data=_nifti(mask, spacing, axes), colormap=color, opacity=0.4))
    viewer.load_volumes(layers)
    viewer.opts.multiplanar_show_render = ShowRender.ALWAYS
    viewer.set_slice_type(SliceType.MULTIPLANAR)
    return viewer


def _no_niivue() -> str:
    return "" if find_spec("ipyniivue") else "ipyniivue is not installed."


def _itk(image: np.ndarray, masks: dict, spacing: Sequence[float], axes: str):
    # Without this server of files itkwidgets refuses to be imported, and never calls it. It would bring pydantic 1.
    if not find_spec("imjoy_elfinder"):
        sys.modules["imjoy_elfinder"] = ModuleType("imjoy_elfinder")
        sys.modules["imjoy_elfinder"].__spec__ = ModuleSpec("imjoy_elfinder", None)  # so that it is found next time
    import itkwidgets  # only here: on import it takes over how the kernel runs cells

    grays, drawn, _ = packed(image, masks, spacing)
    labels = sum(((k + 1) * mask for k, mask in enumerate(drawn.values())), np.zeros_like(grays))
    return itkwidgets.view(image=grays, label_image=labels if drawn else None)


def _no_itk() -> str:
    """Return why itkwidgets cannot be used here, or ""."""
    if not os.environ.get("JPY_SESSION_NAME"):  # what the server of JupyterLab sets for each notebook that it opens
        return "itkwidgets works in a notebook opened in JupyterLab alone."
    if not find_spec("itkwidgets"):
        return f"itkwidgets is not installed: {_INSTALL}."
    for name, below in (("zarr", (3,)), ("ngff-zarr", (0, 33))):
        try:
            found = tuple(int(part) for part in version(name).split(".")[:2])
        except (PackageNotFoundError, ValueError):
            return f"itkwidgets needs {name}: {_INSTALL}."
        if found >= below:
            return f"itkwidgets cannot draw with {name} {version(name)}: {_INSTALL}."
    return "" if _reachable() else "itkwidgets' pages on the web cannot be reached from here."


def _reachable() -> bool:
    """Return whether itkwidgets' pages answer; without them the next cell would wait for ever."""
    if os.environ.get("MEDLAB_ITK_FILES") == "assume":  # where only the browser can reach them
        return True
    import requests

    try:
        return all(requests.head(address, timeout=3).ok for address in _ITK_FILES)
    except requests.RequestException:
        return False


_WHY_NOT = {"ipyniivue": _no_niivue, "itkwidgets": _no_itk}
_MAKE = {"ipyniivue": _niivue, "itkwidgets": _itk}
