"""What is drawn of an image, and in which window of gray values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures.checks import finite, numbers

SIGNED = ("RdBu_r", "RdBu", "PuOr", "coolwarm", "bwr", "seismic")


def picture(cohort, i: int) -> np.ndarray:
    """Return image i of a cohort as (H, W), or (H, W, 3) for three channels: the middle slice of a volume."""
    return taken(cohort.images[i], f"image {i}")


def window(images) -> tuple[float, float]:
    """Return the common window of some images: their 0.5 and 99.5 percentiles, never the same.

    Parameters
    ----------
    images : as for ``grid``

    Examples
    --------
    >>> window([np.zeros((2, 2)), np.full((2, 2), 10.0)])
    (0.0, 10.0)
    """
    shown, names, _ = listed(images, None, None)
    return _percentiles(shown, names)


def listed(images, titles, spacing) -> tuple[list[np.ndarray], list[str], Sequence[float] | None]:
    """Return pictures, their titles, and the spacing that the cohort or the caller knows."""
    if hasattr(images, "images"):
        known = images.spacing[-2:] if images.spacing else None
        spacing = known if spacing is None and known and np.isfinite(known).all() else spacing
        images = images.images
    if isinstance(images, Mapping):
        names, things = [str(key) for key in images], list(images.values())
    else:
        alone = hasattr(images, "ndim") and images.ndim == 2
        things = [images] if alone or not hasattr(images, "__iter__") else list(images)
        names = [""] * len(things)
    if titles is not None:
        if isinstance(titles, str) or len(titles) != len(things):
            raise MedlabError(f"{len(things)} images, {len(titles)} titles", hint="one title for each image")
        names = [str(name) for name in titles]
    if not things:
        raise MedlabError("there is no image to show", hint="pass at least one")
    if spacing is not None:
        found = numbers(spacing, "spacing", dims=(1,))[-2:]
        if len(found) != 2 or not (np.isfinite(found).all() and found.min() > 0):
            raise MedlabError(f"spacing {spacing}", hint="mm along rows and columns, above 0")
        spacing = tuple(float(s) for s in found)
    shown = [taken(thing, name or f"image {k}") for k, (thing, name) in enumerate(zip(things, names, strict=True))]
    return shown, names, spacing


def taken(thing, name: str) -> np.ndarray:
    """Return (H, W), or (H, W, 3) in 0 to 1 if bytes; of a volume the middle slice."""
    size = 255.0 if str(getattr(thing, "dtype", "")) in ("uint8", "torch.uint8") else 1.0
    values = numbers(thing, name, dims=(2, 3, 4))
    if values.ndim == 4:
        values = values[:, values.shape[1] // 2]
    if values.ndim == 3 and values.shape[-1] in (3, 4) and values.shape[0] > 4:
        return values[..., :3] / size
    if values.ndim == 3 and values.shape[0] == 3:
        return values.transpose(1, 2, 0) / size
    if values.ndim == 3:
        values = values[0 if values.shape[0] <= 4 else values.shape[0] // 2]
    return values


def windows(shown: list[np.ndarray], window: object, colors: str, names: list[str]) -> list[tuple[float, float]]:
    """Return a window for each picture; colors in 0 to 1 keep theirs."""
    n = len(shown)
    if window is None:
        gray = [p for p in shown if p.ndim == 2]
        low, high = _percentiles(gray or shown, names)
        if colors in SIGNED:
            low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
        found = [(low, high)] * n
    elif isinstance(window, str):
        if window != "each":
            raise MedlabError(f"window {window!r}", hint='(low, high), or "each"')
        found = [_percentiles([p], [name]) for p, name in zip(shown, names, strict=True)]
    else:
        pairs = list(window.values()) if isinstance(window, Mapping) else window
        values = numbers(pairs, "window", dims=(1, 2))
        if values.shape not in ((2,), (n, 2)) or not (np.diff(values) > 0).all() or not np.isfinite(values).all():
            raise MedlabError(f"window {window} for {n} images", hint="(low, high), low below high, or one for each")
        found = [(float(low), float(high)) for low, high in np.broadcast_to(values, (n, 2))]
    as_they_are = [p.ndim == 3 and np.nanmin(p) >= 0 and np.nanmax(p) <= 1 for p in shown]
    return [(0.0, 1.0) if kept else pair for kept, pair in zip(as_they_are, found, strict=True)]


def _percentiles(shown: list[np.ndarray], names: list[str]) -> tuple[float, float]:
    samples = []
    for p, name in zip(shown, [*names, *[""] * len(shown)], strict=False):
        values = finite(p, name or "image")
        samples.append(values[:: max(1, values.size // 50_000)])
    low, high = (float(v) for v in np.quantile(np.concatenate(samples), [0.005, 0.995]))
    if low == high:  # a few bright pixels on nothing: take them all
        low, high = min(float(s.min()) for s in samples), max(float(s.max()) for s in samples)
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def named_window(name: str, window: tuple[float, float], unit: str, picture: np.ndarray) -> str:
    """Return a title that states the window of a gray picture."""
    return name if picture.ndim == 3 else f"{name}\n{window[0]:.4g} to {window[1]:.4g} {unit}".strip()
