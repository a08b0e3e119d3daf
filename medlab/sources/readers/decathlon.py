"""Read a task of the Medical Segmentation Decathlon: dataset.json, imagesTr/, labelsTr/.

Antonelli et al. 2022, doi:10.1038/s41467-022-30695-9.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.fitting import Fit
from medlab.sources.readers.guard import guarded, inside, text_of
from medlab.sources.readers.images import read_mask, stem
from medlab.sources.readers.ledger import Ledger
from medlab.sources.readers.masks import Drawn
from medlab.sources.readers.stack import build


def open_decathlon(root: Path, ledger: Ledger, fit: Fit) -> Cohort:
    """Open the training cases of a task; the test cases have no labels and are left out, which a note says.

    Returns
    -------
    Cohort
        Volumes (N, C, D, H, W), one mask channel per structure that dataset.json names, cases as patients.

    Raises
    ------
    DataError
        If dataset.json is damaged, a case is missing, or a label map holds a value without a name.
    """
    facts = _facts(root)
    cases = [(root / case["image"], root / case["label"]) for case in facts["training"]]
    labels = [inside(label, root) for _, label in cases]
    if twice := [image.name for k, (image, _) in enumerate(cases) if any(image == other for other, _ in cases[:k])]:
        raise DataError(f"{root / 'dataset.json'} lists {twice[0]} twice", hint="list each case once")
    notes = [f"{facts['test']} test cases without labels were left out"] if facts["test"] else []
    if facts["claimed"] not in (None, len(cases)):
        notes.append(f"dataset.json says {facts['claimed']} training cases and lists {len(cases)}")
    values = [float(value) for value in facts["values"].values()]
    drawn = _Named([[label] for label in labels], values, tuple(facts["values"]), [])
    ct = facts["modality"].upper() == "CT"
    cohort = build(
        [image for image, _ in cases],
        root=root,
        fit=fit,
        drawn=drawn,
        patients=[stem(image) for image, _ in cases],
        notes=[*notes, "one volume per case: whether two cases are one person is not published"],
        modality=facts["modality"],
        intensity="HU" if ct else "as stored in the file",
        source=facts["name"],
        licence=facts["licence"],
        ledger=ledger,
        also=[root / "dataset.json"],
        strict=False,
    )
    if ct and cohort.images.min() > -200:  # air is -1000 HU, and fat, which every body has, about -100
        note = "dataset.json says CT, but no value is below -200: the values are not claimed to be HU"
        return replace(cohort, intensity="as stored in the file", notes=(*cohort.notes, note))
    return cohort


class _Named(Drawn):
    """Label maps whose values dataset.json names."""

    def of(self, row: int) -> np.ndarray:
        path = self.groups[row][0]
        map_ = read_mask(path)[0]
        if strange := set(np.unique(map_).tolist()) - {0.0, *self.values}:
            raise DataError(
                f"{path} holds {min(strange):g}, which dataset.json does not name", hint="name it in 'labels'"
            )
        return np.stack([map_ == value for value in self.values])


def _facts(root: Path) -> dict:
    path = root / "dataset.json"
    text = text_of(path, root)
    with guarded(path):
        told = json.loads(text)
        # The Decathlon writes {"1": "Anterior"}; its successor, nnU-Net, {"Anterior": 1}.
        pairs = [(v, k) if str(k).isdigit() else (k, v) for k, v in told["labels"].items()]
        values = {str(name): int(value) for name, value in sorted(pairs, key=lambda p: int(p[1])) if int(value) != 0}
        training = [{"image": str(case["image"]), "label": str(case["label"])} for case in told["training"]]
        modality = told.get("modality", told.get("channel_names", {"0": "unknown"}))
        facts = {
            "training": training,
            "values": values,
            "modality": ", ".join(str(name) for name in modality.values()),
            "name": f"{told.get('name', root.name)} (Medical Segmentation Decathlon form)",
            "licence": str(told.get("licence", told.get("license", "unknown"))),
            "test": len(told.get("test", ())),
            "claimed": told.get("numTraining"),
        }
    if not training or not 1 <= len(values) <= 200:
        raise DataError(f"{path} lists {len(training)} training cases, {len(values)} structures", hint="at least one")
    return facts
