"""Images side by side in one window, with outlines, boxes, points and maps on them; and what changed between two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from medlab.errors import MedlabError
from medlab.figures import style
from medlab.figures.checks import finite, named, numbers
from medlab.figures.marks import draw_marks, scale_bar
from medlab.figures.pictures import listed, named_window, taken, windows


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
    _known_colors(colors)
    shown, names, spacing = listed(images, titles, spacing)
    pairs = windows(shown, window, colors, names)
    several = len({w for w, p in zip(pairs, shown, strict=True) if p.ndim == 2}) > 1
    if several:
        names = [named_window(n, w, unit, p) for n, w, p in zip(names, pairs, shown, strict=True)]
    figure, panels, side = _canvas(shown, names, columns=columns, rows=rows, title=title, spacing=spacing)
    drawn = None
    for axis, picture, name, (low, high) in zip(panels, shown, names, pairs, strict=False):
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


def _known_colors(colors: str) -> None:
    from matplotlib import colormaps

    if colors not in colormaps:
        raise MedlabError(f"colors={colors!r} is no colormap of matplotlib", hint='such as "gray" or "inferno"')


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
    shown = {titles[0]: taken(before, titles[0]), **{name: taken(v, name) for name, v in others.items()}}
    if len(shown) < 1 + len(others) or any(p.shape != shown[titles[0]].shape or p.ndim != 2 for p in shown.values()):
        shapes = ", ".join(f"{name} {p.shape}" for name, p in shown.items())
        raise MedlabError(
            f"images {shapes} cannot be subtracted", hint="gray images of one shape, each with its own name"
        )
    low, high = windows(list(shown.values()), window, "gray", list(shown))[0]
    differences = {f"{name} - {titles[0]}": shown[name] - shown[titles[0]] for name in others}
    largest = _largest(list(differences.values())) if limit is None else float(limit)
    if not largest > 0:
        raise MedlabError(f"limit {limit!r} of the differences", hint="above 0")
    pictures, names = [*shown.values(), *differences.values()], [*shown, *differences]
    n = len(shown)
    figure, panels, side = _canvas(
        pictures, names, columns=n if many else 3, rows=None, title=title, spacing=spacing, skip=many
    )
    told = f"difference{f', {unit}' if unit else ''}"
    scales = ((0, n, "gray", low, high, unit), (n, len(names), "RdBu_r", -largest, largest, told))
    for first, end, colors, bottom, top, words in scales:
        for k in range(first, end):
            drawn = panels[k].imshow(pictures[k], cmap=colors, vmin=bottom, vmax=top, aspect=_aspect(spacing))
            panels[k].set_title(style.wrapped(names[k], side, size=9), fontsize=9)
        where = panels[first:end] if many else panels[end - 1]
        figure.colorbar(drawn, ax=where, label=words, fraction=0.05, aspect=20, pad=0.02)
    return figure


def _largest(differences: list[np.ndarray]) -> float:
    sizes = np.abs(differences)
    return float(np.nanquantile(sizes, 0.995)) or float(np.nanmax(sizes)) or 1.0


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


def _aspect(spacing: Sequence[float] | None) -> float:
    return 1.0 if spacing is None else spacing[-2] / spacing[-1]


def _across(count: int, columns: int | None, rows: Sequence[str] | None) -> int:
    """Return how many images stand side by side."""
    if columns is not None and (isinstance(columns, bool) or not isinstance(columns, (int, np.integer)) or columns < 1):
        raise MedlabError(f"columns={columns!r}", hint="a whole number from 1")
    few = 4 if count in (4, 7, 8) else 3 if count < 7 else 5 if count < 16 else 6
    columns = min(count, columns or (-(-count // len(rows)) if rows else few))
    if rows is not None and len(rows) != -(-count // columns):
        found = f"{len(rows)} names for {-(-count // columns)} rows of {columns} images"
        raise MedlabError(found, hint="set columns, or name each row")
    return columns


def _canvas(shown, names, *, columns, rows, title: str, spacing, skip: bool = False):
    """Return figure, axes in reading order, and the width of one in inches; ``skip`` frees the second row's first."""
    from matplotlib.figure import Figure

    columns = _across(len(shown) + skip, columns, rows)
    count = -(-(len(shown) + skip) // columns)
    side = min(2.6, (style.WIDTH - 0.9) / columns)
    height, width = np.median([p.shape[:2] for p in shown], axis=0)
    tall = float(np.clip(side * height / width * _aspect(spacing), 0.35 * side, 1.8 * side))
    lines = max(style.wrapped(name, side, size=9).count("\n") + bool(name) for name in names)
    size = max(3.2, side * columns + 0.9), count * (tall + 0.17 * lines + 0.08) + 0.3 * bool(title) + 0.25
    figure = Figure(figsize=(min(style.WIDTH, size[0]), size[1]), layout="constrained")
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
