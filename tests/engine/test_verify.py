import json
import math

import pytest

from medlab.engine import run as runner
from medlab.engine import verify
from medlab.engine.ledger import Case, Ledger, cases
from medlab.errors import MedlabError
from medlab.lesson import Lesson
from tests.engine.test_ledger import entry, write
from tests.engine.test_run import PARAMETERS
from tests.test_lesson import notebook

STATEMENTS = ("It learns", "It is bright")


def stored(folder, *verdicts, cells=(), **changes):
    """Make a lesson that stores verdicts of its two claims, both about networks."""
    changes = {"claims": [{"about": "networks"}] * 2} | changes
    path = notebook(
        folder, cells=[PARAMETERS, *((cell, []) for cell in cells), ("", ["nbval-check-output"])], **changes
    )
    told = json.loads(path.read_text())
    text = [f"{verdict:<8}  {s}\n" for verdict, s in zip(verdicts, STATEMENTS, strict=False)]
    output = {"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 1}
    told["cells"][-1]["outputs"] = [output]
    path.write_text(json.dumps(told))
    return Lesson.read(path)


def done(made, *verdicts, null=False, **parameters):
    """Make a run of a lesson that came to verdicts."""
    numbers = dict.fromkeys(("value", "low", "high"), 0.1)
    claims = [{"statement": s, "verdict": v, "estimate": numbers} for s, v in zip(STATEMENTS, verdicts, strict=False)]
    return runner.Run(made, {"preset": "cpu", **parameters}, record={"claims": claims, "modules": []}, null=null)


def judged(made, ledger, *verdicts, **more):
    run = done(made, *verdicts, **more)
    verify.judge_run(run, verify.case_of(run), ledger)
    return run


@pytest.fixture
def empty(tmp_path):
    return Ledger(tmp_path / "ledger.jsonl")


def test_stored_verdicts_are_read(tmp_path):
    assert stored(tmp_path, "holds", "open").stored_claims == [("holds", "It learns"), ("open", "It is bright")]


def test_verdicts_are_compared_with_the_stored_ones(tmp_path, empty):
    made = stored(tmp_path, "holds", "open")
    assert judged(made, empty, "holds", "open").word == "ok"
    lost = judged(made, empty, "open", "open")
    assert lost.wrong == ["claim 1 open, stored: holds (0.100, 95 % CI 0.100 to 0.100)"]
    assert lost.word == "LOST"
    assert "made 1 claims, the notebook stores 2" in judged(made, empty, "holds").wrong[0]
    assert "statements differ" in judged(stored(tmp_path, "holds"), empty, "holds", "open").wrong[-1]


def test_a_claim_too_many_or_too_few_in_the_metadata_is_found(tmp_path, empty):
    made = stored(tmp_path, "holds", "open", claims=[{"about": "data"}])
    assert "metadata.medlab.claims names 1" in judged(made, empty, "holds", "open").wrong[0]


def test_a_sabotage_that_changes_nothing_is_found(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds")
    fallen = judged(made, empty, "open", "refuted", sabotage="shuffle_labels")
    assert (fallen.wrong, fallen.notes) == ([], ["claims that fell too, without being named: 2"])
    assert "claim 1 still holds" in judged(made, empty, "holds", "open", sabotage="shuffle_labels").wrong[0]
    with pytest.raises(MedlabError, match="unknown sabotage"):
        Case.of(made, sabotage="no_noise")


def test_a_claim_about_networks_must_not_hold_when_none_learns(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds")
    run = judged(made, empty, "open", "holds", null=True)
    assert "claim 2 holds although no network learned" in run.wrong[0]
    assert any('{"about": "data"}' in note for note in run.notes)
    made = stored(tmp_path, "holds", "holds", claims=[{"about": "networks"}, {"about": "data"}])
    assert judged(made, empty, "open", "holds", null=True).word == "ok"
    assert judged(made, empty, "holds", "holds", null=True).word == "LOST"


def test_another_seed_is_judged_by_all_runs_together(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds")
    assert judged(made, empty, "refuted", "holds", seed=3).word == "ok"
    entries = [entry(made, Case.of(made, seed=k), verdicts=("open" if k < 2 else "holds", "holds")) for k in range(10)]
    assert verify.held(made, entries) == [(8, 10), (10, 10)]
    assert "claim 1 held in 8 of 10 seeds" in verify.lost_in_replication(made, entries)[0]
    assert verify.lost_in_replication(made, entries[1:]) == []
    write(empty.path, *entries)
    found = [text for _, text in verify.judge_ledger([made], Ledger(empty.path))]
    assert [text[:23] for text in found] == ["claim 1 open, stored: h", "claim 1 held in 8 of 10"]


def test_a_made_up_entry_is_found_by_a_run(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds")
    write(empty.path, entry(made, Case.of(made), verdicts=("holds", "holds"), ref_s=1))
    ledger = Ledger(empty.path)
    assert judged(made, ledger, "holds", "holds").word == "ok"
    assert "the ledger says of claim 2: holds; this run: open" in judged(made, ledger, "holds", "open").wrong[-1]
    cheap = done(made, "holds", "holds")
    cheap.cpu_s = 40
    verify.judge_run(cheap, Case.of(made), ledger)
    assert cheap.wrong == ["the ledger says 1 reference-seconds; this run: 40"]
    wider = done(made, "holds", "holds")
    wider.record["modules"] = ["medlab.lab"]
    verify.judge_run(wider, Case.of(made), ledger)
    assert "loaded modules" in wider.wrong[0]


def test_what_is_due_are_base_claims_first_and_then_the_oldest(tmp_path):
    made = []
    for name in ("10_a", "20_b"):
        (tmp_path / name).mkdir()
        made.append(stored(tmp_path / name, "holds", "holds", name=f"{name}.ipynb", id=name))
    path = tmp_path / "ledger.jsonl"
    assert [c for _, c in verify.due(made, Ledger(path)).stale][:2] == [Case.of(x) for x in made]
    days = {("10_a", "", False): 3, ("10_a", "shuffle_labels", False): 2, ("10_a", "", True): 1}
    old = [
        entry(made[0], case, date=f"2026-01-0{days[case.lesson, case.sabotage, case.null]}T00:00:00+00:00", key="stale")
        for case in cases(made[0])
    ]
    write(path, *old, *(entry(made[1], case) for case in cases(made[1])))
    found = verify.due(made, Ledger(path))
    assert [case for _, case in found.stale] == [
        Case.of(made[0]), Case.of(made[0], null=True), Case.of(made[0], sabotage="shuffle_labels"),
    ]  # fmt: skip
    assert {e.case.lesson for _, e in found.fresh} == {"20_b"}


def test_data_that_are_not_here_are_not_due(tmp_path, monkeypatch):
    monkeypatch.delenv("MEDLAB_MIRROR", raising=False)
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "none"))
    made = stored(tmp_path, "holds", data={"default": "hospital:chest_xray", "alternatives": ["breastmnist"]})
    found = verify.due([made], Ledger(tmp_path / "ledger.jsonl"))
    assert found.absent == [Case.of(made, data="breastmnist")]
    assert found.absent[0] not in [case for _, case in found.stale]


def test_replication_takes_seeds_that_were_never_used(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds")
    write(empty.path, *(entry(made, Case.of(made, seed=k), key="stale") for k in (0, 1, 4)))
    assert [case.seed for case in verify.fresh_seeds(made, Ledger(empty.path), 2)] == [5, 6]
    added = [case for _, case in verify.due([made], Ledger(empty.path)).stale if case.seed]
    assert [case.seed for case in added] == [1, 4]


def test_what_is_drawn_is_up_to_date_and_not_always_the_same(tmp_path):
    made = stored(tmp_path, "holds", "holds")
    fresh = [(made, entry(made, Case.of(made, seed=k))) for k in range(30)]
    draws = [tuple(case.seed for _, case in verify.drawn(fresh, 3)) for _ in range(20)]
    assert len(set(draws)) > 1
    assert all(len(set(draw)) == 3 for draw in draws)
    assert len(verify.drawn(fresh, 99)) == 30


def test_runs_are_judged_written_and_stop_in_time(tmp_path, monkeypatch, empty):
    made = stored(tmp_path, "holds", "holds")
    monkeypatch.setattr(
        "medlab.engine.queue.execute",
        lambda lesson, parameters, limits, *, null, **_: done(lesson, "holds", "holds", null=null, **parameters),
    )
    work = [(made, case) for case in cases(made)]
    runs = verify.verify(work, empty, lessons=[made])
    assert [run.word for run in runs] == ["ok", "LOST", "LOST"]
    assert set(Ledger(empty.path).entries) == set(cases(made))
    assert verify.verify(work, empty, lessons=[made], until=-math.inf) == []
    before = empty.path.read_text()
    verify.verify(work[:1], empty)
    assert empty.path.read_text() == before


LEARNS = """
import json, os, torch, medlab
from medlab.training import null
undo = null.start() if null.wanted() else None
torch.manual_seed(0)
weight = torch.nn.Parameter(torch.zeros(1))
optimizer = torch.optim.AdamW([weight], lr=0.1, weight_decay=0.1)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
for _ in range(5):
    optimizer.zero_grad(); ((weight - 1) ** 2).sum().backward(); optimizer.step(); schedule.step()
verdicts = ["holds" if weight.item() > 0.05 else "refuted", "holds"]
e = {"value": weight.item(), "low": 0, "high": 1}
claims = [{"statement": s, "verdict": v, "estimate": e} for s, v in zip(("It learns", "It is bright"), verdicts)]
told = {"claims": claims, "modules": ["medlab.training.null"], "packages": ["torch"]}
told["undone_steps"] = undo.steps if undo else 0
json.dump(told, open(os.environ["MEDLAB_RECORD"], "w"))
"""


def test_a_null_run_undoes_what_a_kernel_learns(tmp_path, empty):
    made = stored(tmp_path, "holds", "holds", cells=[LEARNS])
    runs = verify.verify([(made, Case.of(made)), (made, Case.of(made, null=True))], empty, lessons=[made], workers=2)
    assert [run.verdicts for run in runs] == [["holds", "holds"], ["refuted", "holds"]]
    assert "claim 2 holds although no network learned" in runs[1].wrong[0]
    assert runs[1].record["undone_steps"] == 5
    assert 0 < runs[0].speed < 10
    assert Ledger(empty.path).entries[Case.of(made)].packages == ("torch",)
