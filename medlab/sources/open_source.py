"""Open a source as a Cohort: a published data set, an image that a package carries, the hospital, or a file."""

from __future__ import annotations

import os
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from data_fetch.cards import all_cards, card_names, load_card
from data_fetch.errors import FetchError
from data_fetch.fetch import fetch
from medlab.cohort import Cohort
from medlab.errors import DataError, unknown
from medlab.sources.arrays import open_arrays
from medlab.sources.asked import OPTIONS
from medlab.sources.npz import read_npz
from medlab.sources.packaged import PACKAGED
from medlab.sources.resample import resize

# What only the simulated hospital, and what only files and folders can be asked for.
_OPTIONS = ("patients", "dose", "site", "device", *(name for name in OPTIONS if name not in ("positive", "size")))
_TEXTS = ("", ".txt", ".md", ".pdf", ".json", ".rst")


def open(source: str | os.PathLike, *, size: int | tuple[int, ...] | None = None, seed: int = 0, **options) -> Cohort:
    """Open a source of images by name or path.

    Parameters
    ----------
    source : str or path
        A name that `known` lists, such as "pneumoniamnist", "ct_dicom", "mni152" or "hospital:chest_xray", or the
        path of a folder, a csv file or an image (forms: `sources.readers.open_path`), or the path of an npz file.
        That holds either ``images`` (N, H, W), (N, H, W, 3) or (N, C, [D,] H, W) and, where known, ``labels``,
        ``patients``, ``split`` ("train", "val", "test"), ``masks``, ``spacing`` (mm), ``classes``, ``site``,
        ``scanner``, ``sex``, ``age``; or the arrays of MedMNIST (``train_images``, ``train_labels``, ...).
    size : int or tuple of int, optional
        Resample to this many pixels: an int is for the longest axis, and the others keep their proportion; a tuple
        has one number an axis. Without it images keep their size (simulated ones are 64 pixels wide).
    seed : int
        Seed of the simulated hospital.
    **options
        ``patients``, ``dose``, ``site``, ``device``: passed to `medlab.Hospital`; real images ignore them, so that a
        lesson can change its source and nothing else.
        ``fit`` ("pad", "crop" or "resample", to ``size`` pixels along every axis): what to do with files of different
        sizes, which are an error without it.
        ``layout`` ("classes", "patients", "series", "masks" or "images"): what the folders of a folder, or pictures
        named like other pictures, stand for; needed where that can be read in two ways (`sources.readers.open_path`).
        ``skip`` (a pattern or several, such as "*_overview.png"): files of a folder to leave out.
        ``channels`` ("first", "last" or "none"): which axis of the arrays of an npz file holds the channels, where the
        shape alone does not say. Other sources ignore these four.

    Returns
    -------
    Cohort
        Bytes become 0 to 1; CT is in HU. Axes of images are rows, columns; those of "mni152" run to the right,
        to the front and to the top of the head (RAS+).

    Raises
    ------
    MedlabError
        If the source or an option is unknown (the nearest is suggested).
    SourceUnavailable
        If the data exist but cannot be had now; the message names a simulated alternative.
    DataError
        If a file is damaged, hostile, too large for the memory, or of the wrong form.

    Examples
    --------
    >>> open("ct_dicom").images.shape
    torch.Size([1, 1, 128, 128])
    """
    if isinstance(source, str) and source.startswith("hospital:"):
        return _from_hospital(source.partition(":")[2], 64 if size is None else size, seed, options)
    for name in options:
        if name not in _OPTIONS:
            raise unknown("option", name, ["size", "seed", *_OPTIONS])
    how = {name: options[name] for name in ("fit", "layout", "skip") if options.get(name) is not None}
    later = None if "fit" in how else size  # fitting brings images to their size as they are read
    if isinstance(source, str) and source in PACKAGED:
        return resize(PACKAGED[source][1](), size)
    names = card_names()
    if isinstance(source, str) and (source in names or source.rpartition("_")[0] in names):
        return resize(_from_card(source, size=size, **how), later)
    text = str(source)
    if isinstance(source, os.PathLike) or any(sign in text for sign in "/\\.~") or os.path.exists(text):
        path = _one_npz(Path(text).expanduser())
        if path.suffix.lower() == ".npz" or not path.exists():
            return resize(_from_path(path, options.get("channels")), size)
        from medlab.sources.readers import open_path

        return resize(open_path(path, size=size, **how), later)
    raise unknown("source", source, [*known(), "path/to/your.npz or folder"])


def known() -> dict[str, str]:
    """Return the name of every source, with a line about it.

    Examples
    --------
    >>> "mni152" in known()
    True
    """
    from medlab.hospital import MODALITIES

    names = {name: card.title for name, card in all_cards().items()}
    names |= {name: line for name, (line, _) in PACKAGED.items()}
    return names | {f"hospital:{name}": f"simulated: {name.replace('_', ' ')}" for name in MODALITIES}


def here(source: str) -> bool:
    """Return whether a source can be opened without a network: packaged, simulated, or downloaded before.

    Examples
    --------
    >>> here("mni152"), here("hospital:chest_xray")
    (True, True)
    """
    from data_fetch.fetch import cached

    try:
        return cached(load_card(source))
    except FetchError:  # no card, or not in that size
        return source in known()


def _from_hospital(modality: str, size, seed: int, options: dict) -> Cohort:
    from medlab.hospital import Hospital
    from medlab.hospital.hospital import own_options
    from medlab.hospital.modalities import MODALITIES

    if modality in MODALITIES:
        allowed = ["patients", "dose", "site", "device", *own_options(MODALITIES[modality])]
        for name in options:
            if name not in allowed:
                raise unknown(f"option of hospital:{modality}", name, ["size", "seed", *allowed])
    hospital = Hospital(patients=options.pop("patients", 400), seed=seed)
    return hospital.cohort(modality, size=size, **options)


def _from_card(name: str, **how) -> Cohort:
    card = load_card(name)
    path = fetch(card)
    about: dict[str, Any] = {"modality": card.modality, "licence": card.licence, "notes": card.problems}
    about["source"] = f"{card.title} (doi:{card.doi[0]})"
    path = _one_npz(path)
    if path.is_dir():
        from medlab.sources.readers import open_path

        cohort = open_path(path, **how)
        return replace(cohort, _checked=False, **about | {"notes": (*card.problems, *cohort.notes)})
    if path.suffix == ".h5":
        raise DataError(f"{name} holds projections, not images: {path}", hint="lesson 62 reads them with h5py")
    if path.suffix != ".npz":
        raise DataError(
            f"{name} is a table without images: {path}", hint="read it with pandas; its card lists what is wrong in it"
        )
    arrays = read_npz(path)
    if "images" not in arrays:  # the file of a card that has them names its classes itself
        about |= {"classes": card.classes, "positive": card.positive or ""}
    return open_arrays(arrays, path, **about)


def _one_npz(path: Path) -> Path:
    """Return the npz file of a folder that holds one beside nothing but text, else the path itself."""
    files = [p for p in path.iterdir() if not p.name.startswith(".")] if path.is_dir() else []
    packed = [p for p in files if p.suffix.lower() == ".npz"]
    rest = [p for p in files if p not in packed]
    if len(packed) == 1 and not any(p.is_dir() or p.suffix.lower() not in _TEXTS for p in rest):
        return packed[0]
    return path


def _from_path(path: Path, channels: str | None) -> Cohort:
    if not path.is_file():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        near = get_close_matches(path.name, siblings, n=1, cutoff=0.3)
        hint = f"did you mean {str(path.parent / near[0])!r}?" if near else "look at the working folder: os.getcwd()"
        if path.parent == Path() and (name := get_close_matches(path.name, known(), n=1)):
            hint = f"did you mean the source {name[0]!r}?"
        raise DataError(f"there is no file {path}", hint=hint)
    return open_arrays(read_npz(path), path, channels=channels, source=path.name, licence="unknown (your own file)")
