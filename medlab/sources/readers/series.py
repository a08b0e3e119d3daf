"""Read DICOM series: the slices of a folder in their order, with what their positions and numbers say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit, common_shape, fitted, scaled
from medlab.sources.npz import check_memory
from medlab.sources.readers.dicom import dataset_of, header_of, is_dicom, private, read_dicom, what_it_is
from medlab.sources.readers.guard import Header, inside
from medlab.sources.readers.images import DICOM, SUFFIXES, ending
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.stack import OWN_FILES, counted, spacing_of, table_of
from medlab.sources.values import twins


def series_folders(files: Sequence[Path]) -> dict[Path, list[Path]]:
    """Return the slices of every folder that holds two or more which know their positions.

    Raises
    ------
    DataError
        If files beside the slices are called DICOM and are not: they may be slices that were cut short.
    """
    found: dict[Path, list[Path]] = {}
    broken: dict[Path, list[Path]] = {}
    for path in files:
        if ending(path) in SUFFIXES and ending(path) not in DICOM:
            continue
        if is_dicom(path):
            if not what_it_is(path):
                found.setdefault(path.parent, []).append(path)
        elif ending(path) in DICOM or path.suffix[1:].isdigit():
            broken.setdefault(path.parent, []).append(path)
    series = {folder: paths for folder, paths in found.items() if len(paths) > 1 and any(map(has_position, paths))}
    for folder in series:
        if bad := broken.get(folder):
            raise DataError(
                f"{', '.join(path.name for path in bad[:5])} in {folder} have no mark of DICOM: empty, cut short, or "
                "saved without a preamble",
                hint="copy or export the whole series again",
            )
    return series


def open_series(series: dict[Path, list[Path]], root: Path, ledger: Ledger, fit: Fit) -> Cohort:
    """Open one DICOM series, or a folder for each of several: one volume per folder, and no labels."""
    folders = sorted(series)
    used = [path for paths in series.values() for path in paths]
    notes = ledger.close(used)
    headers = [read_header(series[folder], root=root) for folder in folders]
    if len({(h.intensity, h.modality) for h in headers}) > 1:
        kinds = ", ".join(sorted({f"{h.modality} in {h.intensity}" for h in headers}))
        raise DataError(f"the series of {root} are of several kinds: {kinds}", hint="open them as several sources")
    shape = common_shape([h.shape[1:] for h in headers], folders, fit)
    check_memory(root, 4 * len(folders) * int(np.prod(shape, dtype=object)))
    volumes = [torch.from_numpy(read_series(series[folder], root=root)[0]) for folder in folders]
    images = torch.stack([fitted(volume, shape, fit) for volume in volumes])
    names = [h.patient for h in headers]
    table, more = table_of(
        folders, root, names, ["unknown patient"] if folders == [root] and not names[0] else None, {}
    )
    if len(folders) > 1:
        notes.append(f"each of {len(folders)} folders is a DICOM series and became one volume: no labels")
        more += twins((image.numpy() for image in images), list(table["patient_id"]), None)
    return Cohort(
        images,
        table,
        spacing=spacing_of([scaled(h.spacing, h.shape[1:], shape, fit) for h in headers], table),
        axes=headers[0].axes if len({h.axes for h in headers}) == 1 else "",
        modality=headers[0].modality,
        intensity=headers[0].intensity,
        source=f"{len(folders)} DICOM series of {len(used)} slices" if len(folders) > 1 else _name(used),
        licence=OWN_FILES,
        notes=(*notes, *counted(headers), *more),
    )


def _name(used: list[Path]) -> str:
    return f"a DICOM series of {len(used)} slices"


def has_position(path: Path) -> bool:
    """Say whether an image knows where in the patient it lies: only then can it be a slice of a series."""
    with private(path):
        return "ImagePositionPatient" in dataset_of(path, pixels=False)


def read_series(paths: Sequence[Path], *, root: Path) -> tuple[np.ndarray, Header]:
    """Return the volume (1, D, H, W) of the slices of one series, in the order of their positions, and its header.

    Parameters
    ----------
    paths : sequence of Path
        At least two DICOM files.
    root : Path
        The folder that they may not leave.

    Returns
    -------
    numpy.ndarray, Header
        Axes: along the normal of the slices, rows, columns. Spacing in mm: distance of the slices, rows, columns.

    Raises
    ------
    DataError
        If the files are of several series, differ in size, lie at one position, leave a gap, or are unevenly spaced.
    """
    slices, header = _ordered(paths, root)
    check_memory(root, 8 * int(np.prod(header.shape, dtype=object)))
    return np.concatenate([read_dicom(one["path"]) for one in slices])[None], header


def read_header(paths: Sequence[Path], *, root: Path) -> Header:
    """Return what the slices of one series say about their volume, without its pixels; see `read_series`."""
    return _ordered(paths, root)[1]


def _ordered(paths: Sequence[Path], root: Path) -> tuple[list[dict], Header]:
    slices = [_slice(inside(path, root)) for path in paths]
    series = Counter(one["series"] for one in slices)
    if len(series) > 1:
        counts = ", ".join(str(n) for _, n in series.most_common(8))
        raise DataError(
            f"{paths[0].parent} mixes {len(series)} series (SeriesInstanceUID) of {counts} files",
            hint="one folder per series",
        )
    first = slices[0]
    for one in slices[1:]:
        if one["header"] != first["header"] or not np.allclose(one["axes"], first["axes"], atol=1e-3):
            raise DataError(
                f"{one['path']} and {first['path']} differ in size, pixel spacing, direction, unit or patient",
                hint="keep the slices of one scan: a localizer belongs into a folder of its own",
            )
    head = first["header"]
    if head.shape[0] != 1:
        raise DataError(f"the slices of {paths[0].parent} are in color", hint="pass layout='images'")
    normal = np.cross(first["axes"][:3], first["axes"][3:])
    slices.sort(key=lambda one: float(one["position"] @ normal))
    step = _step(slices, np.array([one["position"] @ normal for one in slices]))
    notes = (*head.notes, *_sheared(slices, normal), *_numbers(slices))
    shape, spacing = (1, len(slices), *head.shape[1:]), (step, *head.spacing)
    axes = "".join(_runs_to(way) for way in (normal, first["axes"][3:], first["axes"][:3]))
    return slices, replace(head, shape=shape, spacing=spacing, notes=notes, axes=axes, affine=None)


def _runs_to(way: np.ndarray) -> str:
    """Return the letter of where a direction in DICOM's patient coordinates mostly goes: left, posterior, superior."""
    main = int(np.argmax(np.abs(way)))
    return ("LPS" if way[main] > 0 else "RAI")[main]


def _sheared(slices: list[dict], normal: np.ndarray) -> list[str]:
    """Return a note if the positions of the slices do not lie along their normal."""
    way = slices[-1]["position"] - slices[0]["position"]
    along = way @ normal
    drift = float(np.linalg.norm(way - along * normal))
    if drift < max(0.02 * along, 0.1 * min(slices[0]["header"].spacing or (1.0,))):
        return []
    angle = np.degrees(np.arctan2(drift, along))
    return [
        f"the slices drift by {drift:.3g} mm in their plane (tilt of {angle:.0f} degrees): the volume is sheared, and "
        "lengths across slices are wrong"
    ]


def _numbers(slices: list[dict]) -> list[str]:
    """Return a note if the numbers of the slices have holes, or the file says that there were more."""
    found = sorted({one["number"] for one in slices} - {None})
    notes = []
    if len(found) == len(slices) and (missing := found[-1] - found[0] + 1 - len(found)) > 0:
        uneven = len(set(np.diff(found))) > 1
        notes += [f"slice numbers run from {found[0]} to {found[-1]}: {missing} are not here"] if uneven else []
    if found and found[0] > 1 and found[0] < 10_000:
        notes.append(f"the first slice here is number {found[0]}: slices before it may be missing")
    if (most := max(one["count"] for one in slices)) > len(slices):
        notes.append(f"the files speak of {most} slices, {len(slices)} are here")
    return notes


def _slice(path: Path) -> dict:
    with private(path):
        dataset = dataset_of(path, pixels=False)
        return {
            "path": path,
            "series": str(dataset.SeriesInstanceUID),
            "axes": np.array([float(value) for value in dataset.ImageOrientationPatient]).reshape(6),
            "position": np.array([float(value) for value in dataset.ImagePositionPatient]).reshape(3),
            "header": header_of(path, dataset),
            "number": int(dataset.InstanceNumber) if dataset.get("InstanceNumber") is not None else None,
            "count": int(dataset.get("ImagesInAcquisition") or dataset.get("NumberOfSeriesRelatedInstances") or 0),
        }


def _step(slices: list[dict], depth: np.ndarray) -> float:
    """Return the distance of the slices in mm, the same between all neighbors."""
    gaps = np.diff(depth)
    step = float(np.median(gaps))
    names = [one["path"].name for one in slices]
    if not np.isfinite(gaps).all() or len(same := np.flatnonzero(gaps < 1e-3)):
        at = int(same[0]) if np.isfinite(gaps).all() else 0
        raise DataError(f"{names[at]} and {names[at + 1]} lie at one position", hint="keep one scan, without copies")
    # A distance that is a multiple of the others is a slice that is missing; any other is how the scan was made.
    if len(holes := np.flatnonzero(gaps > 1.5 * step)):
        told = ", ".join(f"{gaps[k]:.4g} mm between {names[k]} and {names[k + 1]}" for k in holes[:5])
        raise DataError(
            f"{len(holes)} gaps where slices are {step:.4g} mm apart: {told}", hint="copy the missing slices too"
        )
    if np.abs(gaps - step).max() > max(0.01 * step, 0.01):
        raise DataError(
            f"the slices are unevenly spaced, {gaps.min():.4g} to {gaps.max():.4g} mm apart",
            hint="resample the scan to even slices first (a NIfTI of it)",
        )
    return step
