"""Make docs/lessons/NN.png, a small picture of each executed lesson: ``python -m tools.pictures runs/*.ipynb``.

``--claim WHOLE BROKEN`` makes docs/claim.png instead, of two runs of one lesson, as it stands and broken on purpose.

The picture is the first figure from the cell tagged ``picture`` on. Without such a cell it is the one that
``docs/lessons/choices.toml`` names, or a part of it; else the largest figure.
"""

from __future__ import annotations

import base64
import io
import json
import math
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from medlab.errors import MedlabError
from medlab.lesson import notebooks_folder

WIDTH = 480  # pixels: three stand beside each other in the README
MOST = 40_000  # bytes


def main() -> int:
    """Write the pictures of the named notebooks; return 1 if one has none."""
    if sys.argv[1:2] == ["--claim"]:
        return _claim(*(json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[2:4]))
    missing, folder = 0, notebooks_folder().parent / "docs" / "lessons"
    chosen = choices(folder / "choices.toml")
    for name in sys.argv[1:]:
        path = Path(name)
        try:
            number, picture = picture_of(json.loads(path.read_text(encoding="utf-8")), path.name, chosen)
        except MedlabError as error:
            sys.stderr.write(f"{error}\n")
            missing += 1
            continue
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(picture)
        sys.stdout.write(f"docs/lessons/{number}.png: {len(picture) / 1000:.0f} kB\n")
    return int(missing > 0)


def choices(path: Path) -> dict[str, dict]:
    """Return what the file says of each lesson, by number: ``figure``, counted from 1, and ``crop``, both optional.

    Raises
    ------
    MedlabError
        If the file is not in that form.
    """
    if not path.is_file():
        return {}
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        good = all(_is_choice(one) for one in told.values())
    except (OSError, ValueError):
        good = False
    if not good:
        wanted = "[11] figure = 3, crop = [left, top, right, bottom] with shares of the picture from 0 to 1"
        raise MedlabError(f"{path} does not say which pictures to take", f"wanted {wanted}")
    return told


def _is_choice(one: object) -> bool:
    if not isinstance(one, dict) or not set(one) <= {"figure", "crop"}:
        return False
    figure, box = one.get("figure", 1), one.get("crop", [0, 0, 1, 1])
    if not isinstance(figure, int) or not isinstance(box, list) or len(box) != 4:
        return False
    if not all(isinstance(side, (int, float)) for side in box):
        return False
    left, top, right, bottom = box
    return figure >= 1 and 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def _claim(whole: dict, broken: dict) -> int:
    """Draw the first claim of a lesson as it stands and broken on purpose, from two executed notebooks."""
    from medlab import figures
    from medlab.stats import Estimate

    rows, first = {}, {}
    for name, notebook in (("as written", whole), ("labels shuffled", broken)):
        first = notebook["metadata"]["medlab_run"]["record"]["claims"][0]
        e = first["estimate"]
        rows[f"{name}: {first['verdict']}"] = Estimate(e["value"], e["low"], e["high"], n_patients=e["n"])
    figure = figures.intervals(
        rows, bound=first.get("above"), xlabel="AUC, network minus baseline", title=first["statement"]
    )
    figure.set_size_inches(7, 2.2)
    target = notebooks_folder().parent / "docs" / "claim.png"
    figure.savefig(target, dpi=100)
    target.write_bytes(shrunk(Image.open(target), width=700))
    return 0


def picture_of(notebook: dict, name: str, chosen: Mapping[str, dict] | None = None) -> tuple[str, bytes]:
    """Return the number of a lesson and its picture, a PNG of at most `MOST` bytes.

    Parameters
    ----------
    notebook : dict
        Executed, as JSON.
    name : str
        For messages.
    chosen : mapping, optional
        What `choices` returns.

    Raises
    ------
    MedlabError
        If it is no lesson, or holds no figure.
    """
    number = str(notebook.get("metadata", {}).get("medlab", {}).get("id", ""))[:2]
    if not number:
        raise MedlabError(f"{name} is no lesson", "give executed lessons, such as runs/41_classification.ipynb")
    cells = notebook["cells"]
    tagged = [k for k, cell in enumerate(cells) if "picture" in cell["metadata"].get("tags", [])]
    figures = [(k, Image.open(io.BytesIO(data))) for k, cell in enumerate(cells) for data in _pngs(cell)]
    if not figures:
        raise MedlabError(f"{name} holds no figure", "execute it first: medlab run NN")
    if after := [image for k, image in figures if tagged and k >= tagged[0]]:
        return number, shrunk(after[0])
    choice = (chosen or {}).get(number, {})
    if 0 < choice.get("figure", 0) <= len(figures):
        picture = figures[choice["figure"] - 1][1]
    else:
        picture = max((image for _, image in figures), key=lambda image: image.width * image.height)
    left, top, right, bottom = choice.get("crop", (0, 0, 1, 1))
    wide, high = picture.size
    return number, shrunk(picture.crop((int(left * wide), int(top * high), int(right * wide), int(bottom * high))))


def shrunk(image: Image.Image, width: int = WIDTH) -> bytes:
    """Return a PNG of at most that many pixels across and `MOST` bytes: fewer colors first, then fewer pixels.

    Examples
    --------
    >>> len(shrunk(Image.effect_noise((900, 600), 80))) <= MOST
    True
    """
    white = Image.new("RGB", image.size, "white")
    white.paste(image.convert("RGBA"), mask=image.convert("RGBA").getchannel("A"))
    width, colors = min(width, image.width), 128
    while True:
        small = white.resize((width, max(1, round(white.height * width / white.width))), Image.Resampling.LANCZOS)
        packed = io.BytesIO()
        small.quantize(colors, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
        if packed.tell() <= MOST:
            return packed.getvalue()
        if colors > 64:
            colors //= 2
        else:
            colors, width = 128, int(width * min(0.9, math.sqrt(MOST / packed.tell())))


def _pngs(cell: dict):
    """Yield the figures of a cell: PNG outputs, and those inside the HTML that lab.show displays."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            yield base64.b64decode("".join(data["image/png"]))
        html = "".join(data.get("text/html", ""))
        for piece in html.split("data:image/png;base64,")[1:]:
            yield base64.b64decode(piece.partition('"')[0])


if __name__ == "__main__":
    sys.exit(main())
