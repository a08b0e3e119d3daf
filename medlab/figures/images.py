"""Images side by side in one window, with outlines, boxes, points and maps on them; and what changed between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import finite, named, numbers
from medlab.figures.marks import draw_marks, scale_bar

SIGNED = ("RdBu_r", "RdBu", "PuOr", "coolwarm", "bwr", "seismic")


def grid(
    images,
    *,
    titles: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    columns: int | None = None,
    window: object = None,
    unit: str = "",
    title: str = "",
    colors: str = "gray",
    outlines: object = None,
    boxes: object = None,
    points: object = None,
    maps: object = None,
    spacing: Sequence[float] | None = None,
):
    """Return a figure with images side by side, all in one window that the color bar states.

    Parameters
    ----------
    images : Cohort, dict of title to image, or sequence of images
        Each (H, W), (1, H, W), (3, H, W), (H, W, 3), or a volume ([1,] D, H, W), of which the middle slice is drawn.
        Colors are drawn as they are.
    titles : sequence of str, optional
        One for each image.
    rows : sequence of str, optional
        What each row of images shows.
    columns : int, optional
    window : (low, high), "each", or sequence or dict of (low, high), optional
        Of the gray values. If not given: the 0.5 and 99.5 percentiles over all images together, around 0 for colors
        that diverge. "each" takes them image by image, and each title states them.
    unit : str
        Of the gray values.
    title : str
        Of the whole figure.
    colors : str
        A colormap of matplotlib, such as "gray", "inferno", or "RdBu_r" for signed values.
    outlines, boxes, points : optional
        One entry for each image, or a dict of name to such entries; each name has its own color and line style, and a
        legend. Outlines are masks (H, W) of 0 and 1; boxes are (B, 4), lower corner, upper corner; points are (P, 2);
        positions as (row, column) in pixels. None marks an image without.
    maps : sequence of arrays (H, W), optional
        Signed maps, one for each image, such as attributions: drawn above it, half transparent, red above 0.
    spacing : numbers in mm, optional
        Of pixels, axes in the order of the image. Keeps the true shape, and adds a scale bar to the first image.

    Raises
    ------
    MedlabError
        If an image or mark cannot be drawn, numbers do not fit, or all of an image is NaN.

    Examples
    --------
    >>> figure = grid({"before": np.zeros((4, 4)), "after": np.ones((4, 4))}, unit="HU", window=(0, 1))
    >>> [axis.get_title() for axis in figure.axes[:2]]
    ['before', 'after']
    """
    from matplotlib import colormaps

    if colors not in colormaps:
        raise MedlabError(f"colors={colors!r} is no colormap of matplotlib", hint='such as "gray" or "inferno"')
    shown, names, spacing = _listed(images, titles, spacing)
    windows = _windows(shown, window, colors, names)
    several = len({w for w, p in zip(windows, shown, strict=True) if p.ndim == 2}) > 1
    if several:
        names = [_named_window(n, w, unit, p) for n, w, p in zip(names, windows, shown, strict=True)]
    figure, panels, side = _canvas(shown, names, columns=columns, rows=rows, title=title, spacing=spacing)
    drawn = None
    for axis, picture, name, (low, high) in zip(panels, shown, names, windows, strict=False):
        if picture.ndim == 3:
            axis.imshow(np.clip((picture - low) / (high - low), 0, 1), aspect=_aspect(spacing))
        else:
            drawn = axis.imshow(picture, cmap=colors, vmin=low, vmax=high, aspect=_aspect(spacing))
        axis.set_title(style.wrapped(name, side, size=9), fontsize=9)
    if maps is not None:
        drawn, unit = _draw_maps(panels, shown, maps), unit or "red above 0, blue below"
    keys = draw_marks(panels[: len(shown)], [p.shape[:2] for p in shown], outlines=outlines, boxes=boxes, points=points)
    if keys:
        figure.legend(handles=keys, loc="outside lower center", ncols=min(4, len(keys)), fontsize=9, frameon=False)
    if spacing is not None:
        scale_bar(panels[0], shown[0].shape[1], spacing[-1])
    if drawn is not None and (maps is not None or not several):
        figure.colorbar(drawn, ax=list(panels), label=unit, fraction=0.04, aspect=30, pad=0.01)
    return figure


def compare(
    before,
    after,
    *,
    titles: Sequence[str] = ("before", "after"),
    window: tuple[float, float] | None = None,
    unit: str = "",
    title: str = "",
    limit: float | None = None,
    spacing: Sequence[float] | None = None,
):
    """Return a figure with an image, what became of it, and the difference after - before on a scale around 0.

    Parameters
    ----------
    before : array, shape (H, W), (1, H, W), or a volume, of which the middle slice is drawn
    after : the same, or dict of name to such images
        Several are drawn above their differences.
    titles : two str
        Of before and of after; with a dict, only the first counts.
    window : (low, high), optional
        Of both images; the common percentiles if not given.
    unit, title : str
    limit : float, optional
        End of the scale of differences; their largest size, or its 99.5 percentile, if not given.
    spacing : numbers in mm, optional

    Raises
    ------
    MedlabError
        If shapes differ, or an image cannot be drawn.

    Examples
    --------
    >>> figure = compare(np.zeros((4, 4)), np.eye(4), unit="HU")
    >>> [axis.get_title() for axis in figure.axes[:3]]
    ['before', 'after', 'after - before']
    """
    many = isinstance(after, Mapping) and len(after) > 1
    if len(titles) != 2 or isinstance(titles, str):
        raise MedlabError(f"titles {titles!r}", hint="two of them: of before and of after")
    others = named(after, "image") if isinstance(after, Mapping) else {titles[1]: after}
    shown = {titles[0]: _picture(before, titles[0]), **{name: _picture(v, name) for name, v in others.items()}}
    if len(shown) < 1 + len(others) or any(p.shape != shown[titles[0]].shape or p.ndim != 2 for p in shown.values()):
        shapes = ", ".join(f"{name} {p.shape}" for name, p in shown.items())
        raise MedlabError(
            f"images {shapes} cannot be subtracted", hint="gray images of one shape, each with its own name"
        )
    differences = [shown[name] - shown[titles[0]] for name in others]
    largest = np.nanquantile(np.abs(differences), 0.995) if limit is None else float(limit)
    if limit is None and not largest > 0:
        largest = float(np.nanmax(np.abs(differences))) or 1.0
    if not largest > 0:
        raise MedlabError(f"limit {limit!r} of the differences", hint="above 0")
    low, high = _windows(list(shown.values()), window, "gray", list(shown))[0]
    per_row = len(shown) if many else 3
    names = [*shown, *([f"{n} - {titles[0]}" for n in others])]
    figure, panels, side = _canvas(
        [*shown.values(), *differences], names, columns=per_row, rows=None, title=title, spacing=spacing, skip=many
    )
    for axis, name, picture in zip(panels, names, [*shown.values(), *differences], strict=False):
        signed = axis in panels[len(shown) :]
        scale = (
            {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}
            if signed
            else {"cmap": "gray", "vmin": low, "vmax": high}
        )
        drawn = axis.imshow(picture, aspect=_aspect(spacing), **scale)
        axis.set_title(style.wrapped(name, side, size=9), fontsize=9)
        if axis in (panels[len(shown) - 1], panels[-1]):
            told = f"difference{f', {unit}' if unit else ''}" if signed else unit
            where = [a for a in panels if (a in panels[len(shown) :]) is signed]
            figure.colorbar(drawn, ax=where if many else axis, label=told, fraction=0.05, aspect=20, pad=0.02)
    return figure


def contact_sheet(
    cohort, *, columns: int = 6, rows: int = 2, titles: Sequence[str] | None = None, seed: int | None = None
):
    """Return a figure with the first images of a cohort (or a random draw, with a seed), the middle slice of volumes.

    Parameters
    ----------
    cohort : Cohort
    columns, rows : int
    titles : sequence of str, optional
        One for each shown image; class names and site otherwise.
    """
    if not len(cohort):
        raise MedlabError("the cohort is empty", hint="nothing to show")
    count = min(len(cohort), columns * rows)
    chosen = np.arange(count) if seed is None else np.random.default_rng(seed).choice(len(cohort), count, replace=False)
    names = list(titles) if titles else [_subject(cohort, int(i)) for i in chosen]
    return grid(cohort[chosen], titles=names[:count], columns=min(columns, count), unit=cohort.intensity)


def picture(cohort, i: int) -> np.ndarray:
    """Return image i of a cohort as (H, W), or (H, W, 3) for three channels: the middle slice of a volume."""
    return _picture(cohort.images[i], f"image {i}")


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
    shown, names, _ = _listed(images, None, None)
    return _percentiles(shown, names)


def _listed(images, titles, spacing) -> tuple[list[np.ndarray], list[str], Sequence[float] | None]:
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
    return (
        [_picture(thing, name or f"image {k}") for k, (thing, name) in enumerate(zip(things, names, strict=True))],
        names,
        spacing,
    )


def _picture(thing, name: str) -> np.ndarray:
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


def _windows(shown: list[np.ndarray], window: object, colors: str, names: list[str]) -> list[tuple[float, float]]:
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
        if (
            values.shape not in ((2,), (n, 2))
            or not np.isfinite(values).all()
            or (values[..., 0] >= values[..., 1]).any()
        ):
            raise MedlabError(
                f"window {window} for {n} images", hint="(low, high), low below high, or one for each image"
            )
        found = [(float(low), float(high)) for low, high in np.broadcast_to(values, (n, 2))]
    return [
        (0.0, 1.0) if p.ndim == 3 and np.nanmin(p) >= 0 and np.nanmax(p) <= 1 else w
        for p, w in zip(shown, found, strict=True)
    ]


def _percentiles(shown: list[np.ndarray], names: list[str]) -> tuple[float, float]:
    samples = []
    for p, name in zip(shown, [*names, *[""] * len(shown)], strict=False):
        values = finite(p, name or "image")
        samples.append(values[:: max(1, values.size // 50_000)])
    low, high = (float(v) for v in np.quantile(np.concatenate(samples), [0.005, 0.995]))
    if low == high:  # a few bright pixels on nothing: take them all
        low, high = min(float(s.min()) for s in samples), max(float(s.max()) for s in samples)
    return (low, high) if low < high else (low - 0.5, low + 0.5)


def _named_window(name: str, window: tuple[float, float], unit: str, picture: np.ndarray) -> str:
    return name if picture.ndim == 3 else f"{name}\n{window[0]:.4g} to {window[1]:.4g} {unit}".strip()


def _aspect(spacing: Sequence[float] | None) -> float:
    return 1.0 if spacing is None else spacing[-2] / spacing[-1]


def _canvas(shown, names, *, columns, rows, title: str, spacing, skip: bool = False):
    """Return figure, axes in reading order, and the width of one in inches; ``skip`` frees the second row's first."""
    from matplotlib.figure import Figure

    n = len(shown) + skip
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, (int, np.integer)) or columns < 1):
        raise MedlabError(f"columns={columns!r}", hint="a whole number from 1")
    columns = min(
        n,
        columns
        or (-(-n // len(rows)) if rows else 4 if n in (4, 7, 8) else min(n, 3 if n < 7 else 5 if n < 16 else 6)),
    )
    count = -(-n // columns)
    if rows is not None and len(rows) != count:
        raise MedlabError(
            f"{len(rows)} names for {count} rows of {columns} images", hint="set columns, or name each row"
        )
    side = min(2.6, (style.WIDTH - 0.9) / columns)
    height, width = np.median([p.shape[:2] for p in shown], axis=0)
    tall = float(np.clip(side * height / width * _aspect(spacing), 0.35 * side, 1.8 * side))
    lines = max(style.wrapped(name, side, size=9).count("\n") + bool(name) for name in names)
    figure = Figure(
        figsize=(
            min(style.WIDTH, max(3.2, side * columns + 0.9)),
            count * (tall + 0.17 * lines + 0.08) + 0.3 * bool(title) + 0.25,
        ),
        layout="constrained",
    )
    panels = list(figure.subplots(count, columns, squeeze=False).ravel())
    for axis in panels:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    for k, name in enumerate(rows or ()):
        panels[k * columns].set_ylabel(style.wrapped(name, tall, size=9), fontsize=9)
    if title:
        figure.suptitle(style.wrapped(title, figure.get_figwidth(), size=11), fontsize=11)
    if skip:
        panels.pop(columns).set_axis_off()
    return figure, panels, side


def _draw_maps(panels, shown: list[np.ndarray], maps):
    if len(maps) != len(shown):
        raise MedlabError(f"{len(shown)} images, {len(maps)} maps", hint="one map for each image")
    found = [numbers(values, f"map {k}", dims=(2,)) for k, values in enumerate(maps)]
    limit = float(np.quantile(np.abs(np.concatenate([finite(m, "map") for m in found])), 0.995)) or 1.0
    drawn = None
    for axis, picture, values in zip(panels, shown, found, strict=False):
        if values.shape != picture.shape[:2]:
            raise MedlabError(
                f"a map {values.shape} on an image {picture.shape[:2]}", hint="enlarge the map to the image"
            )
        drawn = axis.imshow(values, cmap="RdBu_r", vmin=-limit, vmax=limit, alpha=0.5, aspect=axis.get_aspect())
    return drawn


def _subject(cohort, i: int) -> str:
    parts = []
    if cohort.labels is not None and cohort.classes:
        label = cohort.labels[i]
        if label.ndim:
            present = [name for name, here in zip(cohort.classes, label, strict=True) if here > 0]
            parts.append(", ".join(present) or "no finding")
        else:
            parts.append(cohort.classes[int(label)])
    if "site" in cohort.patients:
        parts.append(f"site {cohort.patients['site'].iloc[i]}")
    return "\n".join(parts)
