"""Compare a result with the wanted one by value, and put arguments and results into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

_SHOWN = 16  # numbers of an array that are written out
_PRECISION = {"float32": 1e-4, "complex64": 1e-4, "float16": 1e-2, "bfloat16": 2e-2}  # relative, after a few sums


def plain(value: Any) -> Any:
    """Return tensors, series and numpy scalars as numpy arrays, ranges as lists, and all else as it is."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if str(value.dtype) == "torch.bfloat16" else value.resolve_conj()
        return value.numpy()
    if isinstance(value, (list, tuple, range)):
        return tuple(map(plain, value)) if isinstance(value, tuple) else list(map(plain, value))
    return np.asarray(value) if hasattr(value, "__array__") else value


def precision(*values: Any) -> float:
    """Return the relative tolerance that the number formats in some values call for: 0 for float64."""
    found = 0.0
    for value in values:
        if isinstance(value, (list, tuple)):
            found = max(found, precision(*value))
        name = str(getattr(value, "dtype", "")).removeprefix("torch.")
        found = max(found, _PRECISION.get(name, 0.0))
    return found


def difference(got: Any, wanted: Any, *, rtol: float = 1e-6, atol: float = 1e-8) -> str:
    """Return how a result differs from the wanted one, in words; nothing if it does not.

    Numbers, arrays, tensors, and tuples, lists and dictionaries of them are compared by value, with tolerance.
    One number may come as an array of one, an array as a list, and nan equals nan.

    Examples
    --------
    >>> difference([1.0, 2.0], np.array([1.0, 2.0]))
    ''
    >>> difference(np.zeros((2, 3)), np.zeros((3, 2)))
    'got shape (2, 3), wanted shape (3, 2)'
    """
    single = precision(got, wanted)
    rtol, atol = max(rtol, single), max(atol, single / 100)
    got, wanted = plain(got), plain(wanted)
    if isinstance(wanted, Mapping):
        return _mapping_difference(got, wanted, rtol=rtol, atol=atol)
    if isinstance(wanted, (list, tuple)) and not _is_numeric(wanted):
        return _sequence_difference(got, wanted, rtol=rtol, atol=atol)
    try:
        one, other = np.asarray(got), np.asarray(wanted)
    except (ValueError, TypeError):
        return f"got a {type(got).__name__} of uneven parts, wanted {_kind(wanted)}"
    if one.dtype == object or other.dtype == object:
        return "" if got is wanted or (type(got) is type(wanted) and np.all(got == wanted)) else _both(got, wanted)
    if (one.dtype.kind in "USM") != (other.dtype.kind in "USM"):
        return _both(got, wanted)
    whole = isinstance(wanted, np.ndarray) and wanted.ndim and wanted.size and wanted.dtype.kind in "iu"
    if whole and one.shape == other.shape and one.dtype.kind in "fc":
        return f"got an array of {one.dtype}, wanted whole numbers (int)"
    return _array_difference(one, other, rtol=rtol, atol=atol)


def _array_difference(one: np.ndarray, other: np.ndarray, *, rtol: float, atol: float) -> str:
    if other.ndim == 0 and one.size == 1:
        one = one.reshape(())
    if one.shape != other.shape:
        return f"got {_kind(one)}, wanted {_kind(other)}"
    numbers = one.dtype.kind not in "USM"
    same = np.isclose(one, other, rtol=rtol, atol=atol, equal_nan=True) if numbers else one == other
    if np.all(same):
        return ""
    if other.size <= _SHOWN:
        return _both(one, other)
    place = tuple(int(k) for k in np.argwhere(~same)[0])
    return f"{_both(one[place], other[place])} at {list(place)}, and {np.mean(~same):.0%} of all values are wrong"


def _mapping_difference(got: Any, wanted: Mapping, *, rtol: float, atol: float) -> str:
    if not isinstance(got, Mapping) or set(got) != set(wanted):
        return f"got {said(got)}, wanted a dictionary with {', '.join(map(repr, wanted))}"
    parts = {key: difference(got[key], wanted[key], rtol=rtol, atol=atol) for key in wanted}
    return next((f"{part} for {key!r}" for key, part in parts.items() if part), "")


def _sequence_difference(got: Any, wanted: list | tuple, *, rtol: float, atol: float) -> str:
    got = list(got) if isinstance(got, np.ndarray) and got.ndim else got
    if not isinstance(got, (list, tuple)):
        return f"got {said(got)} ({type(got).__name__}), wanted {len(wanted)} values"
    if len(got) != len(wanted):
        return f"got {len(got)} values, wanted {len(wanted)}"
    parts = [difference(a, b, rtol=rtol, atol=atol) for a, b in zip(got, wanted, strict=True)]
    return next((f"value {k + 1} of {len(parts)}: {part}" for k, part in enumerate(parts) if part), "")


def _is_numeric(values: list | tuple) -> bool:
    """Return whether a sequence holds single numbers alone, so that it may come as an array as well."""
    nested = (list, tuple, Mapping)
    return all(not isinstance(v, nested) and np.ndim(v) == 0 and np.asarray(v).dtype.kind in "biufc" for v in values)


def _kind(value: Any) -> str:
    shape = np.shape(value)
    return f"shape {shape}" if shape else "one number"


def _both(got: Any, wanted: Any) -> str:
    """Say got and wanted with as many digits as it takes to tell them apart."""
    for digits in (4, 8, 17):
        one, other = said(got, digits=digits), said(wanted, digits=digits)
        if one != other:
            return f"got {one}, wanted {other}"
    return f"got {one} ({type(got).__name__}), wanted {other} ({type(wanted).__name__})"


def said(value: Any, *, name: str = "", digits: int = 4) -> str:
    """Put a value into a few words: small arrays in full, large ones by their shape.

    Examples
    --------
    >>> said((0.123456, np.array([1, 2])))
    '(0.1235, [1, 2])'
    >>> said(np.zeros((30, 20)), name="image")
    'image of shape (30, 20)'
    """
    if type(value).__name__ == "Generator":
        return name or "rng"
    value = plain(value)
    if isinstance(value, np.ndarray):
        if value.size > _SHOWN:
            return f"{name or 'an array'} of shape {value.shape}"
        return said(value.tolist(), digits=digits)
    elif isinstance(value, (float, complex)):
        text = f"{value:.{digits}g}"
    elif isinstance(value, (list, tuple)) and len(value) <= _SHOWN:
        inner = ", ".join(said(one, digits=digits) for one in value)
        text = f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    elif value is None or isinstance(value, (int, str, dict, set)):
        text = repr(value)
    elif callable(value):
        return name or getattr(value, "__name__", "a function")
    else:
        text = f"{name or 'a ' + type(value).__name__}"
    return text if len(text) <= 300 else f"{text[:297]}..."
