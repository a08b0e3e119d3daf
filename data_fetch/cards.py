"""Cards: one TOML file per data set, with where it is, what it holds, who made it and what is wrong with it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, fields, replace
from pathlib import Path, PurePosixPath

from data_fetch.archives import RESERVED
from data_fetch.errors import FetchError, unknown

FOLDER = Path(__file__).parent / "cards"


@dataclass(frozen=True)
class File:
    """One file of a data set: the publisher's address, its size and hash, and its place below a mirror or cache.

    Where the publisher states no hash there is none: the first download records its own.
    """

    url: str
    mirror: str
    md5: str | None = None
    sha256: str | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Card:
    """What is known of a data set; see the files in ``data_fetch/cards`` for examples.

    ``access`` is "open" or "registration"; then ``how`` says where to ask. ``redistribution`` and ``commercial``: what
    the licence allows. ``about_mb``: a rough size, where the publisher of a file states none. ``folder`` is set for
    what arrives packed: where below a mirror or cache its files lie, and ``inside`` the part of that folder to be
    opened.
    """

    name: str
    title: str
    task: str
    modality: str
    classes: tuple[str, ...]
    patients: str
    licence: str
    redistribution: bool
    commercial: bool
    access: str
    citation: str
    doi: tuple[str, ...]
    not_for_clinical_use: bool
    alternative: str
    problems: tuple[str, ...]
    splits: dict[str, int]
    files: tuple[File, ...]
    positive: str | None = None
    how: str | None = None
    folder: str | None = None
    inside: str | None = None
    about_mb: float | None = None

    @property
    def size(self) -> str:
        """Size in words: as published, else "about" so much.

        Examples
        --------
        >>> load_card("breastmnist").size, load_card("pathmnist").size, load_card("decathlon_liver").size
        ('0.56 MB', 'about 200 MB', 'about 30 GB')
        """
        size = self.bytes if self.bytes is not None else (self.about_mb or 0) * 1e6
        if not size:
            return "not stated"
        unit, divisor = ("GB", 1e9) if size >= 1e9 else ("MB", 1e6)
        number = f"{size / divisor:.2g}" if size < 10 * divisor else f"{size / divisor:.0f}"
        return f"{'' if self.bytes is not None else 'about '}{number} {unit}"

    @property
    def bytes(self) -> int | None:
        """Size of all files as published, or None if that of one is not stated."""
        sizes = [file.bytes for file in self.files if file.bytes is not None]
        return sum(sizes) if sizes and len(sizes) == len(self.files) else None


def load_card(name: str) -> Card:
    """Return the card of that name; ``name_64`` has the 64-pixel file of a set that comes in several sizes.

    Raises
    ------
    FetchError
        If there is no such card (the nearest is suggested), or it is not valid.

    Examples
    --------
    >>> load_card("breastmnist").positive
    'malignant'
    >>> load_card("breastmnist_64").files[0].mirror
    'medmnist/breastmnist_64.npz'
    """
    names = card_names()
    base, _, size = str(name).rpartition("_")
    if base in names and size.isdigit():
        card = read_card(FOLDER / f"{base}.toml")
        own = tuple(file for file in card.files if PurePosixPath(file.mirror).stem == name)
        if own:
            return replace(
                card, name=name, title=re.sub(r"\b28\b", size, card.title), files=own, about_mb=_grown(card, size)
            )
        sizes = [PurePosixPath(file.mirror).stem for file in card.files]
        raise FetchError(f"{base} does not come in size {size}", f"choose one of: {', '.join(sizes)}")
    if name not in names:
        error = unknown("data set", name, names)
        raise FetchError(error.message, error.hint)
    card = read_card(FOLDER / f"{name}.toml")
    # A set that comes in several sizes has a file for each: the one called like the set is meant.
    own = tuple(file for file in card.files if PurePosixPath(file.mirror).stem == name)
    return replace(card, files=own) if own else card


def _grown(card: Card, size: str) -> float | None:
    """Return the rough size of the file of larger images: it grows with their pixels, less what packing saves."""
    small = load_card(card.name)
    known = small.bytes / 1e6 if small.bytes else small.about_mb
    dims = 3 if card.name.endswith("3d") else 2
    return float(f"{known * (int(size) / 28) ** dims:.1g}") if known else None


def card_names() -> list[str]:
    """Return the names of all cards, which are not read, in alphabetical order.

    Examples
    --------
    >>> "pneumoniamnist" in card_names()
    True
    """
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def all_cards() -> dict[str, Card]:
    """Return every card by name, in alphabetical order.

    Examples
    --------
    >>> "pneumoniamnist" in all_cards()
    True
    """
    return {name: read_card(FOLDER / f"{name}.toml") for name in card_names()}


def read_card(path: Path) -> Card:
    """Read and check one card.

    Raises
    ------
    FetchError
        Naming the file and everything that is wrong with it.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FetchError(f"card {path.name} cannot be read: {error}", "it must be a TOML file in UTF-8") from error
    faults = _missing(Card, found, "")
    files = found.get("files", [])
    if not isinstance(files, list) or not (files or found.get("access") == "registration"):
        faults.append("files: wanted at least one [[files]] table")
        files = []
    for k, file in enumerate(files):
        faults += _missing(File, file, f"files[{k}].") or _file_faults(file, f"files[{k}].")
    if not faults:
        faults += _card_faults(found, path.stem)
    if faults:
        raise FetchError(f"card {path.name} is not valid: " + "; ".join(faults), "compare it with breastmnist.toml")
    lists = {key: tuple(found[key]) for key in ("classes", "doi", "problems")}
    return Card(**found | lists | {"files": tuple(File(**file) for file in files)})


def _missing(kind: type, found: dict, where: str) -> list[str]:
    """Return what is missing from a table, what it has too much, and what is of the wrong type."""
    wanted: dict[str, tuple[type, ...]] = {
        "tuple": (list,), "dict": (dict,), "bool": (bool,), "int": (int,), "str": (str,), "float": (float, int),
    }  # fmt: skip
    known = {field.name: field for field in fields(kind)}
    faults = [f"{where}{key}: not a key of a card" for key in found if key not in known]
    for name, field in known.items():
        typed = wanted[re.split(r"\W", str(field.type), maxsplit=1)[0]]
        if name in found and (
            not isinstance(found[name], typed) or found[name] == "" or (found[name] == [] and name != "files")
        ):
            faults.append(f"{where}{name}: {found[name]!r} is not a {typed[0].__name__} with something in it")
        elif name not in found and "None" not in str(field.type):
            faults.append(f"{where}{name}: missing")
    return faults


def _file_faults(file: dict, where: str) -> list[str]:
    faults = []
    if not file["url"].startswith("https://"):
        faults.append(f"{where}url: wanted https://...")
    for name, digits in (("md5", 32), ("sha256", 64)):
        if name in file and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", file[name]):
            faults.append(f"{where}{name}: wanted {digits} hexadecimal digits")
    if not _stays_below(file["mirror"]):
        faults.append(f"{where}mirror: wanted a relative path with forward slashes that stays below its folder")
    if file.get("bytes", 1) < 1:
        faults.append(f"{where}bytes: wanted a positive number")
    return faults


def _stays_below(place: str) -> bool:
    """Return whether a path is relative, leads nowhere else, and can be stored by every system."""
    parts = place.split("/")
    return all(
        re.fullmatch(r"[\w\-+=@(),][\w\-+=@(), .]*", part) and part[-1] not in " ." for part in parts
    ) and not any(RESERVED.fullmatch(part) for part in parts)


def _card_faults(found: dict, stem: str) -> list[str]:
    faults = []
    if found["name"] != stem:
        faults.append(f"name: {found['name']!r} in a file called {stem}.toml")
    if found.get("positive", found["classes"][0]) not in found["classes"]:
        faults.append(f"positive: {found['positive']!r} is not one of the classes {found['classes']}")
    if found["access"] not in ("open", "registration"):
        faults.append(f"access: {found['access']!r} is neither 'open' nor 'registration'")
    if (found["access"] == "registration") != ("how" in found):
        faults.append("how: wanted with access = 'registration', and only then")
    if "files" in found and not found["files"] and "folder" not in found:
        faults.append("folder: wanted where no file is named")
    for name in ("folder", "inside"):
        if name in found and not _stays_below(found[name]):
            faults.append(f"{name}: wanted a relative path with forward slashes that stays below its folder")
    if "inside" in found and "folder" not in found:
        faults.append("inside: wanted only with folder")
    if not found["not_for_clinical_use"]:
        faults.append("not_for_clinical_use: must be true")
    if bad := [doi for doi in found["doi"] if not str(doi).startswith("10.")]:
        faults.append(f"doi: {bad[0]!r} does not start with '10.'")
    return faults
