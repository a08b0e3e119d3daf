"""The one family of errors that medlab raises."""

from collections.abc import Iterable
from difflib import get_close_matches


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

    def __init__(self, message: str, *, hint: str = ""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message

    def __reduce__(self):
        # Errors cross process borders in the runner; keyword-only arguments need this to be pickled.
        return _rebuild, (type(self), self.message, self.hint)


def _rebuild(cls, message, hint):
    return cls(message, hint=hint)


class SourceUnavailable(MedlabError):
    """Data that exist elsewhere but cannot be had here now (no network, no mirror, registration needed)."""


class DataError(MedlabError):
    """Data that were found and are not what they should be: damaged, hostile, or of the wrong form."""


def unknown(kind: str, got: object, known: Iterable[str]) -> MedlabError:
    """Make the error for a name that is not among the known ones, with the nearest as a suggestion.

    Examples
    --------
    >>> print(unknown("preset", "cpuu", ["smoke", "cpu", "gpu"]))
    unknown preset 'cpuu'; known: smoke, cpu, gpu
      -> did you mean 'cpu'?
    """
    names = [str(name) for name in known]
    near = get_close_matches(str(got).lower(), names, n=1, cutoff=0.4)
    near = near or [name for name in names if len(str(got)) > 1 and name.startswith(str(got)[:2])]
    hint = f"did you mean {near[0]!r}?" if near else f"choose one of: {', '.join(names) or '(none)'}"
    return MedlabError(f"unknown {kind} {got!r}; known: {', '.join(names) or '(none)'}", hint=hint)
