import numpy as np
import pandas as pd
import torch
from PIL import Image
from typer.testing import CliRunner

from medlab.cli.app import app
from medlab.cli.open import summary
from medlab.cohort import Cohort


def test_a_folder_is_told_at_a_glance(tmp_path):
    rng = np.random.default_rng(0)
    for name, n in (("ill", 3), ("well", 2)):
        (tmp_path / name).mkdir()
        for k in range(n):
            Image.fromarray(rng.integers(0, 255, (8, 9), dtype=np.uint8)).save(tmp_path / name / f"{k}.png")
    (tmp_path / "over.png").write_bytes((tmp_path / "ill" / "0.png").read_bytes())
    runner = CliRunner(env={"COLUMNS": "200"})
    refused = runner.invoke(app, ["open", str(tmp_path)])
    assert "beside folders" in str(refused.exception)
    told = runner.invoke(app, ["open", str(tmp_path), "--skip", "over.png"])
    assert told.exit_code == 0
    for said in (
        "5 of 8 x 9, 1 channel",
        "ill: 3, well: 2",
        "not known",
        "left out by skip: over.png",
        "5, with 1 to 1",
    ):
        assert said in told.output


def test_all_that_a_cohort_holds_has_a_line():
    table = pd.DataFrame({"patient_id": ["a", "a", "b"], "split": ["train", "val", "test"], "spacing_0": [1.0, 2, 2]})
    table["spacing_1"] = 3.0
    masks = torch.zeros(3, 1, 4, 4, dtype=torch.uint8)
    masks[0] = 1
    cohort = Cohort(
        torch.arange(48.0).reshape(3, 1, 4, 4),
        table,
        masks=masks,
        boxes=[torch.zeros(2, 4), torch.zeros(0, 4), torch.zeros(0, 4)],
        labels=torch.tensor([[1.0, 0], [1, 1], [0, 0]]),
        classes=("x", "y"),
        structures=("liver",),
        notes=("one", "two"),
    )
    lines = summary(cohort)
    facts = dict(lines)
    assert facts["patients"] == "2, with 1 to 2 images each"
    assert facts["values"].startswith("0 to 47")
    assert facts["spacing"] == "differs: 1 to 2 x 3 to 3 mm"
    assert facts["classes"] == "x: 2, y: 1"
    assert facts["masks"] == "liver: in 1 images"
    assert facts["boxes"] == "2 in 1 images"
    assert facts["split"] == "train 1, val 1, test 1"
    assert [found for what, found in lines if what == "note"] == ["one", "two"]
