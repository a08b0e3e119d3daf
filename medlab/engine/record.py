"""The record of a run, as a lesson left it: read, and checked before anything is computed or shown from it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

from medlab.lesson import HOLDS, OPEN, REFUTED, UNJUDGED

VERDICTS = (HOLDS, OPEN, REFUTED, UNJUDGED)
_LARGEST = 50_000_000  # bytes
# Codes of color, other control characters, halves of characters, and what turns the direction of writing around.
_UNPRINTABLE = re.compile(
    r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)


def read_record(path: Path) -> tuple[dict, str]:
    """Read the record of a run.

    Parameters
    ----------
    path : Path

    Returns
    -------
    record : dict
        Empty if there is none, or if it is not what a lesson writes.
    complaint : str
        Why it is not, or "".
    """
    try:
        if path.stat().st_size > _LARGEST:
            return {}, f"the record has more than {_LARGEST / 1e6:.0f} MB"
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError, RecursionError) as error:
        return {}, f"the record cannot be read ({type(error).__name__}: {error})"
    complaint = wrong_in(told)
    return ({}, complaint) if complaint else (_printable(told), "")


def wrong_in(record: object) -> str:
    """Return the first thing in a record that is not what a lesson writes, or "".

    Parameters
    ----------
    record : object
        As JSON gave it.

    Examples
    --------
    >>> wrong_in({"claims": [], "cpu_s": float("nan")})
    "the record's cpu_s is nan; wanted a finite number from 0"
    """
    if not isinstance(record, dict):
        return f"the record is {_shown(record)}; wanted a dictionary"
    for name, (good, wanted) in _FORM.items():
        if name in record and not good(record[name]):
            return f"the record's {name} is {_shown(record[name])}; wanted {wanted}"
    judged = record.get("preset") != "smoke"
    for k, claim in enumerate(record.get("claims", []), 1):
        if said := _wrong_in_claim(claim, judged):
            return f"the record's claim {k}: {said}"
    return ""


def _wrong_in_claim(claim: object, judged: bool) -> str:
    if not isinstance(claim, dict) or not isinstance(claim.get("statement"), str):
        return "it has no statement"
    if claim.get("verdict") not in VERDICTS:
        return f"its verdict is {_shown(claim.get('verdict'))}; wanted one of: {', '.join(VERDICTS)}"
    estimate = claim.get("estimate")
    if not isinstance(estimate, dict):
        return f"its estimate is {_shown(estimate)}; wanted value, low and high"
    for name in ("value", "low", "high"):
        number = estimate.get(name)
        # At smoke, sizes are too small for some numbers to exist; an interval may always be without an end.
        if not _is_number(number) or number is None or (judged and math.isnan(float(number))):
            return f"the {name} of its estimate is {_shown(number)}; wanted a number"
    for name in ("above", "below"):
        if claim.get(name) is not None and not (_is_number(claim[name]) and math.isfinite(claim[name])):
            return f"its bound {name} is {_shown(claim[name])}; wanted a finite number"
    return ""


def printable(text: str) -> str:
    """Return text without what would steer a terminal or cannot be written to a file.

    Examples
    --------
    >>> printable("red \\x1b[31m, half \\ud800")
    'red ?, half ?'
    """
    return _UNPRINTABLE.sub("?", text)


def _printable(value):
    if isinstance(value, dict):
        return {printable(name): _printable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_printable(each) for each in value]
    return printable(value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_number(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    return isinstance(value, float) or abs(value) < 1e300  # larger whole numbers do not become a float


def _is_amount(value: object) -> bool:
    return isinstance(value, (int, float)) and _is_number(value) and math.isfinite(value) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


_TEXT, _AMOUNT, _NAMES = (_is_text, "text"), (_is_amount, "a finite number from 0"), (_names, "a list of texts")
_FORM: dict[str, tuple[Callable[[object], bool], str]] = {
    "claims": (lambda value: isinstance(value, list), "a list"),
    "data": (lambda value: isinstance(value, dict), "a dictionary"),
    "versions": (_texts, "a dictionary of texts"),
    "device": _TEXT, "platform": _TEXT, "preset": _TEXT, "sabotage": _TEXT,
    "cpu_s": _AMOUNT, "process_cpu_s": _AMOUNT, "wall_s": _AMOUNT, "peak_mb": _AMOUNT, "undone_steps": _AMOUNT,
    "modules": _NAMES, "packages": _NAMES,
}  # fmt: skip
