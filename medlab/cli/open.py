"""``medlab open``: what a source holds, at a glance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from medlab.cohort import Cohort


def open_(
    source: Annotated[str, typer.Argument(help="A folder, a file, or the name of a source.")],
    fit: Annotated[str, typer.Option(help="pad, crop or resample images of different sizes.")] = "",
    size: Annotated[int, typer.Option(help="Pixels along each axis, with --fit; else along the longest.")] = 0,
    layout: Annotated[str, typer.Option(help="What folders are: classes, patients, series, masks or images.")] = "",
    skip: Annotated[list[str] | None, typer.Option(help="Files to leave out, such as '*_overview.png'.")] = None,
    channels: Annotated[str, typer.Option(help="Axis of the channels in an npz file: first, last or none.")] = "",
) -> None:
    """Open a source and print what was found: images, patients, classes, spacing, values, and what was left out."""
    from medlab.sources import open as open_source

    cohort = open_source(
        source, fit=fit or None, size=size or None, layout=layout or None, skip=skip or None, channels=channels or None
    )
    table = Table("what", "found", show_header=False)
    for what, found in summary(cohort):
        table.add_row(what, escape(found))
    Console().print(table)


def summary(cohort: Cohort) -> list[tuple[str, str]]:
    """Return what a person checks before trusting a cohort: one line per fact, and one per note.

    Examples
    --------
    >>> import medlab
    >>> dict(summary(medlab.open("ct_dicom")))["images"]
    '1 of 128 x 128, 1 channel'
    """
    from medlab.cohort import SPLITS

    channels = cohort.images.shape[1]
    size = " x ".join(map(str, cohort.images.shape[2:]))
    per_patient = cohort.patients["patient_id"].value_counts()
    lines = [
        ("source", f"{cohort.source}; {cohort.licence}"),
        ("images", f"{len(cohort)} of {size}, {channels} channel{'s' * (channels > 1)}"),
        ("patients", f"{len(per_patient)}, with {per_patient.min()} to {per_patient.max()} images each"),
        ("modality", cohort.modality),
        ("values", f"{cohort.images.min():.4g} to {cohort.images.max():.4g}, {cohort.intensity}"),
        ("spacing", _spacing(cohort)),
    ]
    if cohort.labels is not None:
        lines.append(("classes", _classes(cohort)))
    if cohort.masks is not None:
        drawn = cohort.masks.flatten(2).any(dim=2).sum(dim=0).tolist()
        names = cohort.structures or tuple(f"structure {k + 1}" for k in range(len(drawn)))
        lines.append(("masks", ", ".join(f"{name}: in {n} images" for name, n in zip(names, drawn, strict=True))))
    if cohort.boxes is not None:
        lines.append(("boxes", f"{sum(map(len, cohort.boxes))} in {sum(len(b) > 0 for b in cohort.boxes)} images"))
    if "split" in cohort.patients:
        counts = cohort.patients["split"].value_counts()
        lines.append(("split", ", ".join(f"{part} {counts.get(part, 0)}" for part in SPLITS)))
    more = [str(name) for name in cohort.patients.columns if name not in ("patient_id", "split")]
    lines += [("columns", ", ".join(more))] if more else []
    return lines + [("note", note) for note in cohort.notes]


def _spacing(cohort: Cohort) -> str:
    if "spacing_0" in cohort.patients:
        columns = [cohort.patients[f"spacing_{axis}"] for axis in range(cohort.dims)]
        return "differs: " + " x ".join(f"{column.min():.4g} to {column.max():.4g}" for column in columns) + " mm"
    known = bool(cohort.spacing) and all(map(math.isfinite, cohort.spacing))
    return " x ".join(f"{mm:.4g}" for mm in cohort.spacing) + " mm" if known else "not known"


def _classes(cohort: Cohort) -> str:
    assert cohort.labels is not None
    if cohort.labels.ndim == 2:
        counts = cohort.labels.sum(dim=0).int().tolist()
    else:
        counts = cohort.labels.long().bincount(minlength=len(cohort.classes)).tolist()
    names = cohort.classes or tuple(str(k) for k in range(len(counts)))
    return ", ".join(f"{name}: {n}" for name, n in zip(names, counts, strict=True))
