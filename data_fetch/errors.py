"""The errors of data_fetch: they say what happened and what to do next, and need neither medlab nor torch."""

import errno

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)  # the disk is full, or what this user may have of it


class FetchError(Exception):
    """A data set could not be fetched.

    Parameters
    ----------
    message : str
        What was got and what was wanted.
    hint : str, optional
        The next thing to do or type.
    """

    def __init__(self, message: str, hint: str = ""):
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  -> {self.hint}" if self.hint else self.message


class Unavailable(FetchError):
    """The file is neither in the mirror nor in the cache, and could not be downloaded."""


class Damaged(FetchError):
    """The file is there, but it is not the one that the card describes."""
