import json
from pathlib import Path

import pytest

from tests.cli.test_app import medlab
from tests.engine.test_run import PARAMETERS
from tests.test_lesson import notebook

CLAIMS = """
import json, os
e = {{"value": .5, "low": .4, "high": .6}}
v = "open" if sabotage else "{verdict}"
told = {{"claims": [{{"statement": "It works", "verdict": v, "estimate": e}}], "modules": ["medlab.lab"]}}
json.dump(told, open(os.environ["MEDLAB_RECORD"], "w"))
"""


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """Make a folder of notebooks with one lesson; return what runs ``medlab verify`` on it."""
    (tmp_path / "notebooks").mkdir()

    def write(verdict="holds", **changes):
        cells = [PARAMETERS, (CLAIMS.format(verdict=verdict), []), ("", ["nbval-check-output"])]
        path = notebook(tmp_path / "notebooks", cells=cells, **{"claims": [{"about": "data"}]} | changes)
        told = json.loads(path.read_text())
        output = {"output_type": "execute_result", "data": {"text/plain": ["holds  It works"]}, "metadata": {}}
        told["cells"][-1]["outputs"] = [output | {"execution_count": 1}]
        path.write_text(json.dumps(told))

    def verify(*words):
        return medlab("verify", *words, MEDLAB_NOTEBOOKS=str(tmp_path / "notebooks"))

    write()
    return tmp_path, write, verify


def entries(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "ledger.jsonl").read_text().splitlines()]


def test_what_is_due_is_run_once_and_a_made_up_entry_is_found(bench):
    folder, _, verify = bench
    done = verify("--due", "--jobs", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 entries up to date, 3 to be run, 1 of them base claims" in done.stdout
    assert "3 as expected, 0 failed" in done.stdout
    told = entries(folder)
    assert [(e["sabotage"], e["null"]) for e in told] == [("", False), ("", True), ("shuffle_labels", False)]
    path = folder / "ledger.jsonl"
    path.write_text("".join(f"{json.dumps(e | {'ref_s': 500.0})}\n" for e in told))
    before = path.read_text()
    found = verify("--check", "1", "--no-write")
    assert found.returncode == 1
    assert "3 entries up to date, 0 to be run" in found.stdout
    assert "the ledger says 500 reference-seconds" in found.stdout
    assert path.read_text() == before
    path.write_text(before.replace('["holds"]', '["open"]', 1))
    lost = verify("--due")
    assert "LOST   10_test on hospital:chest_xray: claim 1 open, stored: holds, says the ledger" in lost.stdout
    assert lost.returncode == 1
    path.write_text(before + "<<<<<<< HEAD\n")
    assert "ledger.jsonl, line 4 is not an entry of the ledger" in verify("--due").stderr


def test_lost_claims_failures_and_budgets_have_their_own_words_and_statuses(bench):
    _, write, verify = bench
    write(budget={"cpu_s": 0.001, "ram_mb": 500})
    over = verify("10", "--no-write")
    assert (over.returncode, over.stdout.count("OVER   10_test")) == (3, 1), over.stdout
    assert "1 over budget" in over.stdout
    write("refuted")
    lost = verify("10", "--no-write")
    assert (lost.returncode, lost.stdout.count("LOST   10_test")) == (1, 1)
    assert "claim 1 refuted, stored: holds" in lost.stdout
    write('holds" + 1 / 0 + "')
    failed = verify("10", "--no-write")
    assert (failed.returncode, failed.stdout.count("FAILED 10_test")) == (1, 1)
    assert "1 failed" in failed.stdout


def test_no_run_begins_after_the_given_minutes(bench):
    folder, _, verify = bench
    done = verify("--due", "--minutes", "0")
    assert done.returncode == 1
    assert "not run within 0 minutes: 10_test on hospital:chest_xray" in done.stdout
    assert "base claims are among them, 1" in done.stdout
    assert not (folder / "ledger.jsonl").exists()


def test_others_leaves_base_claims_to_the_run_before_it(bench):
    _, _, verify = bench
    done = verify("--due", "--others", "--minutes", "0")
    assert done.returncode == 0, done.stdout
    assert "1 of them base claims" in done.stdout
    assert "not run within 0 minutes: 10_test on hospital:chest_xray, " in done.stdout
    assert "base claims are among them" not in done.stdout
    alone = verify("--others")
    assert alone.returncode == 1
    assert "--base and --others are parts of --due" in alone.stderr


def test_replication_adds_seeds_and_tells_in_how_many_a_claim_held(bench):
    folder, _, verify = bench
    for runs, added in ((2, 1), (1, 1)):  # the lesson as it stands is run only the first time
        done = verify("10", "--replicate", str(added), "--jobs", "2")
        assert (done.returncode, f"{runs} as expected, 0 failed" in done.stdout) == (0, True), done.stdout
    assert "10_test: claim 1 held in 3 of 3 seeds" in done.stdout
    assert [e["seed"] for e in entries(folder)] == [0, 1, 2]


def test_a_malformed_lesson_stops_no_other(bench):
    folder, _, verify = bench
    path = folder / "notebooks" / "10_test.ipynb"
    told = json.loads(path.read_text())
    told["metadata"]["medlab"]["id"] = "20_bad"
    told["cells"].append({"cell_type": "nonsense"})
    (folder / "notebooks" / "20_bad.ipynb").write_text(json.dumps(told))
    done = verify("--due", "--base")
    assert done.returncode == 1
    assert "1 as expected, 1 failed" in done.stdout
    assert "FAILED 20_bad" in done.stdout


def test_the_statuses_are_in_the_help():
    text = " ".join(medlab("verify", "--help").stdout.split())
    assert "3, nothing worse than a budget exceeded" in text
