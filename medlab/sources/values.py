"""What files say, in one form: numbers of any type, text in any spelling, labels, patients, and what is missing."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from medlab.errors import DataError

# What tables write where nothing is known. A label or a site may be such a word, a patient may not.
MISSING = {"", "na", "n/a", "#n/a", "nan", "none", "null", "nil", "nat", "<na>", "?", "-", "missing"}
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\ufeff\u2060\u00ad"))


def numbers(array: np.ndarray, what: str) -> np.ndarray:
    """Return an array as torch can take it: native byte order, at most 64 bits.

    Raises
    ------
    DataError
        If it holds text, complex numbers or Python objects, or numbers that 64 bits cannot hold.

    Examples
    --------
    >>> numbers(np.array([1, 2], dtype=">u2"), "labels").dtype
    dtype('uint16')
    """
    if array.dtype.kind not in "buif":
        kind = {"O": "Python objects", "c": "complex numbers"}.get(array.dtype.kind, str(array.dtype))
        raise DataError(f"{what} are {kind} of shape {array.shape}; wanted numbers", hint="save real numbers")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            narrow = array.astype(np.float64)
        if np.isinf(narrow).sum() > np.isinf(array).sum():
            raise DataError(f"{what} hold numbers beyond 1e308", hint="save them as float32, in another unit")
        return narrow
    return array


def text(value: object) -> str:
    """Return one spelling: NFC, without invisible signs and needless spaces; a whole number without ".0".

    Examples
    --------
    >>> text(" e\u0301tage  2 "), text(3.0)
    ('étage 2', '3')
    """
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        value = int(value)
    return " ".join(unicodedata.normalize("NFC", str(value)).translate(_INVISIBLE).split())


def is_missing(word: str) -> bool:
    """Say whether a word stands for nothing, such as "NA" or "nan"."""
    return word.casefold() in MISSING


def similar(words: Iterable[str]) -> list[list[str]]:
    """Return the groups of words that differ only in case, or in signs that look alike.

    Examples
    --------
    >>> similar(["Ill", "ill", "well"])
    [['Ill', 'ill']]
    """
    groups = defaultdict(list)
    for word in sorted(set(words)):
        groups[unicodedata.normalize("NFKC", word).casefold().replace("_", " ").strip()].append(word)
    return [group for group in groups.values() if len(group) > 1]


def alike(words: Iterable[str], what: str) -> list[str]:
    """Return a note if some of these words differ only in case."""
    groups = similar(words)
    shown = "; ".join(" and ".join(map(repr, group)) for group in groups[:3])
    return [f"{what} that differ only in case are kept apart: {shown}"] if groups else []


def classes_of(values: Sequence, given: Sequence = (), *, where: str) -> tuple[Tensor, tuple[str, ...], list[str]]:
    """Return class numbers (N,) int64, the names of the classes, and notes.

    Parameters
    ----------
    values : sequence
        The label of every image, as text.
    given : sequence, optional
        Names of the classes in their order; without it words are sorted, and numbers by size.
    where : str
        The file, for messages.

    Raises
    ------
    DataError
        If a label is empty or none of the given names, or if two labels differ only in case.

    Examples
    --------
    >>> classes_of(["ill", "healthy"], where="a.csv")[:2]
    (tensor([1, 0]), ('healthy', 'ill'))
    """
    raw = [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value) for value in values]
    words, names, notes = [text(value) for value in values], tuple(text(name) for name in given), []
    if "" in words:
        raise DataError(f"image {words.index('')} of {where} has no label", hint="give every image a label")
    if all(_is_number(word) for word in words):
        words = [text(float(word)) for word in words]
    if len(set(words)) < len(set(raw)):
        notes.append(f"spellings of one label were joined: {', '.join(map(repr, sorted(set(raw) - set(words))[:6]))}")
    names = names or _in_order(set(words))
    _check_names(names, set(words), where)
    if given and not set(words) <= set(names) and all(word.isdigit() and int(word) < len(names) for word in words):
        return torch.tensor([int(word) for word in words]), names, notes
    if strange := sorted(set(words) - set(names)):
        raise DataError(
            f"{where} has the label {strange[0]!r}, which is none of its classes {', '.join(names[:8])}",
            hint="spell labels and classes alike",
        )
    if odd := [name for name in names if is_missing(name) and name in words]:
        notes.append(f"{words.count(odd[0])} images have the label {odd[0]!r}: it is a class here, not a missing label")
    number = {name: k for k, name in enumerate(names)}
    return torch.tensor([number[word] for word in words]), names, notes


def _in_order(words: set[str]) -> tuple[str, ...]:
    if all(_is_number(word) for word in words):
        if words <= {str(k) for k in range(256)} and len(words) == max(map(int, words)) + 1:
            return tuple(str(k) for k in range(len(words)))
        return tuple(sorted(words, key=float))
    return tuple(sorted(words))


def _check_names(names: tuple[str, ...], words: set[str], where: str) -> None:
    if len(set(names)) < len(names):
        raise DataError(f"the classes of {where} have one name twice: {', '.join(names[:12])}", hint="one name a class")
    if groups := similar(set(names) | words):
        shown = " and ".join(map(repr, groups[0]))
        raise DataError(f"the labels {shown} of {where} differ only in case", hint="write one of them everywhere")


def _is_number(word: str) -> bool:
    try:
        return np.isfinite(float(word)) and word.isascii() and "_" not in word
    except ValueError:
        return False


def finding_of(names: tuple[str, ...]) -> list[str]:
    """Return a note for two classes of which nobody said which one is looked for."""
    if len(names) != 2 or names == ("0", "1"):
        return []
    return [f"nobody said which class is the finding: target() takes {names[1]!r}, target({names[0]!r}) the other"]


def patients_of(values: Iterable, *, where: str) -> tuple[list[str], list[str]]:
    """Return the patient of every image in one spelling, and notes.

    Raises
    ------
    DataError
        If one is missing: images without a patient, taken for one person, would be a leak between the parts of a split.

    Examples
    --------
    >>> patients_of([7.0, " 7", "e\u0301"], where="a.csv")[0]
    ['7', '7', 'é']
    """
    names = [text(value) for value in values]
    if all(_is_number(name) for name in names) and len({float(name) for name in names}) < len(set(names)):
        shown = ", ".join(sorted(set(names), key=lambda name: (float(name), name))[:6])
        raise DataError(f"patients of {where} are one number in several forms: {shown}", hint="write ids in one form")
    if bad := [row for row, name in enumerate(names) if is_missing(name)]:
        raise DataError(
            f"image {bad[0]} of {where} has no patient (it says {names[bad[0]]!r}; {len(bad)} images)",
            hint="give every image the patient it shows; if nobody knows, an id of its own for each image",
        )
    return names, alike(names, f"patients of {where}")


def twins(rows: Iterable[np.ndarray], patients: Sequence[str], labels: Tensor | None, split=None) -> list[str]:
    """Return a note on pictures that are there more than once, and under which names.

    Examples
    --------
    >>> twins(np.zeros((2, 4, 4)), ["a", "b"], None)[0]
    '2 pictures are there more than once, under other patients too, such as a and b: they can stand on both ...'
    """
    codes: list[int] = []
    for pixels in rows if not isinstance(rows, np.ndarray) else np.array_split(rows, 1 + rows.nbytes // 10**8):
        # The rows of an array as bytes, all in one call: a loop would take longer than to unpack them.
        flat = np.ascontiguousarray(pixels).reshape(len(pixels) if isinstance(rows, np.ndarray) else 1, -1)
        codes += map(hash, flat.view(f"V{flat.shape[1] * flat.itemsize}")[:, 0].tolist())
    twice = {code for code, n in Counter(codes).items() if n > 1}
    if not twice:
        return []
    groups = defaultdict(list)
    for row, code in enumerate(codes):
        if code in twice:
            groups[code].append(row)
    same = list(groups.values())
    told, count = "", sum(len(group) for group in same)
    apart = [group for group in same if len({patients[row] for row in group}) > 1]
    if apart:
        told += f", under other patients too, such as {patients[apart[0][0]]} and "
        told += next(patients[row] for row in apart[0] if patients[row] != patients[apart[0][0]])
        told += ": they can stand on both sides of a split"
    if labels is not None and (wrong := sum(bool((labels[group] != labels[group[0]]).any()) for group in same)):
        told += f"; {wrong} of them have several labels"
    if split is not None and (across := sum(len({split[row] for row in group}) > 1 for group in same)):
        told += f"; {across} of them stand in several parts of the official split"
    return [f"{count} pictures are there more than once{told}"]
