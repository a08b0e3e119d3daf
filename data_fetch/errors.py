"""The one family of errors, for `data_fetch` and `medlab`: they say what happened and what to do next."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from difflib import SequenceMatcher

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # the disk is full, or what this user may have of it
_LISTED = 12  # so many known names are listed; of more only the nearest


class MedlabError(Exception):
    """Say what was got and wanted, and what to do next.

    Parameters
    ----------
    message : str
        What was got and what was wanted.
    hint : str, optional
        The next thing to do or type.

    Examples
    --------
    >>> print(MedlabError("preset 'big' is unknown", hint="use 'cpu'"))
    preset 'big' is unknown
      -> use 'cpu'
    """

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class FetchError(MedlabError):
    """A data set could not be fetched."""


class DataError(MedlabError):
    """Data that were found and are not what they should be: damaged, hostile, or of the wrong form."""


class Unavailable(FetchError):
    """The file is neither in the mirror nor in the cache, and could not be downloaded."""


class Damaged(FetchError, DataError):
    """The file is there, but it is not the one that the card describes."""


def nearest(got: object, known: Iterable[str], *, count: int = 3) -> list[str]:
    """Return the names most like the one that was typed, best first; none that is quite another.

    Examples
    --------
    >>> nearest("cpuu", ["smoke", "cpu", "gpu"])
    ['cpu', 'gpu']
    """
    typed = str(got).lower()

    def likeness(name: str) -> float:
        same_start = 0.5 if len(typed) > 1 and name.lower().startswith(typed[:2]) else 0.0
        return max(SequenceMatcher(None, typed, name.lower()).ratio(), same_start)

    ranked = sorted(((likeness(str(name)), str(name)) for name in known), key=lambda pair: -pair[0])
    return [name for like, name in ranked[:count] if like >= 0.4]


def unknown(kind: str, got: object, known: Iterable[str], near: list[str] | None = None) -> MedlabError:
    """Make the error for a name that is not among the known ones, with up to three near ones as suggestions.

    Examples
    --------
    >>> print(unknown("preset", "cpuu", ["smoke", "cpu", "gpu"]))
    unknown preset 'cpuu'; known: smoke, cpu, gpu
      -> did you mean 'cpu' or 'gpu'?
    """
    names = [str(name) for name in known]
    near = nearest(got, names) if near is None else near
    listed = f"; known: {', '.join(names) or '(none)'}" if len(names) <= _LISTED else f"; {len(names)} are known"
    if near:
        quoted = [repr(name) for name in near]
        hint = f"did you mean {' or '.join(filter(None, [', '.join(quoted[:-1]), quoted[-1]]))}?"
    else:
        hint = f"choose one of: {', '.join(names) or '(none)'}"
    return MedlabError(f"unknown {kind} {got!r}{listed}", hint)
