"""Read label maps: which file belongs to which image, and which value is which structure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from medlab.errors import DataError
from medlab.sources.readers.guard import inside
from medlab.sources.readers.images import read_mask, stem

_WORD = r"mask|masks|seg|segm|segmentation|label|labels|gt|groundtruth|ground_truth|annotation|roi|lesion"
_AFTER = re.compile(rf"(.+?)[ ._-]?\(?(?:{_WORD})\)?(?:[ ._-]?\(?\d+\)?)?$", re.IGNORECASE)
_BEFORE = re.compile(rf"(?:{_WORD})[ ._-]?(.+)$", re.IGNORECASE)
MOST = 32


def image_of(path: Path, stems: set[str]) -> str:
    """Return the stem of the image that a mask belongs to by its name, or nothing.

    Examples
    --------
    >>> image_of(Path("b1_mask_1.png"), {"b1", "b2"})
    'b1'
    """
    name = stem(path)
    for pattern in (_AFTER, _BEFORE):
        if (match := pattern.match(name)) and match[1].rstrip(" ._-") in stems:
            return match[1].rstrip(" ._-")
    return ""


@dataclass
class Drawn:
    """Masks of images: ``of(k)`` is the mask (M, [D,] H, W) of image k, one channel per entry of ``structures``."""

    groups: list[list[Path]]
    values: list[float]
    structures: tuple[str, ...]
    notes: list[str]

    def of(self, row: int) -> np.ndarray:
        """Return the mask of one image."""
        map_ = joined(self.groups[row])
        if len(self.values) <= 1:
            return (map_ != 0)[None]
        return np.stack([map_ == value for value in self.values])


def label_maps(groups: list[list[Path]], root: Path) -> Drawn:
    """Find out which structures the masks of a cohort hold; every file is read once for it.

    Parameters
    ----------
    groups : list of list of Path
        The masks of every image: one label map, or several of one structure, which are joined.
    root : Path
        The folder that they may not leave.

    Raises
    ------
    DataError
        If the values have no sense as structures, or have two.
    """
    seen: set[frozenset[float]] = set()
    notes: set[str] = set()
    kinds: set[bool] = set()
    values: set[float] = set()
    for group in groups:
        for path in group:
            map_, note = read_mask(inside(path, root))
            notes |= {note} - {""}
            found = set(np.unique(map_).tolist()) - {0.0}
            seen.add(frozenset(found))
            values |= found
            kinds |= {"color" in note} if found else set()
            if len(found) > MOST or (len(values) > MOST and min(values) < 240):
                raise DataError(
                    f"the masks up to {path.name} hold more than {MOST} values",
                    hint="0 outside, 1 to 32 structures; if each value is one object, name the folder instances",
                )
    colored = True in kinds
    if len(kinds) > 1:
        raise DataError(f"some masks of {root} are gray and some in color", hint="save all in one way")
    kept = sorted(values)
    if len(kept) > 1 and not colored and kept[-1] <= 255:
        kept, said = _one_or_many(kept, seen, root)
        notes |= set(said)
    joint = [group for group in groups if len(group) > 1]
    if joint:
        notes.add(f"{len(joint)} images have several masks, which are joined: {', '.join(p.name for p in joint[0])}")
    name = "color #{:06x}" if colored else "structure {:g}"
    structures = tuple(name.format(int(v) if colored else v) for v in kept) if len(kept) > 1 else ("mask",)
    return Drawn(groups, kept, structures, sorted(notes))


def _one_or_many(values: list[float], seen: set[frozenset[float]], root: Path) -> tuple[list[float], list[str]]:
    """Return the values that are structures: a drawing in 255, or in 1 and 255, is one; so is 254 beside 255."""
    shown = ", ".join(f"{value:g}" for value in values[:8])
    if values[0] >= 240 or (set(values) == {1, 255} and all(len(found) <= 1 for found in seen)):
        return [1.0], [f"values {shown} of the masks are taken as one: inside"]
    if len([value for value in values if value >= 240]) > 1 and values[-1] > 127:
        raise DataError(
            f"the masks of {root} hold the values {shown}: structures, or a drawing that was resized or compressed",
            hint="save one value per structure, without smoothing",
        )
    return values, [f"the masks hold 255 beside {values[0]:g}: often it stands for 'not drawn'"] * (values[-1] == 255)


def joined(group: list[Path]) -> np.ndarray:
    """Return one label map; several of one image are joined if each shows one structure."""
    maps = [read_mask(path)[0] for path in group]
    if len(maps) == 1:
        return maps[0]
    if len({map_.shape for map_ in maps}) > 1 or any(len(np.unique(map_[map_ != 0])) > 1 for map_ in maps):
        raise DataError(
            f"{', '.join(path.name for path in group)} are masks of one image, of several sizes or structures",
            hint="join them into one label map",
        )
    return np.maximum.reduce(maps)
