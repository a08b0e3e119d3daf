"""The form of a lesson's metadata: which keys there are, and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from medlab.errors import MedlabError

ABOUT = ("networks", "data")  # what a claim can be about
_MOST = 1e9
# Names of devices on Windows: a file of such a name cannot be made there, whatever its ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", flags=re.I)
_HINT = "see CONTRIBUTING.md, 'Add a lesson'"


def checked(told: object, path: Path) -> dict:
    """Return ``metadata.medlab`` of a notebook, lists as tuples.

    Parameters
    ----------
    told : object
        As JSON gave it.
    path : Path
        Of the notebook, to be named in errors.

    Raises
    ------
    MedlabError
        If it is no dictionary, a key is missing or unknown, or a value is not of the form that it must have.

    Examples
    --------
    >>> checked({"id": "../x"}, Path("x.ipynb"))
    Traceback (most recent call last):
    ...
    data_fetch.errors.MedlabError: x.ipynb: metadata.medlab lacks title, question, part, objectives, minutes, needs, \
data, budget, sabotages, has unknown nothing
      -> see CONTRIBUTING.md, 'Add a lesson'
    """
    if not isinstance(told, dict):
        raise MedlabError(f"{path}: metadata.medlab is {_shown(told)}; wanted a dictionary", hint=_HINT)
    missing = [key for key in _FORM if key not in told and key not in _OPTIONAL]
    extra = sorted(set(told) - set(_FORM))
    if missing or extra:
        lacks, unknown = ", ".join(missing) or "nothing", _shown(", ".join(extra)) if extra else "nothing"
        raise MedlabError(f"{path}: metadata.medlab lacks {lacks}, has unknown {unknown}", hint=_HINT)
    for key, value in told.items():
        good, wanted = _FORM[key]
        if not good(value):
            raise MedlabError(f"{path}: metadata.medlab.{key} is {_shown(value)}; wanted {wanted}", hint=_HINT)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}


def is_name(value: object) -> bool:
    """Return whether a value can be a part of a file's name on every system: letters, digits, ``_`` and ``-``.

    Examples
    --------
    >>> is_name("41_classification"), is_name("../41"), is_name("nul")
    (True, False, False)
    """
    return (
        isinstance(value, str)
        and bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}", value))
        and not _DEVICES.fullmatch(value)
    )


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _MOST


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1000


def _list_of(good: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(good, value))


def _numbers(*names: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, dict) and set(value) == set(names) and all(map(_is_number, value.values()))


def _is_data(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) <= {"default", "alternatives", "needs"}
        and _is_text(value.get("default"))
        and _list_of(_is_text)(value.get("alternatives"))
        and _is_needs(value.get("needs", {}))
    )


def _is_needs(value: object) -> bool:
    """Return whether a value says what a lesson needs of data; the keys are explained in CONTRIBUTING.md."""
    if not isinstance(value, dict) or ("only" in value) != ("why" in value):
        return False
    return all(key in _NEEDS and _NEEDS[key](each) for key, each in value.items())


def _is_share(value: object) -> bool:
    return _is_number(value) and float(str(value)) <= 1


def _is_square(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"smoke", "cpu", "gpu"} and all(map(_is_count, value.values()))


LABELS = {
    "finding": "labels in which one class is the finding",
    "classes": "a class for each image",
    "findings": "several findings an image, or grades 0, 1, 2, ... of one",
}
ANNOTATIONS = ("masks", "boxes", "landmarks")
_NEEDS: dict[str, Callable[[object], bool]] = {
    "only": _list_of(_is_text),  # the sources that it runs on, where one's own images cannot replace them
    "why": _is_text,  # with "only": what of these sources it uses
    "dims": _list_of(lambda value: value in (2, 3)),  # numbers of spatial axes that it takes
    "channels": _list_of(_is_count),  # numbers of channels that it takes
    "labels": lambda value: isinstance(value, str) and value in LABELS,
    "annotations": _list_of(lambda value: value in ANNOTATIONS),  # at least one of these
    "min_images": _is_count,
    "min_each": _is_count,  # images of each class; with labels "finding": with and without it
    "min_size": _is_count,  # pixels along each of the last two axes
    "square": _is_square,  # preset: pixels to which one's own images are resampled along both axes
    "sites": _is_count,  # different sites in the table
    "per_patient": _is_count,  # images of each patient, on average; a volume counts as many
    "common": _is_share,  # share of images in which the most frequent structure must be outlined
}


def _is_sabotages(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(name) and _list_of(_is_count)(v) for name, v in value.items())


def _is_claim(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"about"} and value["about"] in ABOUT


_OPTIONAL = ("claims",)
_FORM: dict[str, tuple[Callable[[object], bool], str]] = {
    "id": (is_name, "1 to 80 letters of English, digits, _ and -, such as 41_classification, and no device of Windows"),
    "title": (_is_text, "text"),
    "question": (_is_text, "text"),
    "part": (_is_text, "text"),
    "objectives": (_list_of(_is_text), "a list of texts"),
    "minutes": (_numbers("teach", "exercise"), '{"teach": minutes, "exercise": minutes}, from 0'),
    "needs": (_list_of(is_name), "a list of ids of lessons"),
    "data": (_is_data, '{"default": source, "alternatives": [sources]}, and "needs" as in CONTRIBUTING.md'),
    "budget": (_numbers("cpu_s", "ram_mb"), '{"cpu_s": seconds, "ram_mb": megabytes}, from 0'),
    "sabotages": (_is_sabotages, "a dictionary of names with lists of numbers of claims, from 1"),
    "claims": (_list_of(_is_claim), 'one entry for each claim: {"about": "networks"} or {"about": "data"}'),
}
