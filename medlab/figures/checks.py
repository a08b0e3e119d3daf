"""What the verbs accept, as numbers: everything else is refused in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from medlab.errors import MedlabError


def numbers(thing: object, name: str, *, dims: tuple[int, ...]) -> np.ndarray:
    """Return an array of floats with one of the wanted numbers of axes, not empty; NaN and infinity are kept.

    Raises
    ------
    MedlabError
        Naming what it is.

    Examples
    --------
    >>> numbers([1, 2], "loss", dims=(1, 2))
    array([1., 2.])
    """
    detach = getattr(thing, "detach", None)
    try:
        values = np.asarray(detach().cpu() if detach else thing, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        raise MedlabError(
            f"{name!r} is no array of numbers but {type(thing).__name__}", hint="pass an array or a list of numbers"
        ) from None
    if values.ndim not in dims or values.size == 0:
        wanted = " or ".join(map(str, dims))
        raise MedlabError(
            f"{name!r} has shape {values.shape}; wanted {wanted} axes and at least one value", hint="index it first"
        )
    return values


def named(things: object, what: str) -> dict:
    """Return a mapping with text for its keys; anything else becomes the only entry, without a name.

    Raises
    ------
    MedlabError
        If it is empty.

    Examples
    --------
    >>> named({1: "a"}, "curve")
    {'1': 'a'}
    """
    found = {str(key): value for key, value in things.items()} if isinstance(things, Mapping) else {"": things}
    if not found:
        raise MedlabError(f"no {what} was given", hint=f"pass a dict with the name of each {what}")
    return found


def finite(values: np.ndarray, name: str) -> np.ndarray:
    """Return the finite ones of some values, flat.

    Raises
    ------
    MedlabError
        If there is none.

    Examples
    --------
    >>> finite(np.array([1.0, np.nan]), "loss")
    array([1.])
    """
    kept = values[np.isfinite(values)]
    if not kept.size:
        raise MedlabError(f"{name!r} holds no finite number", hint="find out where the NaN comes from before drawing")
    return kept


def positive(log: str, values: Mapping[str, np.ndarray]) -> None:
    """Check that a logarithmic axis gets values above 0.

    Raises
    ------
    MedlabError
        If ``log`` names anything but x and y, or an axis that it names gets a value that is 0 or less.
    """
    if set(log) - {"x", "y"}:
        raise MedlabError(f"log={log!r} names no axis", hint='log="x", "y" or "xy"')
    for axis in log:
        if axis in values and np.nanmin(values[axis]) <= 0:
            raise MedlabError(
                f"a logarithmic {axis} axis cannot show {np.nanmin(values[axis]):g}", hint=f"leave {axis} out of log="
            )
