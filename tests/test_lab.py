import base64
import errno
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

import medlab
from medlab import lab as lab_room
from medlab.errors import MedlabError
from medlab.stats import Estimate
from tests.own_data import unlabeled


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_RECORD", str(tmp_path / "record.json"))
    return medlab.begin("41_classification", preset="cpu", data="hospital:chest_xray")


def estimate(low=0.1, high=0.2):
    return Estimate(0.15, low, high, n_patients=9)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"preset": "cpuu"}, "did you mean 'cpu'"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 1.5}, "seed 1.5"),
        ({"seed": True}, "seed True"),
        ({"sabotage": "shufle_labels"}, "did you mean 'shuffle_labels'"),
    ],
)
def test_wrong_parameters_are_explained(wrong, message):
    with pytest.raises(MedlabError, match=message):
        medlab.begin("41_classification", **{"data": "hospital:chest_xray", **wrong})


def test_an_unknown_lesson_or_source_is_explained(lab):
    with pytest.raises(MedlabError, match="did you mean '41_classification'"):
        medlab.begin("41_clasification")
    lab.source = "pneumonia_mnist"
    with pytest.raises(MedlabError, match="did you mean 'pneumoniamnist'"):
        lab.open()


def test_pick_takes_the_preset(lab):
    assert lab.pick(smoke=1, cpu=2, gpu=3) == 2


def test_other_lesson_seeds_give_other_training_seeds(lab):
    other = medlab.begin("41_classification", seed=1, data="hospital:chest_xray")
    assert len(set(lab.seeds(3)) | set(other.seeds(3))) == 6
    assert lab.rng.random() != other.rng.random()


def test_a_sabotage_must_be_declared(lab):
    assert not lab.sabotaged("shuffle_labels")
    with pytest.raises(MedlabError, match="unknown sabotage"):
        lab.sabotaged("no_noise")


def test_the_record_tells_everything(lab, tmp_path):
    cohort = lab.open(simulated={"patients": 12, "size": 16})
    lab.claim("It works", estimate(), above=0)
    assert repr(lab.verdicts()) == "holds  It works"
    record = json.loads((tmp_path / "record.json").read_text())
    assert record["data"]["patients"] == 12
    assert record["data"]["images"] == len(cohort)
    assert record["data"]["simulated"] is True
    assert record["claims"][0]["estimate"]["low"] == 0.1
    assert record["peak_mb"] > 50
    assert {"python", "torch", "numpy"} <= set(record["versions"])


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, in order."""
    found = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **extra: found.append((thing, extra)))
    return found


def test_verdicts_draw_the_forest_with_words_from_the_claims(lab, shown):
    lab.claim("It works", estimate(), above=0)
    lab.claim("It works well", estimate(), above=0.15)
    table = lab.verdicts()
    assert [verdict.split()[0] for verdict in repr(table).splitlines()] == ["holds", "open"]
    (picture, words), *others = shown
    assert (set(picture), others) == ({"image/png"}, [])  # nbval leaves out pictures, and nothing else of a figure
    assert base64.b64decode(picture["image/png"]).startswith(b"\x89PNG")
    assert "It works well: open, 0.15" in words["metadata"]["image/png"]["alt"]


def test_the_caption_of_the_forest_is_drawn_below_it(lab, shown):
    lab.claim("It works well", estimate(), above=0.15)
    figure = medlab.figures.forest(lab.claims)
    medlab.figures.show(figure, caption="One claim in $US$", alt="A forest plot of one claim.", inside=True)
    assert figure.get_supxlabel() == "One claim in $US$"


@pytest.mark.parametrize("source", ["hospital:chest_xray", "hospital:pet"])
def test_on_other_data_the_forest_says_that_claims_may_fail(lab, monkeypatch, source):
    said = []
    monkeypatch.setattr(lab, "show", lambda figure, **words: said.append(words["caption"]))
    lab.source = source
    lab.claim("It works", estimate(), above=0)
    lab.verdicts()
    assert ("may be open or refuted" in said[0]) == (source == "hospital:pet")


def test_verdicts_without_a_claim_show_nothing(lab, shown):
    assert repr(lab.verdicts()) == "no claims"
    assert shown == []


def test_a_cell_that_is_run_twice_does_not_double_its_claims(lab, shown):
    for low in (0.1, -0.1):
        lab.claim("First", estimate(low), above=0)
        lab.claim("Second", estimate(), above=0)
        lab.verdicts()
    assert [(claim.statement, claim.verdict) for claim in lab.claims] == [("First", "open"), ("Second", "holds")]
    assert [claim["statement"] for claim in lab.record()["claims"]] == ["First", "Second"]


def test_the_banner_has_two_lines_and_folds_the_rest(lab):
    lab.source, lab.reason = 'hospital:<script>alert("x")</script>', "<b>no network</b>"
    lab.advice = "<i>connect</i>"
    seen, folded = lab._repr_html_().split("<details>")
    assert seen.count("<br>") == 1
    assert "SIMULATED" in seen
    assert "&lt;script&gt;" in seen
    assert "<script>" not in seen
    assert "&lt;b&gt;no network" in seen
    assert "&lt;i&gt;connect" in folded
    assert "torch" in folded


def test_smoke_is_not_judged():
    lab = medlab.begin("41_classification", preset="smoke", data="hospital:chest_xray")
    assert lab.claim("It works", estimate(), above=0).verdict == "not judged"
    assert "mean nothing" in lab._repr_html_()


def test_options_for_files_do_not_reach_the_hospital(tmp_path):
    options = {"simulated": {"patients": 4, "size": 16}, "acquired": {"fit": "crop", "size": 32}}
    hospital = medlab.begin("41_classification", preset="smoke", data="hospital:chest_xray").open(**options)
    assert hospital.images.shape[2:] == (16, 16)
    files = medlab.begin("62", preset="smoke", data=str(unlabeled(tmp_path, 20))).open(**options)
    assert files.images.shape[2:] == (32, 32)


def test_without_the_data_the_hospital_takes_their_place_and_everything_says_so(monkeypatch, tmp_path):
    monkeypatch.delenv("MEDLAB_MIRROR", raising=False)
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    monkeypatch.setenv("MEDLAB_RECORD", str(tmp_path / "record.json"))
    lab = medlab.begin("41_classification", preset="smoke", data="pneumoniamnist")
    cohort = lab.open(simulated={"patients": 8, "size": 16})
    assert cohort.simulated
    assert lab.source == "hospital:chest_xray"
    assert "pneumoniamnist" in lab._repr_html_()
    assert "SIMULATED" in lab._repr_html_()
    assert "simulated" in cohort.source
    record = lab.record()
    assert record["data"]["asked"] == "pneumoniamnist"
    assert record["data"]["used"] == "hospital:chest_xray"
    assert "could not be downloaded" in record["data"]["reason"]


def test_a_damaged_mirror_is_an_error_and_no_fallback(monkeypatch, tmp_path):
    (tmp_path / "medmnist").mkdir()
    (tmp_path / "medmnist" / "pneumoniamnist.npz").write_bytes(b"<html>sign in</html>")
    monkeypatch.setenv("MEDLAB_MIRROR", str(tmp_path))
    with pytest.raises(MedlabError, match="not the published file"):
        medlab.begin("41_classification", data="pneumoniamnist")


def test_sabotage_is_written_all_over():
    lab = medlab.begin("41_classification", data="hospital:chest_xray", sabotage="tune_on_test")
    assert "BROKEN ON PURPOSE: tune_on_test" in lab._repr_html_()
    assert lab.record()["sabotage"] == "tune_on_test"
    assert lab.sabotaged("tune_on_test")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_record_that_cannot_be_kept_stops_nothing(lab, monkeypatch, capsys, code):
    def refuse(path, text):
        raise OSError(code, os.strerror(code))

    lab.claim("It works", estimate(), above=0)
    monkeypatch.setattr(lab_room, "write_whole", refuse)
    said = []
    monkeypatch.setattr(lab_room, "_say", said.append)
    assert repr(lab.verdicts()) == "holds  It works"
    assert os.strerror(code) in said[0]
    assert "could not be kept" in said[0]


def test_a_record_goes_elsewhere_where_its_place_is_taken(lab, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MEDLAB_RECORD", str(tmp_path / "file" / "record.json"))
    said = []
    monkeypatch.setattr(lab_room, "_say", said.append)
    kept = lab.keep_record()
    assert json.loads(Path(kept).read_text())["lesson"] == "41_classification"
    assert str(kept) in said[0]
    Path(kept).unlink()


def test_writing_is_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "record.json"
    lab_room.write_whole(target, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        lab_room.write_whole(target, "new")
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_captions_name_the_source(lab, monkeypatch):
    from matplotlib.figure import Figure

    lab.open(simulated={"patients": 6, "size": 16})
    shown = {}
    monkeypatch.setattr(lab_room.figures, "show", lambda figure, **words: shown.update(words))
    lab.show(Figure(), caption="A picture.", alt="A picture of nothing at all.")
    assert "simulated" in shown["caption"]
    assert shown["alt"] == "A picture of nothing at all."


def test_the_record_names_the_device_that_took_the_steps(lab):
    def stepped(device, times):
        layer = torch.nn.Linear(2, 1, device=device)
        layer(torch.ones(1, 2, device=device)).sum().backward()
        optimizer = torch.optim.SGD(layer.parameters())
        for _ in range(times):
            optimizer.step()

    lab.device = torch.device("meta")
    assert lab.record()["device"] == "cpu"
    stepped("meta", 2)
    assert lab.record()["device"] == "meta"
    stepped("cpu", 3)
    assert lab.record()["device"] == "cpu, meta"
    assert medlab.begin("41_classification", data="hospital:chest_xray").record()["device"] == "cpu"


def test_the_record_names_what_was_loaded(lab, tmp_path):
    lab.verdicts()
    record = json.loads((tmp_path / "record.json").read_text())
    assert {"medlab", "medlab.lab", "data_fetch.cards"} <= set(record["modules"])
    assert not any(name.startswith(("torch", "tests")) for name in record["modules"])
    assert {"torch", "numpy"} <= set(record["packages"])
    assert "json" not in record["packages"]
    assert record["null"] is False


def test_the_record_is_kept_while_another_thread_imports(lab):
    ended = threading.Event()

    def grow():
        number = 0
        while not ended.is_set():
            sys.modules[f"zz_late{number % 500}"] = sys.modules.pop(f"zz_late{(number - 400) % 500}", sys)
            number += 1

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        for _ in range(300):
            assert "medlab.lab" in lab.record()["modules"]
    finally:
        ended.set()
        thread.join()
        for name in [name for name in list(sys.modules) if name.startswith("zz_late")]:
            del sys.modules[name]


def test_modules_loaded_after_the_verdicts_are_in_the_record_of_a_kernel(tmp_path):
    code = """
import medlab
lab = medlab.begin("41_classification", preset="smoke", data="hospital:chest_xray")
lab.verdicts()
import medlab.physics.tomography
"""
    env = os.environ | {"MEDLAB_RECORD": str(tmp_path / "record.json"), "MEDLAB_NULL": "1"}
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    record = json.loads((tmp_path / "record.json").read_text())
    assert "medlab.physics.tomography" in record["modules"]
    assert record["null"] is True
