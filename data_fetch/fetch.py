"""Fetch a data set: from the mirror folder, from the cache, or from the publisher; verified every time."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import tempfile
import warnings
from pathlib import Path

from data_fetch.cards import Card, File, load_card
from data_fetch.errors import Damaged, Unavailable


def fetch(card_name: str | Card, *, progress: bool = True) -> Path:
    """Return the path of the file of a data set, whose size and md5 have just been verified.

    Looked for in this order: the folder named by the environment variable MEDLAB_MIRROR (a relative one from the
    working folder, then from the folder that holds this package); the cache (MEDLAB_DATA, or the user's cache
    folder); the publisher's address.

    Parameters
    ----------
    card_name : str or Card
        Name of a card, such as "pneumoniamnist".
    progress : bool
        Show a bar while downloading.

    Raises
    ------
    FetchError
        If there is no such card.
    Damaged
        If the mirror's or the publisher's file is not the one that the card describes.
    Unavailable
        If it is not here and cannot be downloaded; the message says where to put it by hand.

    Examples
    --------
    >>> fetch("breastmnist").name  # doctest: +SKIP
    'breastmnist.npz'
    """
    card = load_card(card_name) if isinstance(card_name, str) else card_name
    file = card.files[0]
    mirror = mirror_folder()
    if mirror is not None and (path := mirror / file.mirror).is_file():
        verify(path, file)
        return path
    path = cache_folder() / file.mirror
    if path.is_file():
        try:
            verify(path, file)
            return path
        except Damaged as damage:
            warnings.warn(f"{damage.message}; downloading it again", stacklevel=2)
    return _download(card, file, progress)


def mirror_folder() -> Path | None:
    """Return the folder that MEDLAB_MIRROR names, or None if it names none that exists."""
    named = os.environ.get("MEDLAB_MIRROR", "")
    if not named:
        return None
    folder = Path(named).expanduser()
    checkout = Path(__file__).resolve().parent.parent
    return next((place.resolve() for place in (folder, checkout / folder) if place.is_dir()), None)


def cache_folder() -> Path:
    """Return the folder of downloaded files, which need not exist: MEDLAB_DATA, or the user's cache folder."""
    if named := os.environ.get("MEDLAB_DATA"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("medlab", appauthor=False)


def verify(path: Path, file: File) -> None:
    """Raise `Damaged` unless the file has the size and md5 of its card, and `Unavailable` if it cannot be read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            # md5 is what the publisher gives; it guards against damage, not against an attacker.
            got = hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}", "look at its permissions") from error
    if got != file.md5:
        wanted = f"{file.md5} ({file.bytes} bytes)" if file.bytes else file.md5
        raise Damaged(
            f"{path} is not the published file: its md5 is {got} ({size} bytes), wanted {wanted}",
            "remove it or replace it with the published one; it was not used",
        )


def _download(card: Card, file: File, progress: bool) -> Path:
    import pooch

    address = file.url.partition("?")[0]  # without query: it may carry a token, and error messages travel
    folder = _writable(cache_folder())
    target = folder / file.mirror
    pooch.get_logger().setLevel(logging.WARNING)
    try:
        pooch.retrieve(
            file.url,
            known_hash=f"md5:{file.md5}",
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(progressbar=progress, timeout=30),
        )
    except ValueError as error:
        raise Damaged(
            f"what {address} sent is not {target.name} as published (md5 {file.md5})",
            "try again later, or another network: some sign-in pages answer in the place of every address",
        ) from error
    except (OSError, RuntimeError) as error:
        place = cache_folder() / file.mirror
        raise Unavailable(
            f"{target.name} is not here, and {address} could not be downloaded ({_reason(error)})",
            f"go online and try again; or put the file at {place}; or name a folder that holds {file.mirror} in "
            f"MEDLAB_MIRROR; or use simulated data: {card.alternative!r}",
        ) from None
    _share(target)
    verify(target, file)
    return target


def _reason(error: Exception) -> str:
    # The text of a transport error repeats the whole address: only its kind and the system's words are safe.
    status = getattr(getattr(error, "response", None), "status_code", None)
    words = f"status {status}" if status else getattr(error, "strerror", None)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _share(path: Path) -> None:
    """Give a file the mode that any new file gets: temporary files are made for their owner only."""
    mask = os.umask(0o022)
    os.umask(mask)
    path.chmod(0o644 & ~mask)


def _writable(folder: Path) -> Path:
    """Return the folder if files can be made in it, else a temporary one, and say so once."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return _temporary(folder)


@functools.cache
def _temporary(instead_of: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="medlab-"))
    warnings.warn(
        f"{instead_of} cannot be written: downloads go to {folder} for now; set MEDLAB_DATA to a folder that can",
        stacklevel=5,
    )
    return folder
