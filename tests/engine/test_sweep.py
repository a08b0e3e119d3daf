import importlib.util

import pandas as pd
import pytest

from medlab.engine import sweep
from medlab.engine.parameters import grid
from medlab.engine.run import Run
from tests.engine.test_run import lesson


@pytest.fixture
def swept(tmp_path):
    """Four runs of one lesson with two claims, of which the last failed."""
    points, made = grid(["seed=0:2", "rate=0.1,0.2"]), lesson(tmp_path)
    runs = []
    for k, point in enumerate(points):
        estimate = {"value": 0.1 * k, "low": 0.1 * k - 0.05, "high": 0.1 * k + 0.05}
        claims = [{"statement": s, "verdict": "holds", "above": 0.0, "below": None, "estimate": estimate} for s in "AB"]
        given = {"seed": int(point["seed"]), "rate": float(point["rate"])}
        runs.append(Run(made, given, record={"claims": claims}, cpu_s=2.0))
    runs[-1] = Run(made, runs[-1].parameters, status="failed")
    return runs, points


def test_the_table_has_one_row_for_each_run_and_claim(swept):
    found = sweep.table(*swept)
    assert len(found) == 3 * 2 + 1
    assert set(found.columns) >= {
        "lesson",
        "seed",
        "rate",
        "claim",
        "statement",
        "verdict",
        "value",
        "low",
        "high",
        "status",
    }
    assert found["seed"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert found["status"].tolist()[-1] == "failed"
    assert found["value"].isna().tolist()[-1]


def test_what_is_saved_can_be_read(swept, tmp_path):
    written, note = sweep.save(*swept, tmp_path / "out", name="sweep")
    assert all(path.stat().st_size for path in written)
    assert {path.suffix for path in written} >= {".csv", ".png", ".svg"}
    assert len(pd.read_csv(written[0])) == 7
    assert ("pyarrow" in note) == (importlib.util.find_spec("pyarrow") is None)


def test_the_figure_shows_each_claim_at_each_point(swept):
    drawn = sweep.figure(sweep.table(*swept), ["seed", "rate"], title="t")
    assert [axis.get_title() for axis in drawn.axes] == ["A", "B"]
    assert [text.get_text() for text in drawn.axes[0].get_xticklabels()] == ["0, 0.1", "0, 0.2", "1, 0.1"]


def test_a_sweep_of_failures_has_a_table_and_no_figure(swept, tmp_path):
    runs, points = swept
    written, _ = sweep.save(runs[-1:], points[-1:], tmp_path, name="s")
    assert {path.suffix for path in written} <= {".csv", ".parquet"}
