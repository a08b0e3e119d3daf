import json

import pytest

from medlab.engine import run as runner
from medlab.engine.record import printable, read_record, wrong_in
from tests.engine.test_run import lesson

NAN = float("nan")
ESTIMATE = {"value": 0.5, "low": 0.4, "high": 0.6}
CLAIM = {"statement": "It works", "verdict": "holds", "above": 0.3, "below": None, "estimate": ESTIMATE}
RECORD = {"lesson": "x", "preset": "cpu", "claims": [CLAIM], "cpu_s": 1.5, "versions": {"python": "3"}, "data": {}}


def test_what_a_lesson_writes_is_read(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(RECORD))
    assert read_record(tmp_path / "r.json") == (RECORD, "")
    assert read_record(tmp_path / "none.json") == ({}, "")


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "5", '"x"', "NaN", "[" * 100_000, "\x00", '{"claims": null}'])
def test_what_is_no_record_is_told(tmp_path, text):
    (tmp_path / "r.json").write_text(text)
    record, complaint = read_record(tmp_path / "r.json")
    assert record == {}
    assert complaint.startswith("the record")


WRONG = [
    *({"claims": value} for value in (None, {}, "no", 5, [None], ["x"], [[]], [{}])),
    *({name: value} for name in ("cpu_s", "peak_mb") for value in (None, "3", NAN, -1, 1e999, True, [])),
    *({name: value} for name in ("data", "versions") for value in (None, [], "x", 5)),
    {"versions": {"python": 3}},
    {"device": None},
    *({"claims": [CLAIM | {"statement": value}]} for value in (None, 5, [])),
    *({"claims": [CLAIM | {"verdict": value}]} for value in (None, "fine", 5, ["holds"])),
    *({"claims": [CLAIM | {"estimate": value}]} for value in (None, 0.5, [], {}, {"value": 1})),
    *({"claims": [CLAIM | {"estimate": ESTIMATE | {"low": value}}]} for value in (None, NAN, "0.4", True, [], 10**400)),
    *({"claims": [CLAIM | {"above": value}]} for value in ("0.3", NAN, 1e999, True)),
    {"claims": [{name: value for name, value in CLAIM.items() if name != "estimate"}]},
]  # fmt: skip


@pytest.mark.parametrize("change", WRONG, ids=lambda change: ascii(change)[:60])
def test_a_record_of_a_wrong_form_is_told(change):
    assert wrong_in(RECORD) == ""
    assert wrong_in(RECORD | change).startswith("the record's ")


def test_at_smoke_a_number_may_be_missing_and_an_interval_may_have_no_end():
    none = {"claims": [CLAIM | {"verdict": "not judged", "estimate": dict.fromkeys(ESTIMATE, NAN)}]}
    assert wrong_in(RECORD | none | {"preset": "smoke"}) == ""
    assert wrong_in(RECORD | {"claims": [CLAIM | {"estimate": {"value": 1, "low": -1e999, "high": 1e999}}]}) == ""


def test_text_that_would_steer_a_terminal_is_made_harmless(tmp_path):
    evil = "\x1b[2J\x1b]0;title\x07 \ud800 \u202e done"
    (tmp_path / "r.json").write_text(json.dumps(RECORD | {"claims": [CLAIM | {"statement": evil}]}))
    assert read_record(tmp_path / "r.json")[0]["claims"][0]["statement"] == "??]0;title? ? ? done"
    assert printable("two\nlines\tand é, µ, 漢") == "two\nlines\tand é, µ, 漢"


def test_a_lesson_with_such_a_record_is_malformed_and_no_more(tmp_path):
    cell = (
        "import os\nopen(os.environ['MEDLAB_RECORD'], 'w').write('{\"claims\": [{\"verdict\": null}], \"cpu_s\": NaN}')"
    )
    done = runner.run(lesson(tmp_path, cell), output=tmp_path / "out.ipynb")
    assert (done.status, done.record, done.verdicts) == ("malformed", {}, [])
    assert "cpu_s is nan" in done.complaints()[0] or "claim 1" in done.complaints()[0]


@pytest.mark.parametrize("change", [{"seconds": "x"}, {"parameters": []}, {"record": {"claims": 5}}, {"status": 5}])
def test_what_was_kept_in_a_wrong_form_is_not_taken_up_again(tmp_path, change):
    told = runner.Run(lesson(tmp_path), {}, record=RECORD, notebook={"cells": [], "metadata": {}})
    runner.keep(told, tmp_path / "out.ipynb")
    book = json.loads((tmp_path / "out.ipynb").read_text())
    assert runner.kept(told.lesson, tmp_path / "out.ipynb")
    book["metadata"][runner.KEPT] |= change
    (tmp_path / "out.ipynb").write_text(json.dumps(book))
    assert runner.kept(told.lesson, tmp_path / "out.ipynb") is None
