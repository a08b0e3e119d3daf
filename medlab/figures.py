"""Pictures with captions and alternative text, readable without color vision."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable, Sequence

import numpy as np

from medlab.errors import MedlabError

# Okabe and Ito's colors are told apart with every common kind of color blindness; each has its own line style too.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), "-")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def style() -> None:
    """Set matplotlib's defaults for a lesson: legible sizes, one cycle of color and line style."""
    import matplotlib as mpl
    from cycler import cycler

    mpl.rcParams.update(
        {
            "figure.dpi": 100, "savefig.dpi": 100, "font.size": 10, "axes.titlesize": 11, "image.cmap": "gray",
            "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False, "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "axes.prop_cycle": cycler(color=COLORS) + cycler(linestyle=STYLES),
        }
    )  # fmt: skip


def show(figure, *, caption: str, alt: str) -> None:
    """Display a figure with its caption and alternative text, then close it.

    Parameters
    ----------
    figure : matplotlib Figure
    caption : str
        What to see, and the source of the data.
    alt : str
        What the picture shows, for those who cannot see it: at least 20 characters.

    Raises
    ------
    MedlabError
        If the caption is empty or the alternative text says too little.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image, Markdown, display

    if len(alt.strip()) < 20 or not caption.strip():
        raise MedlabError(f"alt text {alt!r}, caption {caption!r}", hint="say in a sentence what the picture shows")
    # JupyterLab gives PNG outputs no alt attribute; the metadata serve nbconvert, the caption serves everybody.
    display(Image(png(figure)), metadata={"image/png": {"alt": alt}})
    display(Markdown(f"*{caption.strip()}*"))
    plt.close(figure)


def png(figure) -> bytes:
    """Return a figure as PNG bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor="white")
    return buffer.getvalue()


def contact_sheet(
    cohort, *, columns: int = 6, rows: int = 2, titles: Sequence[str] | None = None, seed: int | None = None
):
    """Return a figure with the first images of a cohort (or a random draw, with a seed), the middle slice of volumes.

    Parameters
    ----------
    cohort : Cohort
    columns, rows : int
    titles : sequence of str, optional
        One per shown image; class names and site otherwise.
    """
    from matplotlib.figure import Figure

    count = min(len(cohort), columns * rows)
    if not count:
        raise MedlabError("the cohort is empty", hint="nothing to show")
    chosen = np.arange(count)
    if seed is not None:
        chosen = np.random.default_rng(seed).choice(len(cohort), count, replace=False)
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(1.7 * columns, 1.95 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    low, high = _window(cohort)
    for axis in axes:
        axis.set_axis_off()
    for k, (axis, i) in enumerate(zip(axes, chosen, strict=False)):
        axis.imshow(picture(cohort, int(i)), vmin=low, vmax=high, cmap="gray")
        axis.set_title(titles[k] if titles else _title(cohort, int(i)), fontsize=8)
    return figure


def picture(cohort, i: int) -> np.ndarray:
    """Return image i as (H, W) or (H, W, 3): the middle slice of a volume, colors last."""
    image = cohort.images[i]
    if image.ndim == 4:
        image = image[:, image.shape[1] // 2]
    return image[:3].permute(1, 2, 0).numpy() if len(image) >= 3 else image[0].numpy()


def outline(axis, mask: np.ndarray, *, number: int = 0) -> None:
    """Draw the border of a mask on axes, in the color and line style of its number; an empty mask has none.

    Parameters
    ----------
    axis : matplotlib Axes
        That shows the picture, pixel centers at whole numbers.
    mask : array, shape (H, W), 0/1 or bool
    number : int
        Which of ``COLORS`` and ``STYLES``.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> outline(Figure().subplots(), np.ones((1, 1)), number=2)
    """
    mask = np.asarray(mask, dtype=bool)
    if not mask.any():
        return
    # A rim of zeros closes borders at the edge of the picture; white below keeps dark lines visible on dark tissue.
    rim = np.pad(mask.astype(float), 1)
    where = np.arange(-1, rim.shape[1] - 1), np.arange(-1, rim.shape[0] - 1)
    axis.contour(*where, rim, [0.5], colors="white", linewidths=2.6, alpha=0.6)
    k = number % len(COLORS)
    axis.contour(*where, rim, [0.5], colors=[COLORS[k]], linestyles=[STYLES[k]], linewidths=1.6)


def line_keys(names: Iterable[str], *, numbers: Sequence[int] | None = None) -> list:
    """Return handles for a legend of outlines: each name with the color and line style of its number.

    Parameters
    ----------
    names : iterable of str
    numbers : sequence of int, optional
        As given to ``outline``; 0, 1, 2, ... if not given.

    Examples
    --------
    >>> [key.get_label() for key in line_keys(["A", "B"])]
    ['A', 'B']
    """
    from matplotlib.lines import Line2D

    found = []
    for k, name in enumerate(names):
        place = (numbers[k] if numbers else k) % len(COLORS)
        found.append(Line2D([], [], color=COLORS[place], linestyle=STYLES[place], linewidth=1.6, label=name))
    return found


def forest(claims, *, title: str = "Claims and their intervals"):
    """Return a forest plot: each claim's estimate with its 95 % interval and its bound."""
    from textwrap import fill

    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 1.1 + 0.75 * len(claims)), layout="constrained")
    axes = figure.subplots(len(claims), 1, squeeze=False)[:, 0]
    figure.suptitle(title, fontsize=11)
    for axis, claim in zip(axes, claims, strict=True):
        e = claim.estimate
        axis.plot([e.low, e.high], [0, 0], color=COLORS[0], linestyle="-", linewidth=3, solid_capstyle="butt")
        axis.plot(e.value, 0, marker="o", color="white", markeredgecolor=COLORS[0], markersize=7)
        for bound in (claim.above, claim.below):
            if bound is not None:
                axis.axvline(bound, color="black", linestyle=":", linewidth=1.2)
        edges = [v for v in (e.low, e.high, claim.above, claim.below) if v is not None and np.isfinite(v)]
        room = 0.15 * (max(edges) - min(edges)) or 0.1
        axis.set_xlim(min(edges) - room, max(edges) + room)
        axis.set(yticks=[0], ylim=(-1, 1))
        axis.set_yticklabels([f"{fill(claim.statement, 58)}\n[{claim.verdict}, bound: {claim.bound}]"], fontsize=8)
        axis.tick_params(axis="x", labelsize=8)
        axis.spines["left"].set_visible(False)
    axes[-1].set_xlabel("estimate with 95 % interval; dotted: the bound", fontsize=9)
    return figure


def cohort_html(cohort) -> str:
    """Return a contact sheet and a summary of a cohort as HTML."""
    table = cohort.patients
    facts = {
        "images": f"{len(cohort)} of {table['patient_id'].nunique()} patients, {tuple(cohort.images.shape[1:])}",
        "modality": f"{cohort.modality} ({cohort.intensity})",
        "spacing": " x ".join(f"{s:.3g}" for s in cohort.spacing) + " mm" if cohort.spacing else "not known",
        "source": cohort.source + ("; simulated, no real patient" if cohort.simulated else ""),
        "licence": cohort.licence,
    }
    if cohort.labels is not None and cohort.classes:
        counts = [int(cohort.target(name).sum()) for name in cohort.classes]
        facts["labels"] = ", ".join(f"{name} {n}" for name, n in zip(cohort.classes, counts, strict=True))
    if "site" in table:
        facts["sites"] = ", ".join(f"{k} {v}" for k, v in table["site"].value_counts().sort_index().items())
    if cohort.notes:
        facts["note"] = "; ".join(cohort.notes)
    rows = "".join(f"<tr><th style='text-align:left'>{k}</th><td>{html.escape(v)}</td></tr>" for k, v in facts.items())
    if not len(cohort):
        return f"<table>{rows}</table>"
    code = base64.b64encode(png(contact_sheet(cohort, rows=1))).decode()
    alt = html.escape(f"Contact sheet: first images of {cohort!r}")
    return f"<img alt='{alt}' src='data:image/png;base64,{code}'><table>{rows}</table>"


def _window(cohort) -> tuple[float, float]:
    sample = cohort.images[:: max(1, len(cohort) // 64)].flatten()
    low, high = np.quantile(sample[:: max(1, len(sample) // 100_000)].numpy(), [0.005, 0.995])
    return float(low), float(high) if high > low else float(low) + 1


def _title(cohort, i: int) -> str:
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
