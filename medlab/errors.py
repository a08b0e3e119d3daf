"""The one family of errors that medlab raises; those of the fetcher belong to it."""

from data_fetch.errors import DataError, MedlabError, Unavailable, nearest, unknown

SourceUnavailable = Unavailable  # data that exist elsewhere but cannot be had here now

__all__ = ["DataError", "MedlabError", "SourceUnavailable", "nearest", "unknown"]
