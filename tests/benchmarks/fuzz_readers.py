"""Open thousands of damaged files: each must give a cohort or a MedlabError, and never a library's exception.

Run as ``python -m tests.benchmarks.fuzz_readers [--files 2000] [--seed 0]``; the exit status is 1 if one leaks.
"""

from __future__ import annotations

import argparse
import collections
import json
import shutil
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import nibabel
import numpy as np
from PIL import Image
from pydicom.examples import get_path

import medlab
from medlab.errors import MedlabError

XML = (
    "<annotation><size><width>20</width><height>24</height></size><object><name>cell</name><bndbox><xmin>3</xmin>"
    "<ymin>4</ymin><xmax>9</xmax><ymax>12</ymax></bndbox></object></annotation>"
)


def write_whole(root: Path, rng: np.random.Generator) -> dict[str, tuple[Path, Path]]:
    """Write a good file of every form; return for each the file to damage and what is opened."""
    pixels = rng.integers(0, 255, (24, 20), dtype=np.uint8)
    found: dict[str, tuple[Path, Path]] = {}
    for form in ("png", "jpg", "tif", "webp", "gif", "bmp"):
        path = root / f"a.{form}"
        Image.fromarray(pixels).save(path)
        found[form] = (path, path)
    volume = nibabel.Nifti1Image(rng.normal(size=(6, 5, 4)).astype(np.float32), np.diag([1, 2, 3, 1]))
    for form in ("nii", "nii.gz"):
        nibabel.save(volume, root / f"a.{form}")
        found[form] = (root / f"a.{form}",) * 2
    for name in ("ct", "palette_color", "rgb_color"):
        shutil.copy(get_path(name), root / f"{name}.dcm")
        found[f"dcm, {name}"] = (root / f"{name}.dcm",) * 2
    arrays = {"images": pixels[None].repeat(4, 0), "labels": np.array(["ill", "well"] * 2), "patients": np.arange(4.0)}
    np.savez_compressed(root / "a.npz", **arrays)
    np.savez(root / "b.npz", **arrays)
    found |= {"npz": (root / "a.npz",) * 2, "npz, stored": (root / "b.npz",) * 2}
    table = root / "table" / "t.csv"
    table.parent.mkdir()
    for k in range(2):
        Image.fromarray(pixels + k).save(table.parent / f"{k}.png")
    table.write_text("image,patient_id,label,site,age\n0.png,p1,ill,NA,40\n1.png,p2,well,EU,\n")
    found["csv"] = (table, table)
    voc = root / "voc"
    for name in ("Annotations", "JPEGImages"):
        (voc / name).mkdir(parents=True)
    Image.fromarray(pixels).save(voc / "JPEGImages" / "x.png")
    (voc / "Annotations" / "x.xml").write_text(XML)
    found["xml"] = (voc / "Annotations" / "x.xml", voc)
    task = root / "task"
    task.mkdir()
    nibabel.save(volume, task / "i.nii")
    nibabel.save(nibabel.Nifti1Image(np.ones((6, 5, 4), np.uint8), np.diag([1, 2, 3, 1])), task / "l.nii")
    facts = {
        "labels": {"0": "out", "1": "in"},
        "modality": {"0": "MRI"},
        "training": [{"image": "i.nii", "label": "l.nii"}],
    }
    (task / "dataset.json").write_text(json.dumps(facts))
    found["json"] = (task / "dataset.json", task)
    (root / "r.dat").write_bytes(rng.integers(0, 255, 400, dtype=np.uint8).tobytes())
    (root / "r.hea").write_text("r 2 360 100\nr.dat 16 200(0)/mV 16 0 0 0 0 I\nr.dat 16 200(0)/mV 16 0 0 0 0 II\n")
    found["hea"] = (root / "r.hea",) * 2
    return found


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Return bytes with some flipped, exchanged, left out, doubled or cut off; half of the harm is near the start."""
    out = bytearray(data)
    for _ in range(rng.integers(1, 7)):
        at = int(rng.integers(0, len(out) if rng.random() < 0.5 else min(len(out), 400))) if out else 0
        kind = rng.integers(0, 5)
        if kind == 0 and out:
            out[at] ^= int(rng.integers(1, 256))
        elif kind == 1:
            out[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\x7f", b"-1.5", b"nan,"])
        elif kind == 2:
            del out[at : at + int(rng.integers(1, 20))]
        elif kind == 3:
            out[at:at] = out[at : at + int(rng.integers(1, 40))]
        elif rng.random() < 0.3:
            del out[at:]
    return bytes(out)


def main() -> int:
    """Run, and print how many files were read, refused and leaked, form by form."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    rng = np.random.default_rng(asked.seed)
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    leaks, slowest = [], (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        forms = write_whole(Path(folder), rng)
        whole = {form: path.read_bytes() for form, (path, _) in forms.items()}
        for _, opened in forms.values():
            medlab.open(opened)
        for k in range(asked.files):
            form = list(forms)[k % len(forms)]
            path, opened = forms[form]
            path.write_bytes(damage(whole[form], rng))
            began = time.perf_counter()
            try:
                medlab.open(opened)
                counts[form]["read"] += 1
            except MedlabError as error:
                counts[form]["refused"] += 1
                if not error.message or "\n" in error.message:
                    leaks.append(f"{form}, file {k}: no sentence: {error.message!r}")
            except Exception:
                leaks.append(f"{form}, file {k}: {traceback.format_exc()[-700:]}")
            slowest = max(slowest, (time.perf_counter() - began, f"{form}, file {k}"))
            path.write_bytes(whole[form])
    for form, found in counts.items():
        print(f"{form:20} {found['read']:5} read {found['refused']:5} refused")
    print(f"{len(leaks)} of {asked.files} leaked; slowest {slowest[0]:.2f} s ({slowest[1]})", *leaks[:10], sep="\n")
    return 1 if leaks else 0


if __name__ == "__main__":
    raise SystemExit(main())
