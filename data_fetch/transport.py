"""Bring one file from an address to a place on disk: resumed, bounded, patient to a point, never half visible."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit

from data_fetch.errors import NO_ROOM, Damaged, Unavailable

_CHUNK = 1 << 20
_LOCAL = ("localhost", "127.0.0.1", "::1")
_NO_SENSE = (400, 401, 403, 404, 405, 410, 451)  # asking again gives the same answer


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, in seconds, and how often to ask again when nothing at all arrived."""

    connect: float = 10
    silence: float = 30
    total: float = 6 * 3600
    tries: int = 4
    pause: float = 1


PATIENT = Patience()


@dataclass
class Wanted:
    """What is to be fetched: an address, the place for it, and what is known of the content.

    ``limit`` is the most bytes that are accepted when the size is not known. ``free`` is the room that must be left on
    the disk. ``plain_host`` may be reached by http, which is refused elsewhere but on this machine itself.
    """

    url: str
    target: Path
    size: int | None = None
    hashes: tuple[tuple[str, str], ...] = ()
    limit: int = 50 * 10**9
    free: int = 50 * 10**6
    plain_host: str = ""
    part: Path = Path()

    def __post_init__(self):
        if self.part == Path():
            self.part = self.target.with_name(self.target.name + ".part")


class _Again(Exception):
    """The attempt failed in a way that a further one may not."""


def address(url: str) -> str:
    """Return the address without user, password, query and fragment: those may be secrets, and messages travel.

    Examples
    --------
    >>> address("https://me:word@example.org/a.npz?token=1")
    'https://example.org/a.npz'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def download(
    wanted: Wanted, *, patience: Patience = PATIENT, progress: Callable[[int, int | None], None] | None = None
) -> dict[str, str]:
    """Download to ``wanted.target`` and return the hashes of the content: those that were wanted, else sha256.

    What has arrived lies in a file ``.part`` beside the target until it is whole and verified; it is kept when the
    way breaks (also by ctrl-C or a killed process), and the next call goes on from there.

    Parameters
    ----------
    wanted : Wanted
    patience : Patience
    progress : callable, optional
        Called with the bytes that are there and the bytes there will be (None: not known).

    Raises
    ------
    Damaged
        If what the server sends is not what is wanted: too much, a web page, another hash.
    Unavailable
        If it cannot be had: no network, no room, a redirect to plain http, no patience left.

    Examples
    --------
    >>> download(Wanted("https://example.org/a.npz", Path("a.npz")))  # doctest: +SKIP
    {'sha256': '...'}
    """
    import requests

    wanted.part.parent.mkdir(parents=True, exist_ok=True)
    end, left = time.monotonic() + patience.total, patience.tries
    with requests.Session() as session:
        while True:
            before = _size(wanted.part)
            try:
                return _attempt(session, wanted, patience, progress, end)
            except _Again as failure:
                # A way that breaks every few megabytes still leads there: only tries that bring nothing are counted.
                left = patience.tries if _size(wanted.part) > before else left - 1
                wait = patience.pause * 2 ** (patience.tries - left)
                if left <= 0 or time.monotonic() + wait > end:
                    raise _given_up(wanted, str(failure), time.monotonic() + wait > end) from None
                time.sleep(wait)


def _given_up(wanted: Wanted, why: str, late: bool) -> Unavailable:
    have = _size(wanted.part)
    kept = f"; {have / 1e6:.1f} MB are kept, and the next call goes on from there" if have else ""
    return Unavailable(f"{address(wanted.url)} could not be downloaded ({'too slow: ' if late else ''}{why}{kept})")


def _attempt(session, wanted: Wanted, patience: Patience, progress, end: float) -> dict[str, str]:
    import requests
    import urllib3

    have, validator = _kept(wanted)
    digests = _digests(wanted, wanted.part if have else None)
    try:
        with _opened(session, wanted, patience, have, validator) as response:
            start = _start(response, wanted, have)
            if start is None:
                return _settled(wanted, digests)
            if start != have:
                digests = _digests(wanted, None)
            total = _total(response, wanted, start)
            _make_room(wanted, (total or 0) - start)
            _remember(wanted, response)
            _receive(response, wanted, start, total, digests, progress, end)
    except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError, ConnectionError) as error:
        if wanted.size is None or _size(wanted.part) != wanted.size:
            raise _Again(_reason(error)) from None
    return _settled(wanted, digests)


def _opened(session, wanted: Wanted, patience: Patience, have: int, validator: str):
    """Ask for the file, or for the rest of it, and follow redirects; those that leave https are refused."""
    url, headers = wanted.url, {"Accept-Encoding": "identity", "User-Agent": "medlab"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if validator:
            headers["If-Range"] = validator
    for _ in range(6):
        _check_scheme(url, wanted)
        response = session.get(
            url, headers=headers, stream=True, allow_redirects=False, timeout=(patience.connect, patience.silence)
        )
        if not response.is_redirect:
            return response
        url = urljoin(url, response.headers["Location"])
        response.close()
    raise Unavailable(f"{address(wanted.url)} redirects without end", "try again later, or another network")


def _check_scheme(url: str, wanted: Wanted) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    if parts.scheme == "http" and parts.hostname in (*_LOCAL, wanted.plain_host):
        return
    raise Unavailable(
        f"{address(wanted.url)} leads to {address(url)}, which is not https; it was not followed",
        "some sign-in pages redirect every address: sign in with a browser, or use another network",
    )


def _start(response, wanted: Wanted, have: int) -> int | None:
    """Return the byte at which the answer starts, None if nothing is left to send; raise if it is no answer."""
    status = response.status_code
    if status == 206 and have:
        told = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", "").strip())
        size = wanted.size or (int(told[3]) if told and told[3] != "*" else None)
        if told and int(told[1]) == have and (size is None or told[3] in ("*", str(size))):
            return have
        _forget(wanted)
        raise _Again("the server sent another part of the file than was asked for")
    if status == 416 and have:
        if wanted.size in (None, have) and response.headers.get("Content-Range", "").endswith(f"/{have}"):
            return None
        _forget(wanted)
        raise _Again("the server knows no more of the file than is here")
    if status in _NO_SENSE:
        raise Unavailable(f"{address(wanted.url)} could not be downloaded (status {status})")
    if status != 200:
        raise _Again(f"status {status}")
    if "html" in response.headers.get("Content-Type", "") and wanted.target.suffix not in (".html", ".htm"):
        raise _not_it(wanted, response.raw.read(400, decode_content=True))
    return 0


def _total(response, wanted: Wanted, start: int) -> int | None:
    """Return the size that the whole file will have, or None; refuse before a byte is written if it is too large."""
    told = response.headers.get("Content-Length", "")
    claimed = start + int(told) if told.isdecimal() and "Content-Encoding" not in response.headers else None
    if claimed is not None and claimed > (wanted.size or wanted.limit):
        raise _too_much(wanted, claimed)
    return wanted.size or claimed


def _receive(response, wanted: Wanted, start: int, total, digests, progress, end: float) -> None:
    have, most = start, wanted.size or wanted.limit
    # The hash is computed beside the transfer, which would else wait for it half of the time.
    with ThreadPoolExecutor(1) as hashing, wanted.part.open("r+b" if start else "wb") as part:
        behind: deque = deque()
        part.seek(start)
        part.truncate()
        try:
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                have += len(chunk)
                if have > most:
                    raise _too_much(wanted, have)
                part.write(chunk)
                behind.append(hashing.submit(_update, digests, chunk))
                if len(behind) > 16:
                    behind.popleft().result()
                if progress:
                    progress(have, total)
                if time.monotonic() > end:
                    raise _given_up(wanted, "no time left", late=True)
        except OSError as error:
            if error.errno in NO_ROOM:
                part.close()  # what is there must not fill the disk for others
                _forget(wanted)
                raise _no_room(wanted, (total or have) - have) from None
            raise
        except Damaged:
            part.close()
            _forget(wanted)
            raise
        if "Content-Encoding" in response.headers and have != wanted.size:
            _forget(wanted)  # offsets into a compressed body cannot be asked for
    if total is not None and have < total:
        raise _Again(f"{have} of {total} bytes arrived")


def _settled(wanted: Wanted, digests) -> dict[str, str]:
    """Give the part its name if it is what was wanted; remove it if it is not."""
    got = {name: digest.hexdigest() for name, digest in digests.items()}
    have = _size(wanted.part)
    if wanted.size is not None and have < wanted.size:
        raise _Again(f"{have} of {wanted.size} bytes arrived")
    if wrong := [(name, value) for name, value in wanted.hashes if got[name] != value]:
        with wanted.part.open("rb") as part:
            head = part.read(400)
        _forget(wanted)
        raise _not_it(wanted, head, f"{wrong[0][0]} {got[wrong[0][0]]} ({have} bytes), wanted {wrong[0][1]}")
    with wanted.part.open("rb+") as part:
        os.fsync(part.fileno())
    share(wanted.part)
    os.replace(wanted.part, wanted.target)
    _note(wanted).unlink(missing_ok=True)
    return got


def _not_it(wanted: Wanted, head: bytes, found: str = "a web page") -> Damaged:
    text = head[:80].decode("utf-8", "replace").strip()
    shown = f"; it begins: {text!r}" if text and all(sign.isprintable() or sign.isspace() for sign in text) else ""
    return Damaged(
        f"what {address(wanted.url)} sent is not {wanted.target.name} as published: {found}{shown}",
        "try again later, or another network: some sign-in pages answer in the place of every address",
    )


def _too_much(wanted: Wanted, have: int) -> Damaged:
    most = wanted.size or wanted.limit
    return Damaged(
        f"{address(wanted.url)} sends {have} bytes or more for {wanted.target.name}, wanted at most {most}",
        "it was not kept; try again later, or another network",
    )


def _make_room(wanted: Wanted, more: int) -> None:
    if shutil.disk_usage(wanted.part.parent).free < more + wanted.free:
        raise _no_room(wanted, more)


def _no_room(wanted: Wanted, more: int) -> Unavailable:
    free = shutil.disk_usage(wanted.part.parent).free
    return Unavailable(
        f"{wanted.target.name} needs {more / 1e6:.1f} MB more on the disk of {wanted.part.parent}: no space left "
        f"({free / 1e6:.1f} MB are free)",
        "make room, or name a folder on another disk in MEDLAB_DATA",
    )


def _update(digests: dict, chunk: bytes) -> None:
    for digest in digests.values():
        digest.update(chunk)


def _digests(wanted: Wanted, part: Path | None) -> dict:
    """Return the hashes to compute, those that are known, else sha256; begun with what is there already."""
    # md5 is what publishers give; it guards against damage, not against an attacker.
    names = {name for name, _ in wanted.hashes} or {"sha256"}
    digests = {name: hashlib.md5(usedforsecurity=False) if name == "md5" else hashlib.sha256() for name in names}
    if part is not None:
        with part.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                _update(digests, chunk)
    return digests


def _note(wanted: Wanted) -> Path:
    return wanted.part.with_name(wanted.part.name + ".json")


def _remember(wanted: Wanted, response) -> None:
    """Note what the server calls this version of the file, so that the rest of another one is never put behind it."""
    etag = response.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    _note(wanted).write_text(json.dumps({"of": address(wanted.url), "validator": validator}), encoding="utf-8")


def _kept(wanted: Wanted) -> tuple[int, str]:
    """Return how many bytes are there to go on from, and the server's name for their version."""
    have = _size(wanted.part)
    try:
        note = json.loads(_note(wanted).read_text(encoding="utf-8"))
        validator = str(note["validator"]) if note["of"] == address(wanted.url) else ""
    except (OSError, ValueError, KeyError, TypeError):
        validator = ""
    # Without a name for the version only a hash can tell whether the two halves belong together.
    if (have and not (validator or wanted.hashes)) or have > (wanted.size or wanted.limit):
        _forget(wanted)
        return 0, ""
    return have, validator


def _forget(wanted: Wanted) -> None:
    wanted.part.unlink(missing_ok=True)
    _note(wanted).unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _reason(error: Exception) -> str:
    # The text of a transport error repeats the whole address: only its kind and the system's words are safe.
    words = getattr(error, "strerror", None)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def share(path: Path) -> None:
    """Give a file the mode that any new file gets, so that a class can read one cache."""
    mask = os.umask(0o022)
    os.umask(mask)
    path.chmod(0o644 & ~mask)
