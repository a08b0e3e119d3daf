"""What lies in a folder and what of it was read: used and left out together are all that was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

from medlab.errors import DataError
from medlab.sources.readers.dicom import is_dicom, what_it_is
from medlab.sources.readers.images import looks_like_image

MOST_FILES = 1_000_000
OURS = (".medlab-manifest.json",)


@dataclass
class Ledger:
    """The files of a folder, counted once before anything is read.

    Parameters
    ----------
    root : Path
        The folder.
    skip : sequence of str
        Patterns of names or relative paths that the reader left out on purpose.
    """

    root: Path
    skip: Sequence[str] = ()
    _files: list[Path] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = (path for path in islice(self.root.rglob("*"), MOST_FILES) if not path.is_dir() or path.is_symlink())
        self._files = sorted(path for path in found if path.name not in OURS)

    def skipped(self, path: Path) -> bool:
        """Say whether a file is left out on purpose."""
        names = (path.name, path.relative_to(self.root).as_posix())
        return any(fnmatch(name, pattern) for name in names for pattern in self.skip)

    def kept(self) -> list[Path]:
        """Return all files that were not left out on purpose."""
        return [path for path in self._files if not self.skipped(path)]

    def close(self, used: Iterable[Path], *, strict: bool = True) -> list[str]:
        """Return notes that name what was not read.

        Parameters
        ----------
        used : iterable of Path
            What was read, images and all else.
        strict : bool
            Refuse if a picture is left over: it may be what the folder is about. Not where a list names the images.

        Raises
        ------
        DataError
            If pictures are left over.
        """
        used = set(used)
        left = [path for path in self._files if path not in used]
        chosen = [path for path in left if self.skipped(path)]
        left = [path for path in left if path not in set(chosen)]
        kinds = {path: what_it_is(path) for path in left if is_dicom(path)}
        pictures = [path for path in left if looks_like_image(path) and not kinds.get(path)]
        if strict and pictures:
            raise DataError(
                f"{self.root} has {len(pictures)} pictures that do not fit the rest: {self._named(pictures)}",
                hint=f"pass skip={self._name(pictures[0])!r} (or a pattern) to leave them out, or layout='classes' "
                "(folders are classes), 'patients' (folders are patients) or 'images' (all pictures, without labels)",
            )
        notes = [f"{len(chosen)} files were left out by skip: {self._named(chosen)}"] if chosen else []
        if named := sorted(set(kinds.values()) - {""}):
            notes.append(f"{sum(map(bool, kinds.values()))} DICOM files hold no image: {', '.join(named)}")
        return notes + ([f"{len(left)} files were not read: {self._named(left)}"] if left else [])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _named(self, paths: list[Path], most: int = 6) -> str:
        """Return the first names, and of the rest how many there are of each ending."""
        named = ", ".join(self._name(path) for path in paths[:most])
        rest = Counter(path.suffix.lower() or "no ending" for path in paths[most:])
        return named + ("" if not rest else " and " + ", ".join(f"{n} more ({end})" for end, n in rest.most_common(5)))
