"""``python -m tools.explorers``: make the stored predictions of docs/explorers, which are read without Python.

The numbers come from the lessons' own cells, run at preset cpu on simulated patients; of networks, the first seed.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import io
import json
import sys
from pathlib import Path

import numpy as np

from medlab.lesson import find, notebooks_folder

HERE = notebooks_folder().parent / "docs" / "explorers"
SEED = 0


def ran(number: str, data: str, last: str) -> dict:
    """Return the names that a lesson has defined when the code cell that assigns ``last`` is done.

    Parameters
    ----------
    number : str
        Of the lesson.
    data : str
        The source, a simulated one.
    last : str
        The start of a line of the last cell to run.
    """
    names: dict = {}
    for cell in find(number).notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        with contextlib.redirect_stdout(io.StringIO()):
            exec(source, names)
        if "parameters" in tags:
            names |= {"data": data, "seed": SEED}
        if "lab = medlab.begin(" in source:
            seeds = names["lab"].seeds
            names["lab"].seeds = lambda count, seeds=seeds: seeds(1)
        if any(line.startswith(last) for line in source.splitlines()):
            return names
    raise SystemExit(f"lesson {number} has no line that starts with {last!r}: name another in tools/explorers.py")


def packed(values: np.ndarray, kind: str) -> dict:
    """Return an array as its shape and base64 of its little-endian bytes."""
    array = np.ascontiguousarray(values, dtype=np.dtype(kind).newbyteorder("<"))
    return {"shape": list(array.shape), "type": kind, "bytes": base64.b64encode(array.tobytes()).decode()}


def origin(number: str, data: str) -> dict:
    """Return where stored numbers come from."""
    lesson = find(number)
    return {
        "lesson": lesson.id, "title": lesson.title, "data": data, "preset": "cpu", "seed": SEED,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }  # fmt: skip


def threshold() -> dict:
    """Return labels and scores of lesson 41 on its test patients, from its first network."""
    data = "hospital:chest_xray"
    names = ran("41", data, "scores = {name: np.stack")
    scores, truth = names["scores"]["test"][0], names["truth"]["test"]
    return origin("41", data) | {"truth": packed(truth, "uint8"), "score": packed(scores, "float32")}


def calibration() -> dict:
    """Return labels and logits of lesson 82 on its test patients, and the temperature chosen on validation."""
    data = "hospital:chest_xray"
    names = ran("82", data, "chosen = np.array")
    logits, truth = names["logits"]["test"][0], names["truth"]["test"]
    chosen = round(float(names["chosen"][0]), 3)
    return origin("82", data) | {
        "truth": packed(truth, "uint8"), "logit": packed(logits, "float32"), "temperature": chosen,
    }  # fmt: skip


def overlap() -> dict:
    """Return four test images of lesson 45 with the true mask and the U-Net's probabilities."""
    data = "hospital:chest_xray"
    names = ran("45", data, "def learn(loss, k)")
    learned = names["learn"](names["losses"]["cross-entropy"], names["seeds"][0])
    truth = names["truth"]
    size = truth.sum((1, 2))
    full = np.flatnonzero(size)
    rows = full[np.argsort(size[full])][np.linspace(0, len(full) - 1, 6).round().astype(int)[4:0:-1]]  # largest first
    images = names["test"].images[rows, 0].numpy()
    low, high = images.min((1, 2), keepdims=True), images.max((1, 2), keepdims=True)
    return origin("45", data) | {
        "spacing": [round(float(mm), 4) for mm in names["spacing"]], "unit": names["unit"],
        "structure": names["structure"], "image": packed(255 * (images - low) / (high - low), "uint8"),
        "truth": packed(truth[rows], "uint8"), "probability": packed(learned[rows], "float32"),
    }  # fmt: skip


def window() -> dict:
    """Return the CT slice that lesson 11 shows, in HU."""
    data = "hospital:chest_ct"
    names = ran("11", data, "hospital = Hospital(")
    images = names["hospital"].cohort("chest_ct", size=192)[:1].images[0, 0].numpy()
    return origin("11", data) | {"hu": packed(np.rint(images), "int16")}


def kspace() -> dict:
    """Return a test slice of lesson 61, magnitude and phase, and an order of the lines of k-space."""
    data = "hospital:brain_mri"
    names = ran("61", data, "truth = {name: prepared")
    image = names["truth"]["test"][0, 0].cpu().numpy()
    size = len(image)
    far = np.abs(np.arange(size) - size // 2) / (size / 2)
    key = np.log(np.random.default_rng(SEED).random(size)) / (1 - 0.9 * far) ** 2
    key[size // 2 - 3 : size // 2 + 3] = 1 - far[size // 2 - 3 : size // 2 + 3]  # the middle comes first
    order = np.argsort(-key, kind="stable")
    return origin("61", data) | {
        "real": packed(image.real, "float32"), "imaginary": packed(image.imag, "float32"),
        "order": packed(order, "uint8"),
    }  # fmt: skip


EXPLORERS = {
    "window": window, "kspace": kspace, "threshold": threshold, "overlap": overlap, "calibration": calibration,
}  # fmt: skip


def main() -> None:
    """Write the file that the page loads; it is a script, since a page opened as a file may read no other."""
    made = {}
    for name, make in EXPLORERS.items():
        made[name] = make()
        sys.stdout.write(f"{name}: {made[name]['lesson']}\n")
        sys.stdout.flush()
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(value)}" for name, value in made.items())
    path = HERE / "predictions.js"
    Path(path).write_text(f"const STORED = {{\n{lines}\n}};\n", encoding="utf-8", newline="\n")
    sys.stdout.write(f"{path.name}: {path.stat().st_size / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
