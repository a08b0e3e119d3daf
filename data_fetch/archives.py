"""Unpack an archive from the internet: regular files only, at places we choose, within budgets, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from data_fetch.errors import NO_ROOM, Damaged, Unavailable

MANIFEST = ".medlab-manifest.json"
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_JUNK = re.compile(r"(^|/)(__MACOSX(/|$)|\._[^/]*$|\.DS_Store$)")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Budget:
    """What an archive may take: bytes in all, files, and bytes unpacked for each byte packed."""

    total: int = 200 * 10**9
    files: int = 500_000
    ratio: float = 200


def unpack(archive: Path, folder: Path, *, budget: Budget = Budget()) -> Path:
    """Unpack a zip or tar file into a folder that then holds its files and nothing else.

    Every name, kind and size is checked before anything is written; files are copied one by one into a folder beside
    the target, which takes its name only when all are there. What macOS adds to archives is left out. Archives inside
    the archive stay as they are.

    Parameters
    ----------
    archive : Path
    folder : Path
        Replaced if it exists.
    budget : Budget

    Returns
    -------
    Path
        ``folder``, which also holds a manifest: the size and sha256 of each file.

    Raises
    ------
    Damaged
        If the archive is damaged, or holds what no data set needs: paths that lead outside, links, devices, names that
        two systems read differently, encrypted files, more than the budget.
    Unavailable
        If the disk has no room for it.

    Examples
    --------
    >>> unpack(Path("Task04_Hippocampus.tar"), Path("hippocampus"))  # doctest: +SKIP
    PosixPath('hippocampus')
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(archive, stage, budget)
        _replace(stage, folder)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise _refused(archive, f"it cannot be read ({type(error).__name__}: {error})") from None
    except OSError as error:
        if error.errno in NO_ROOM:
            raise Unavailable(
                f"no space left on the disk of {folder.parent} to unpack {archive.name}",
                "make room, or name a folder on another disk in MEDLAB_DATA",
            ) from None
        raise _refused(archive, f"it cannot be read ({type(error).__name__})") from None
    except Exception as error:
        if "decompress" in str(error).lower() or type(error).__module__ in ("zlib", "lzma", "_lzma"):
            raise _refused(archive, f"it cannot be read ({type(error).__name__})") from None
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder


def clear(folder: Path) -> None:
    """Remove what killed processes left beside a folder while they unpacked into it; the caller holds its lock.

    Examples
    --------
    >>> clear(Path("no such folder"))
    """
    left = re.compile(rf"\.{re.escape(folder.name)}-(old-)?[a-z0-9_]{{8}}")  # the names that mkdtemp gives
    for path in folder.parent.iterdir() if folder.parent.is_dir() else ():
        if left.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)


def intact(folder: Path) -> bool:
    """Return whether a folder still holds what was unpacked into it; only files that changed are read again.

    Examples
    --------
    >>> intact(Path("no such folder"))
    False
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        items = manifest["files"].items()
        for name, (size, sha256, modified) in items:
            found = (folder / name).stat()
            if found.st_size != size or (found.st_mtime_ns != modified and _sha256(folder / name) != sha256):
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _fill(archive: Path, stage: Path, budget: Budget) -> None:
    with _Opened(archive) as opened:
        plan = _plan(opened, archive, budget)
        if (free := shutil.disk_usage(stage).free) < (total := sum(size for _, size in plan.values())):
            raise Unavailable(
                f"{archive.name} unpacks to {total / 1e6:.0f} MB, {free / 1e6:.0f} MB are free at {stage.parent}",
                "make room, or name a folder on another disk in MEDLAB_DATA",
            )
        files = {}
        for name, (member, size) in plan.items():
            target = stage / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.reader(member) as source, target.open("xb") as copy:
                sha256 = _copy(source, copy, size, f"{name} of {archive.name}")
            files[name] = [size, sha256, target.stat().st_mtime_ns]
    text = json.dumps({"archive": archive.name, "files": files}, indent=0)
    (stage / MANIFEST).write_text(text, encoding="utf-8")


def _plan(opened: _Opened, archive: Path, budget: Budget) -> dict[str, tuple[object, int]]:
    """Return each file's own relative path with its member and size; raise at the first thing that is refused."""
    plan: dict[str, tuple[object, int]] = {}
    seen: dict[str, str] = {}
    total, packed = 0, max(archive.stat().st_size, 1)
    for count, (member, name, kind, size) in enumerate(opened.members(), 1):
        if count > 2 * budget.files or len(plan) >= budget.files:
            raise _refused(archive, f"it holds more than {budget.files} files")
        if _JUNK.search(name):
            continue
        name = _checked_name(archive, name)
        if kind not in ("file", "folder"):
            raise _refused(archive, f"{name!r} is a {kind}; only files and folders are unpacked")
        if kind == "folder":
            seen.setdefault(_key(name), "folder")
            continue
        total += size
        if size < 0 or total > budget.total or total > budget.ratio * packed + 10**6:
            raise _refused(archive, f"its {packed} bytes claim to hold {total} or more")
        parents = [_key("/".join(name.split("/")[:k])) for k in range(1, name.count("/") + 1)]
        if _key(name) in seen or any(seen.get(parent) == "file" for parent in parents):
            raise _refused(archive, f"{name!r} is there twice, or differs from another name only in its letters' case")
        seen |= dict.fromkeys(parents, "folder") | {_key(name): "file"}
        plan[name] = (member, size)
    if not plan:
        raise _refused(archive, "it holds no files")
    return plan


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _checked_name(archive: Path, name: str) -> str:
    """Return the name without ``./`` and final slash, if every system reads it as the same place below a folder."""
    parts = [part for part in name.removesuffix("/").split("/") if part != "."]
    wrong = (
        (not parts or name.startswith("/") or ".." in parts, "leads outside the folder"),
        ("\\" in name or ":" in name, "is a path of another system"),
        (any(not part or len(part.encode("utf-8", "replace")) > 200 for part in parts), "is empty or too long"),
        (len(name) > 1000 or len(parts) > 50, "is empty or too long"),
        (any(ord(sign) < 32 or sign in '<>"|?*\x7f' for sign in name), "has signs that not every system can store"),
        (any(RESERVED.fullmatch(part) or part[-1:] in (".", " ") for part in parts), "is reserved on some systems"),
        (parts[-1:] == [MANIFEST], "is reserved"),
    )
    for bad, why in wrong:
        if bad:
            raise _refused(archive, f"the name {name[:80]!r} {why}")
    return "/".join(parts)


def _refused(archive: Path, why: str) -> Damaged:
    return Damaged(
        f"{archive.name} was not unpacked: {why}",
        "nothing was written; fetch it again, and if it stays so, tell whoever publishes it",
    )


def _copy(source, copy, size: int, what: str) -> str:
    digest, left = hashlib.sha256(), size
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            break
        copy.write(chunk)
        digest.update(chunk)
    if left:
        raise Damaged(f"{what} is {'longer' if left < 0 else 'shorter'} than its archive says", "fetch it again")
    return digest.hexdigest()


def _replace(stage: Path, folder: Path) -> None:
    """Put the stage in the place of the folder: two renames, so that nobody sees half of it."""
    stage.chmod(0o755)
    old = None
    if folder.exists():
        old = Path(mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
        os.replace(folder, old / "it")
    try:
        os.replace(stage, folder)
    except OSError:
        if old:  # what was there is better than nothing, and the archive may lie in it
            os.replace(old / "it", folder)
        raise
    finally:
        if old:
            shutil.rmtree(old, ignore_errors=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


class _Bounded:
    """A stream that refuses to be read in huge pieces: tar headers can ask for any number of bytes."""

    def __init__(self, stream, most: int = 64 << 20):
        self.stream, self.most = stream, most

    def read(self, count: int = -1) -> bytes:
        if count < 0 or count > self.most:
            raise tarfile.ReadError(f"a header of {count} bytes")
        return self.stream.read(count)

    def __getattr__(self, name):
        return getattr(self.stream, name)


class _Opened:
    """A zip or tar file as members with a name, a kind and a size, and a reader for each."""

    def __init__(self, path: Path):
        self.path = path
        self.zip: zipfile.ZipFile | None = None
        self.tar: tarfile.TarFile | None = None
        self.stream: Any = None

    def __enter__(self) -> _Opened:
        with self.path.open("rb") as opened:
            head = opened.read(4)
        # By its first bytes: `zipfile.is_zipfile` looks at the end, where a tar file may hold a zip file.
        if head in (b"PK\x03\x04", b"PK\x05\x06"):
            self.zip = zipfile.ZipFile(self.path)
        else:
            self.stream = self._decompressed()
            self.tar = tarfile.open(fileobj=_Bounded(self.stream), mode="r:")
        return self

    def __exit__(self, *_) -> None:
        for each in (self.zip, self.tar, self.stream):
            if each is not None:
                each.close()

    def _decompressed(self):
        import bz2
        import gzip
        import lzma

        with self.path.open("rb") as opened:
            head = opened.read(6)
        for magic, opener in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open)):
            if head.startswith(magic):
                return opener(self.path, "rb")
        return self.path.open("rb")

    def members(self) -> Iterator[tuple[object, str, str, int]]:
        if self.zip is not None:
            for info in self.zip.infolist():
                yield info, info.orig_filename, _zip_kind(info), info.file_size
            return
        for member in self.tar or ():
            whole = member.isreg() and not member.issparse()
            kind = "file" if whole else "folder" if member.isdir() else _tar_kind(member)
            yield member, member.name, kind, member.size if member.isreg() else 0

    def reader(self, member) -> Any:
        if self.zip is not None:
            return self.zip.open(member)
        return self.tar.extractfile(member) if self.tar is not None else None


def _zip_kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if info.flag_bits & 0x1:
        return "encrypted file"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "link" if stat.S_ISLNK(mode) else "device"
    return "folder" if info.is_dir() else "file"


def _tar_kind(info: tarfile.TarInfo) -> str:
    return "link" if info.issym() or info.islnk() else "sparse file" if info.isreg() else "device"
