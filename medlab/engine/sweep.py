"""A sweep as one tidy table, one row for each run and claim, and as a figure with intervals."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

from medlab.engine.run import Run
from medlab.files import write_whole
from medlab.lesson import HOLDS, OPEN, REFUTED, UNJUDGED

_INK = ("#1768ac", "#d1495b", "#2e933c", "#8d5a97")


def table(runs: Sequence[Run], points: Sequence[dict]):
    """Return a pandas DataFrame with one row for each run and claim; a run without claims has one row, too.

    Parameters
    ----------
    runs : sequence of Run
    points : sequence of dict
        What was varied in each.
    """
    import pandas as pd

    rows = []
    for run, point in zip(runs, points, strict=True):
        own = {"lesson": run.lesson.id, **{name: run.parameters.get(name, value) for name, value in point.items()}}
        cost = {"status": run.status, "seconds": round(run.seconds, 2)}
        cost |= {"cpu_s": run.cpu_s, "ref_s": run.ref_s, "peak_mb": run.peak_mb}
        for k, claim in enumerate(run.record.get("claims", []) or [{}], 1):
            e = claim.get("estimate", {})
            rows.append(
                own
                | {"claim": k if claim else None, "statement": claim.get("statement"), "verdict": claim.get("verdict")}
                | {name: e.get(name) for name in ("value", "low", "high")}
                | {"above": claim.get("above"), "below": claim.get("below"), **cost}
            )
    return pd.DataFrame(rows)


def save(runs: Sequence[Run], points: Sequence[dict], folder: Path, *, name: str) -> tuple[list[Path], str]:
    """Write the table as CSV, and as Parquet where pyarrow is installed, and the figure as PNG and SVG.

    Returns
    -------
    list of Path, str
        What was written, and what was not and why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found, note = table(runs, points), ""
    written = [folder / f"{name}.csv"]
    write_whole(written[0], found.to_csv(index=False))
    if importlib.util.find_spec("pyarrow"):
        written.append(folder / f"{name}.parquet")
        found.to_parquet(written[-1], index=False)
    else:
        note = "No Parquet file: that needs pyarrow (pip install pyarrow)."
    if found["value"].notna().any():
        drawn = figure(found, list(points[0]), title=name)
        for kind in ("png", "svg"):
            written.append(folder / f"{name}.{kind}")
            drawn.savefig(written[-1], dpi=120)
    return written, note


def figure(found, axes: list[str], *, title: str):
    """Return a matplotlib Figure: for each claim, its estimate with interval at each point, its bounds dotted."""
    from textwrap import fill

    from matplotlib.figure import Figure

    found = found[found["value"].notna()]
    varied = [name for name in axes if found[name].nunique() > 1] or axes[:1]
    labels = found[varied].astype(str).agg(", ".join, axis=1)
    places = {text: k for k, text in enumerate(dict.fromkeys(labels))}
    claims = list(dict.fromkeys(zip(found["lesson"], found["claim"], found["statement"], strict=True)))
    drawn = Figure(figsize=(max(6.0, 2 + 0.35 * len(places)), 1 + 2.3 * len(claims)), layout="constrained")
    for axis, (lesson, claim, statement) in zip(
        drawn.subplots(len(claims), 1, squeeze=False)[:, 0], claims, strict=True
    ):
        own = found[(found["lesson"] == lesson) & (found["claim"] == claim)]
        x, value = [places[text] for text in labels[own.index]], own["value"].to_numpy()
        for k, verdict in enumerate((HOLDS, OPEN, REFUTED, UNJUDGED)):
            at = [i for i, told in enumerate(own["verdict"]) if told == verdict]
            if at:
                spread = [value[at] - own["low"].to_numpy()[at], own["high"].to_numpy()[at] - value[at]]
                axis.errorbar([x[i] for i in at], value[at], yerr=abs(_finite(spread)), fmt="os^D"[k], color=_INK[k],
                              capsize=3, label=verdict)  # fmt: skip
        for bound in {*own["above"].dropna(), *own["below"].dropna()}:
            axis.axhline(bound, color="black", linestyle=":", linewidth=1)
        axis.set_xticks(range(len(places)), places, rotation=0 if len(places) < 12 else 90, fontsize=8)
        axis.set_title(fill(statement, 80), fontsize=9)
        axis.set_ylabel("estimate, 95 % CI", fontsize=8)
        axis.legend(fontsize=7, frameon=False)
    drawn.supxlabel(", ".join(varied), fontsize=9)
    drawn.suptitle(title, fontsize=10)
    return drawn


def _finite(spread):
    import numpy as np

    return np.nan_to_num(np.array(spread, dtype=float), posinf=0, neginf=0)
