"""Explorers of how an image comes about: which part of k-space is measured, and how many photons are counted."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import uniform_filter

from medlab.errors import MedlabError
from medlab.explore.checks import plane, span
from medlab.explore.controls import Choice, Slider
from medlab.explore.panel import Explorer

_PATTERNS = ("center lines", "outer lines", "every n-th line", "random lines")


def kspace_mask(image, *, seed: int = 0) -> Explorer:
    """Return an explorer of k-space: which lines are measured, and what image comes of them.

    Parameters
    ----------
    image : array, shape (H, W), or a Cohort of one image
    seed : int
        Of the random lines, which are dense in the middle and always hold it.

    Returns
    -------
    Explorer
        Controls ``share`` (percent of the lines that are measured) and ``pattern``.

    Raises
    ------
    MedlabError
        If the image is none, or holds NaN.

    References
    ----------
    Lustig, Donoho and Pauly, Magn Reson Med 58:1182 (2007), doi:10.1002/mrm.21391.

    Examples
    --------
    >>> kspace_mask(np.eye(8)).describe(share=100, pattern="center lines")
    'center lines: 8 of 8 lines measured; root mean square error 0.0% of the range of the image.'
    """
    image = plane(image)
    order = np.random.default_rng(seed).exponential(size=len(image))
    seen = lru_cache(maxsize=1)(lambda lines: _reconstructed(image, np.frombuffer(lines, dtype=bool).copy()))

    def render(**state):
        return _draw_kspace(image, *seen(measured(order, **state).tobytes()))

    def describe(**state):
        lines = measured(order, **state)
        return _tell_kspace(image, lines, seen(lines.tobytes())[1], state["pattern"])

    controls = (
        Slider("share", "lines measured, %", 2, 100, 1, 30),
        Choice("pattern", "pattern", _PATTERNS, _PATTERNS[0]),
    )
    return Explorer(render, describe, controls)


def measured(luck: np.ndarray, *, share: float, pattern: str) -> np.ndarray:
    """Return which lines are measured, shape (H,), bool: at least one.

    Parameters
    ----------
    luck : array, shape (H,)
        Random numbers, from a seeded generator.
    share : float, percent
    pattern : str

    Examples
    --------
    >>> measured(np.zeros(4), share=50, pattern="every n-th line").tolist()
    [True, False, True, False]
    """
    n = len(luck)
    wanted = max(1, round(n * share / 100))
    far = np.abs(np.arange(n) - n // 2)
    if pattern == "every n-th line":
        step = max(1, round(100 / share))
        return (np.arange(n) - n // 2) % step == 0
    key = {"center lines": far, "outer lines": -far, "random lines": np.where(far < 2, -1.0, luck * (1 + far))}[pattern]
    chosen = np.zeros(n, dtype=bool)
    chosen[np.argsort(key, kind="stable")[:wanted]] = True
    return chosen


def _reconstructed(image: np.ndarray, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import torch

    from medlab.physics.kspace import from_kspace, to_kspace

    samples = to_kspace(torch.from_numpy(image)) * torch.from_numpy(lines)[:, None]
    return samples.abs().numpy(), from_kspace(samples).abs().numpy()


def _draw_kspace(image: np.ndarray, samples: np.ndarray, seen: np.ndarray):
    from matplotlib.figure import Figure

    low, high = span(np.abs(image))
    figure = Figure(figsize=(9, 3.3), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.9, wspace=0.03)
    panels = (
        ("k-space that was measured (log)", np.log1p(samples), {}),
        ("image of it", seen, {"vmin": low, "vmax": high}),
        ("error: blue too dark, red too bright", seen - np.abs(image),
         {"vmin": low - high, "vmax": high - low, "cmap": "RdBu_r"}),
    )  # fmt: skip
    for axis, (title, picture, how) in zip(figure.subplots(1, 3), panels, strict=True):
        axis.imshow(picture, **{"cmap": "gray", **how})
        axis.set_title(title, fontsize=9)
        axis.set_axis_off()
    return figure


def _tell_kspace(image: np.ndarray, lines: np.ndarray, seen: np.ndarray, pattern: str) -> str:
    low, high = span(np.abs(image))
    error = np.sqrt(np.mean((seen - np.abs(image)) ** 2)) / (high - low)
    return (
        f"{pattern}: {lines.sum()} of {len(lines)} lines measured; root mean square error {error:.1%} of the range of "
        "the image."
    )


def dose_to_noise(image, *, attenuation: float = 3.0, seed: int = 0) -> Explorer:
    """Return an explorer of dose: fewer photons, more noise; smoothing trades noise for sharpness.

    The image stands for an object that weakens a beam: its brightest pixel by the attenuation, its darkest not at all.
    Photons behind it are counted (Poisson), and the logarithm gives the image back, with noise.

    Parameters
    ----------
    image : array, shape (H, W), or a Cohort of one image
    attenuation : float
        Line integral of the brightest pixel: 3 lets 5 % of the photons through.
    seed : int

    Returns
    -------
    Explorer
        Controls ``dose`` (photons per pixel before the object, as a power of ten) and ``smoothing`` (pixels).

    Raises
    ------
    MedlabError
        If the image is none, or the attenuation not above 0.

    References
    ----------
    Barrett and Myers, Foundations of Image Science (2004), ISBN 978-0471153009, chapter 11: photon counting.

    Examples
    --------
    >>> dose_to_noise(np.eye(8)).describe(dose=4.0, smoothing=1)[:58]
    '10000 photons per pixel, smoothing over 1 pixels: the erro'
    """
    image = plane(image)
    if not attenuation > 0:
        raise MedlabError(f"attenuation {attenuation}; wanted above 0", hint="3 lets 5 % of the photons through")
    low, high = span(image)
    through = attenuation * (image - low) / (high - low)
    controls = (
        Slider("dose", "photons, power of 10", 1, 6, 0.1, 3.0),
        Slider("smoothing", "smoothing, pixels", 1, 9, 2, 1),
    )
    return Explorer(
        lambda **state: _draw_dose(through, counted(through, seed, **state)),
        lambda **state: _tell_dose(through, counted(through, seed, **state), **state),
        controls,
    )


def counted(through: np.ndarray, seed: int, *, dose: float, smoothing: float) -> np.ndarray:
    """Return the line integrals that a detector finds, shape of the true ones.

    Where no photon comes through, half a photon is put: a logarithm of nothing has no value.

    Examples
    --------
    >>> bool(np.abs(counted(np.ones((8, 8)), 0, dose=9.0, smoothing=1) - 1).max() < 0.001)
    True
    """
    sent = 10.0**dose
    photons = np.random.default_rng(seed).poisson(sent * np.exp(-through))
    found = -np.log(np.maximum(photons, 0.5) / sent)
    return uniform_filter(found, round(smoothing), mode="nearest") if round(smoothing) > 1 else found


def _draw_dose(through: np.ndarray, found: np.ndarray):
    from matplotlib.figure import Figure

    limits = dict(zip(("vmin", "vmax"), span(through), strict=True))
    figure = Figure(figsize=(9, 3.3), layout="none")
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.9, wspace=0.03)
    panels = (("true", through), ("measured", found))
    for axis, (title, picture) in zip(figure.subplots(1, 2), panels, strict=True):
        axis.imshow(picture, cmap="gray", **limits)
        axis.set_title(title, fontsize=10)
        axis.set_axis_off()
    return figure


def _tell_dose(through: np.ndarray, found: np.ndarray, *, dose: float, smoothing: float) -> str:
    error = float(np.sqrt(np.mean((found - through) ** 2)))
    wanted = float(np.sqrt(np.mean(np.exp(through))) / np.sqrt(10.0**dose))
    return (
        f"{10.0**dose:.0f} photons per pixel, smoothing over {round(smoothing)} pixels: the error is {error:.3f} "
        f"(noise alone, without smoothing, is expected to be about {wanted:.3f}; a quarter of the dose doubles it)."
    )
