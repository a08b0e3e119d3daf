"""Fetch a data set: from the mirror, from the cache, or from the publisher; whole, once, and verified."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from data_fetch import archives
from data_fetch.bar import bar
from data_fetch.cards import Card, File, load_card
from data_fetch.errors import Damaged, FetchError, Unavailable
from data_fetch.transport import PATIENT, Patience, Wanted, address, download, share

HASHES = "medlab-hashes.json"
_SETTLED = 2.0  # seconds after a change from which on the file system's clock tells a further change


def fetch(card_name: str | Card, *, progress: bool = True, patience: Patience = PATIENT) -> Path:
    """Return the path of a data set: its file, or the folder of its files.

    Looked for in this order: the folder or address named by the environment variable MEDLAB_MIRROR (a relative folder
    from the working folder, then from the folder that holds this package); the cache (MEDLAB_DATA, or the user's cache
    folder); the publisher's address. What several processes ask for at once is downloaded once.

    Size and hash are verified on arrival, and again when size, times or place on disk differ from the last time. Where
    the publisher states no hash, the first download's is recorded and from then on wanted. A folder of a mirror that
    the set is called after is taken as it is: its owner vouches for it.

    Parameters
    ----------
    card_name : str or Card
        Name of a card, such as "pneumoniamnist".
    progress : bool
        Show a bar while downloading.
    patience : Patience
        Timeouts and tries.

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
    mirror = mirror_folder()
    if card.folder:
        for store in filter(None, (mirror, cache_folder())):
            if found := _unpacked(card, store, vouched=store == mirror):
                return found
    if card.access != "open":
        place = cache_folder() / (card.folder or card.files[0].mirror)
        raise Unavailable(
            f"{card.title} is given only to those who register: {card.how}",
            f"put it at {place}, or name a folder that holds {place.name} in MEDLAB_MIRROR; "
            f"or use simulated data: {card.alternative!r}",
        )
    if not card.folder:
        paths = [_file(card, file, mirror, progress, patience) for file in card.files]
        return paths[0] if len(paths) == 1 else paths[0].parent
    return _unpack(card, [_file(card, file, mirror, progress, patience) for file in card.files])


def place(card_name: str | Card, given: Path) -> Path:
    """Verify a file that was downloaded by hand, copy it into the cache, and return the path of the data set.

    Raises
    ------
    Damaged
        If it is none of the files that the card describes.

    Examples
    --------
    >>> place("breastmnist", Path("~/Downloads/breastmnist.npz"))  # doctest: +SKIP
    """
    card = load_card(card_name) if isinstance(card_name, str) else card_name
    named = [file for file in card.files if Path(file.mirror).name == given.name] or list(card.files[:1])
    if not named:
        target = cache_folder() / str(card.folder)
        raise Unavailable(f"the card of {card.name} names no file", f"put the folder at {target}")
    file = named[0]
    verify(given, file)
    target = _writable(cache_folder()) / file.mirror
    target.parent.mkdir(parents=True, exist_ok=True)
    from filelock import FileLock

    beside = target.with_name(f".{target.name}-placed")  # one name, under a lock: nothing is left behind for good
    with FileLock(_lock(cache_folder(), file.mirror)):
        shutil.copyfile(given, beside)
        share(beside)
        os.replace(beside, target)
    return fetch(card)


def prefetch(card: Card, folder: Path, *, progress: bool = True, patience: Patience = PATIENT) -> list[Path]:
    """Put the files of a data set, packed as published, into a folder that can be a class's mirror or web root.

    Hashes that the publisher does not state are written to ``medlab-hashes.json`` there, so that all get the same.

    Examples
    --------
    >>> prefetch(load_card("breastmnist"), Path("class"))  # doctest: +SKIP
    [PosixPath('class/medmnist/breastmnist.npz')]
    """
    if card.access != "open":
        raise Unavailable(f"{card.title} is given only to those who register: {card.how}", "each does so in person")
    if not card.redistribution:
        warnings.warn(f"{card.name}: its terms ({card.licence}) do not allow passing it on", stacklevel=2)
    paths = []
    for file in card.files:
        target = folder / file.mirror
        if not _verified(target, file, folder):
            _locked_download(card, file, folder, progress, patience)
        paths.append(target)
    return paths


def cached(card: Card) -> bool:
    """Return whether a data set can be had without a network, from the cache or a mirror folder; nothing is hashed."""
    stores = [store for store in (mirror_folder(), cache_folder()) if store]
    if card.folder and any(_filled(card, store / card.folder) for store in stores):
        return True
    return bool(card.files) and all(any((store / f.mirror).is_file() for store in stores) for f in card.files)


def mirror_folder() -> Path | None:
    """Return the folder that MEDLAB_MIRROR names, or None if it names none that exists."""
    named = os.environ.get("MEDLAB_MIRROR", "")
    if not named or "://" in named:
        return None
    folder = Path(named).expanduser()
    checkout = Path(__file__).resolve().parent.parent
    return next((where.resolve() for where in (folder, checkout / folder) if where.is_dir()), None)


def mirror_address() -> str | None:
    """Return the address that MEDLAB_MIRROR names, without final slash, or None."""
    named = os.environ.get("MEDLAB_MIRROR", "")
    return named.rstrip("/") if named.startswith(("http://", "https://")) else None


def cache_folder() -> Path:
    """Return the folder of downloaded files, which need not exist: MEDLAB_DATA, or the user's cache folder."""
    if named := os.environ.get("MEDLAB_DATA"):
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("medlab", appauthor=False)


def verify(path: Path, file: File) -> None:
    """Raise `Damaged` unless the file has the size and hash of its card, and `Unavailable` if it cannot be read."""
    algorithm, wanted = ("sha256", file.sha256) if file.sha256 else ("md5", file.md5)
    try:
        size = path.stat().st_size
        with path.open("rb") as opened:
            # md5 is what most publishers give; it guards against damage, not against an attacker.
            digest = hashlib.sha256 if file.sha256 else functools.partial(hashlib.md5, usedforsecurity=False)
            got = hashlib.file_digest(opened, digest).hexdigest() if wanted else None
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}", "look at its permissions") from error
    if got != wanted or (file.bytes or size) != size:
        found = f"its {algorithm} is {got} ({size} bytes)" if wanted else f"it has {size} bytes"
        told = f"{wanted or ''} ({file.bytes} bytes)" if file.bytes else wanted
        raise Damaged(
            f"{path} is not the published file: {found}, wanted {told}",
            "remove it or replace it with the published one; it was not used",
        )


def _filled(card: Card, folder: Path) -> bool:
    """Return whether a folder holds more than a download that failed, or the archives before they were unpacked.

    Of a set in several archives, each has a folder of its own; if one was unpacked here, all must have been.
    """
    packed = {Path(file.mirror).name for file in card.files}
    names = (p.name.removesuffix(".part") for p in folder.iterdir()) if folder.is_dir() else ()
    if not any(not name.startswith(".") and name not in packed for name in names):
        return False
    ours = [(place / archives.MANIFEST).is_file() for place in _places(card, folder)]
    return all(ours) or not any(ours)


def _places(card: Card, folder: Path) -> list[Path]:
    """Return where each archive of a set is unpacked."""
    if len(card.files) < 2:
        return [folder]
    names = [PurePosixPath(file.mirror).name for file in card.files]
    short = [name.partition(".")[0] for name in names]
    return [folder / name for name in (short if len(set(short)) == len(names) else names)]


def _unpacked(card: Card, store: Path, vouched: bool) -> Path | None:
    """Return the data set's own folder in a store, if it is there and (in the cache) still as it was unpacked."""
    folder = store / str(card.folder)
    if not _filled(card, folder):
        return None
    places = [place for place in _places(card, folder) if (place / archives.MANIFEST).is_file()]
    if wrong := [place for place in places if not archives.intact(place)]:
        if vouched:
            raise Damaged(f"{wrong[0]} differs from its manifest", "restore it, or remove it and fetch again")
        warnings.warn(f"{wrong[0]} differs from what was unpacked there; unpacking it again", stacklevel=3)
        return None
    within = folder / card.inside if card.inside else folder
    return within if within.is_dir() else folder


def _unpack(card: Card, paths: list[Path]) -> Path:
    """Unpack the archives of a data set, each into the set's folder, or into one of its own if there are several."""
    from filelock import FileLock

    store = _writable(cache_folder())
    folder = store / str(card.folder)
    with FileLock(_lock(store, str(card.folder))):
        if found := _unpacked(card, store, vouched=False):
            return found  # another process was faster
        for path, target in zip(paths, _places(card, folder), strict=True):
            archives.clear(target)
            if not ((target / archives.MANIFEST).is_file() and archives.intact(target)):
                archives.unpack(path, target)
        for path in paths:
            # Twice the room is more than many have. An archive in the folder itself went when that was replaced; one
            # that could not be unpacked stays, for the next try.
            if path.is_relative_to(store):
                path.unlink(missing_ok=True)
    within = folder / (card.inside or "")
    return within if within.is_dir() else folder


def _file(card: Card, file: File, mirror: Path | None, progress: bool, patience: Patience) -> Path:
    """Return the verified path of one file: in the mirror, in the cache, or downloaded into it."""
    if mirror is not None and (path := mirror / file.mirror).is_file():
        _check(path, file, mirror)
        return path
    path = cache_folder() / file.mirror
    if path.is_file():
        try:
            _check(path, file, cache_folder())
            return path
        except Damaged as damage:
            warnings.warn(f"{damage.message}; downloading it again", stacklevel=3)
    return _locked_download(card, file, _writable(cache_folder()), progress, patience)


def _verified(path: Path, file: File, store: Path) -> bool:
    try:
        _check(path, file, store)
    except FetchError:
        return False
    return True


def _check(path: Path, file: File, store: Path) -> None:
    """Verify a file, unless its size, times and place on disk are those of the last time."""
    try:
        found = path.stat()
    except OSError as error:
        raise Unavailable(f"{path} cannot be read: {error.strerror}", "look at its permissions") from error
    wanted = _recorded(file, store)
    state = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, wanted.md5, wanted.sha256]
    note = cache_folder() / ".verified" / f"{hashlib.sha256(str(path).encode()).hexdigest()[:32]}.json"
    try:
        if json.loads(note.read_text(encoding="utf-8")) == state:
            return
    except (OSError, ValueError):
        pass
    verify(path, wanted)
    # A change right after this look could leave the times as they are: only files at rest are remembered.
    if time.time() - max(found.st_mtime, found.st_ctime) > _SETTLED:
        _write(note, state)


def _recorded(file: File, store: Path) -> File:
    """Return the file with the hash that was recorded at its first download, if its publisher states none."""
    if file.md5 or file.sha256:
        return file
    known = _read(store / HASHES).get(file.mirror, {})
    return replace(file, sha256=known.get("sha256"), bytes=file.bytes or known.get("bytes"))


def _record(file: File, store: Path, got: dict[str, str]) -> None:
    if file.md5 or file.sha256:
        return
    from filelock import FileLock

    with FileLock(_lock(store, HASHES)):
        size = (store / file.mirror).stat().st_size
        known = _read(store / HASHES) | {file.mirror: {"sha256": got["sha256"], "bytes": size}}
        _write(store / HASHES, dict(sorted(known.items())))


def _read(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, what) -> None:
    """Write JSON so that no reader sees half of it; a place that cannot be written is passed by."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}-{os.getpid()}")
        beside.write_text(json.dumps(what, indent=0), encoding="utf-8")
        os.replace(beside, path)
    except OSError:
        return


def _lock(store: Path, name: str) -> str:
    # The system gives such a lock back when its process ends, however it ends: none can be left behind.
    folder = store / ".locks"
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock")


def _locked_download(card: Card, file: File, store: Path, progress: bool, patience: Patience) -> Path:
    from filelock import FileLock

    target = store / file.mirror
    with FileLock(_lock(store, file.mirror)):
        if target.is_file() and _verified(target, file, store):
            return target  # another process was faster
        wanted = _recorded(file, store)
        hashes = tuple((name, value) for name in ("sha256", "md5") if (value := getattr(wanted, name)))
        failed: FetchError = Unavailable("there is no address to ask")
        for url, host in _addresses(file):
            place = Wanted(url, target, wanted.bytes, hashes, plain_host=host)
            try:
                with bar(target.name, progress) as tell:
                    _record(file, store, download(place, patience=patience, progress=tell))
                return target
            except (Damaged, Unavailable) as error:
                if host:
                    warnings.warn(f"mirror: {error.message}; asking the publisher", stacklevel=4)
                failed = error
            except (OSError, RuntimeError) as error:
                failed = Unavailable(f"{address(url)} could not be downloaded ({type(error).__name__})")
    if isinstance(failed, Damaged) or "no space left" in failed.message:
        raise failed
    raise Unavailable(
        f"{target.name} is not here, and {failed.message}",
        f"{failed.hint + '; or ' if failed.hint else ''}go online and try again; or, downloaded by hand: "
        f"medlab fetch {card.name} --from FILE (or put it at {target}); or name a folder that holds {file.mirror} in "
        f"MEDLAB_MIRROR; or use simulated data: {card.alternative!r}",
    )


def _addresses(file: File) -> list[tuple[str, str]]:
    """Return where to ask, in order, with the host that may be asked without https: only a mirror that was named."""
    found = [(file.url, "")]
    if mirror := mirror_address():
        found.insert(0, (f"{mirror}/{quote(file.mirror)}", urlsplit(mirror).hostname or ""))
    return found


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
