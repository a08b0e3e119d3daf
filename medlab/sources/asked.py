"""Data that are asked for: a name or path, and options behind a question mark ("scans?fit=pad&positive=ill")."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from medlab.errors import DataError, MedlabError, nearest, unknown

FITS = ("pad", "crop", "resample")
LAYOUTS = ("classes", "patients", "series", "masks", "images")
CHANNELS = ("first", "last", "none")
_CHOICES = {"fit": FITS, "layout": LAYOUTS, "channels": CHANNELS}
OPTIONS = ("positive", "fit", "size", "layout", "skip", "channels")


def parsed(source: str) -> tuple[str, dict]:
    """Return the name or path of a source, and its options; ``size`` is a number.

    Raises
    ------
    MedlabError
        For an unknown option, fit, or a size that is no number of pixels.

    Examples
    --------
    >>> parsed("my/scans?fit=pad&size=64")
    ('my/scans', {'fit': 'pad', 'size': 64})
    """
    name, sign, text = source.rpartition("?")
    if not sign or os.path.exists(source):
        return source, {}
    options: dict = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key not in OPTIONS:
            raise unknown("option of data", key, OPTIONS)
        options[key] = checked(key, value)
    return name, options


def checked(key: str, value: object) -> object:
    """Return the value of an option, or raise if it cannot be one."""
    if key in _CHOICES and value not in _CHOICES[key]:
        raise unknown(key, value, _CHOICES[key])
    if key == "size":
        if not str(value).isascii() or not str(value).isdecimal() or not 0 < int(str(value)) <= 4096:
            raise MedlabError(f"size {value!r} is no number of pixels", "1 to 4096, such as size=64")
        return int(str(value))
    if not str(value).strip():
        examples = {
            "positive": "the name of a class, such as positive=ill",
            "skip": "files to leave out: skip=*_overview.png",
        }
        raise MedlabError(f"{key} is empty", examples[key])
    return str(value)


def joined(source: str, options: dict) -> str:
    """Return a source with options added to those that it has.

    Examples
    --------
    >>> joined("scans?fit=pad", {"positive": "ill"})
    'scans?fit=pad&positive=ill'
    """
    name, old = parsed(source)
    new = old | {key: checked(key, value) for key, value in options.items()}
    return f"{name}?{urlencode(new)}" if new else name


def is_path(name: str) -> bool:
    """Return whether a source is a path rather than a name.

    Examples
    --------
    >>> is_path("data/mine.npz"), is_path("pneumoniamnist"), is_path("hospital:pet")
    (True, False, False)
    """
    return not name.startswith("hospital:") and (any(sign in name for sign in "/\\.~") or os.path.exists(name))


def absolute(source: str, *folders: Path) -> str:
    """Return a source with its path, if it is one, made absolute: a kernel works in another folder than its caller.

    Parameters
    ----------
    source : str
    *folders : Path
        Where a relative path may begin, in order; the working folder if not given.

    Raises
    ------
    DataError
        If there is no such file or folder; the nearest names are suggested.
    """
    name, options = parsed(source)
    if not is_path(name):
        return source
    places = [(folder / Path(name).expanduser()).resolve() for folder in folders or (Path.cwd(),)]
    found = next((place for place in places if place.exists()), None)
    if found is None:
        raise _missing(name, places)
    return joined(str(found), options) if options else str(found)


def _missing(name: str, places: list[Path]) -> DataError:
    parents = [place.parent for place in places if place.parent.is_dir()]
    near = [str(parent / like) for parent in parents for like in nearest(places[0].name, os.listdir(parent))][:3]
    looked = " and ".join(dict.fromkeys(str(place) for place in places))
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "give the path from the folder you are in"
    return DataError(f"there is no file or folder {name}: looked for {looked}", hint)
