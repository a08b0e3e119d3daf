"""Open data for a lesson: fall back where they cannot be had, check that they fit, keep them to a fair size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from data_fetch.cards import all_cards
from data_fetch.network import fetch_briefly
from medlab.cohort import Cohort
from medlab.errors import MedlabError, SourceUnavailable, unknown
from medlab.lesson import Lesson, notebooks_folder
from medlab.sources.asked import absolute, is_path, parsed
from medlab.sources.needs import Facts, check
from medlab.sources.open_source import open
from medlab.sources.resample import resize

# Pixels along the longest axis of one's own images, by number of axes: more keep a lesson busy far beyond its budget.
MOST = {"smoke": {2: 64, 3: 48}, "cpu": {2: 128, 3: 64}, "gpu": {2: 512, 3: 160}}


def available(asked: str, lesson: Lesson) -> tuple[str, str, str]:
    """Return the source to use and, if it is not the asked one, why, and what to do about it.

    Raises
    ------
    MedlabError
        If there is no such file, an option is wrong, or a data set is damaged.
    SourceUnavailable
        If it cannot be had, and the lesson names no simulated data.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> available("hospital:chest_xray", find("41"))
    ('hospital:chest_xray', '', '')
    """
    name, _ = parsed(asked)
    if is_path(name):
        return absolute(asked, Path.cwd(), notebooks_folder().parent), "", ""
    cards = all_cards()
    if name not in cards and name.rpartition("_")[0] not in cards:
        return asked, "", ""
    try:
        fetch_briefly(name)
    except SourceUnavailable as error:
        simulated = [n for n in (*lesson.data["alternatives"], lesson.data["default"]) if n.startswith("hospital:")]
        if not simulated:
            raise
        return simulated[0], error.message, error.hint
    return asked, "", ""


def opened(lesson: Lesson, source: str, *, preset: str, given: dict) -> Cohort:
    """Open a source with the options of the lesson and those behind its question mark, and check that it fits.

    Parameters
    ----------
    lesson : Lesson
    source : str
        As `available` returns it.
    preset : str
    given : dict
        What the lesson asks of `medlab.open`; what stands behind the question mark comes first.

    Raises
    ------
    DataError
        In one sentence, if the lesson cannot use these data.
    """
    name, wanted = parsed(source)
    positive, own = wanted.pop("positive", ""), is_path(name)
    options, size = given | wanted, None
    if "fit" not in wanted and ("size" in wanted or (own and "fit" not in given)):
        # Without fit, size is that of the longest axis, also where files of several sizes are padded to one.
        size = options.pop("size", None) if "fit" not in given else wanted["size"]
        options |= {"size": given["size"]} if "fit" in given and "size" in given else {}
    cohort = open(name, **({"fit": "pad"} if own else {}) | options)
    cohort = resize(cohort, size) if size else cohort
    cohort = with_finding(cohort, positive) if positive else cohort
    if own or positive or name not in (lesson.data["default"], *lesson.data["alternatives"]):
        facts = facts_of(cohort)
        check(lesson, facts)
        cohort = _for_labels(cohort, lesson, facts)
    if not own or size or "size" in options:
        return cohort
    if cohort.dims == 2 and (square := lesson.data.get("needs", {}).get("square")):
        return resize(cohort, (square[preset],) * 2)
    return _kept_small(cohort, MOST[preset][cohort.dims])


def with_finding(cohort: Cohort, positive: str) -> Cohort:
    """Return the cohort with the class that counts as the finding; of several, joined by "+", one is made.

    Examples
    --------
    >>> import pandas as pd
    >>> ids = pd.DataFrame({"patient_id": ["a", "b", "c"]})
    >>> graded = Cohort(torch.zeros(3, 1, 8, 8), ids, labels=torch.tensor([0, 1, 2]), classes=("0", "1", "2"))
    >>> with_finding(graded, "1+2").target().tolist()
    [0.0, 1.0, 1.0]
    """
    names = [positive] if positive in cohort.classes else positive.split("+")
    if cohort.labels is None:
        raise MedlabError(f"positive={positive}: {cohort.source} has no labels", "open data with labels")
    for name in names:
        if name not in cohort.classes:
            raise unknown("class", name, cohort.classes)
    if len(names) == 1:
        return replace(cohort, positive=names[0])
    found = torch.stack([cohort.target(name) for name in names]).amax(0).long()
    return replace(cohort, labels=found, classes=(f"not {positive}", positive), positive=positive)


def facts_of(cohort: Cohort) -> Facts:
    """Return what a lesson may ask of a cohort.

    Examples
    --------
    >>> facts_of(open("ct_dicom")).line()
    '1 gray image 128x128, no labels'
    """
    counts = {name: int(cohort.target(name).sum()) for name in cohort.classes} if cohort.labels is not None else {}
    return Facts(
        len(cohort), dims=cohort.dims, channels=cohort.images.shape[1], shape=tuple(cohort.images.shape[2:]),
        counts=counts, several=cohort.labels is not None and cohort.labels.ndim == 2, positive=cohort.positive,
        annotations=frozenset(n for n in ("masks", "boxes", "landmarks") if getattr(cohort, n) is not None),
        sites=cohort.patients["site"].nunique() if "site" in cohort.patients else 0,
        per_patient=len(cohort) / max(1, cohort.patients["patient_id"].nunique()), common=_common(cohort),
    )  # fmt: skip


def _common(cohort: Cohort) -> float | None:
    if cohort.masks is None or not cohort.masks.shape[1]:
        return None
    return float((cohort.masks > 0).flatten(2).any(2).float().mean(0).max())


def _for_labels(cohort: Cohort, lesson: Lesson, facts: Facts) -> Cohort:
    """Return the cohort with labels in the form that the lesson reads, and a note that says so."""
    wanted = lesson.data.get("needs", {}).get("labels")
    if wanted == "finding":
        note = (
            f"'{facts.finding}' counts as the finding; another class: add ?positive=NAME to data, or -p positive=NAME"
        )
        return replace(cohort, positive=facts.finding, notes=(*cohort.notes, note))
    if wanted == "findings" and not facts.several and cohort.labels is not None:
        # The ordered questions "is it at least k?": an image of grade 3 answers three of them with yes.
        grades = range(1, len(cohort.classes))
        columns = torch.stack([(cohort.labels >= k).float() for k in grades], dim=1)
        note = f"labels 0 to {len(grades)} are read as grades: the finding 'at least k' is there from grade k on"
        named = tuple(f"at least {k}" for k in grades)
        return replace(cohort, labels=columns, classes=named, positive="", notes=(*cohort.notes, note))
    return cohort


def _kept_small(cohort: Cohort, most: int) -> Cohort:
    shape = tuple(cohort.images.shape[2:])
    if max(shape) <= most:
        return cohort
    small = resize(cohort, most)
    sizes = " to ".join("x".join(map(str, each)) for each in (shape, small.images.shape[2:]))
    note = f"reduced from {sizes} pixels so that the lesson takes minutes; another size: -p size=NUMBER"
    return replace(small, notes=(*small.notes, note))
