import dataclasses
import json
import re
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest

from medlab.engine import page, report
from medlab.engine import run as runner
from tests.engine.test_run import lesson

EVIL = "<script>alert(1)</script>'\"&\x00\x1b"

DATA = {"used": "hospital:chest_xray", "simulated": True}


@pytest.fixture
def runs(tmp_path):
    """One good run with a notebook, and one that failed; both say hostile things."""
    made = lesson(tmp_path, title=EVIL, question=EVIL)
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6}
    claims = [
        {"statement": EVIL, "verdict": "holds", "above": 0.3, "below": None, "estimate": estimate},
        {"statement": "none", "verdict": "open", "above": 0.3, "estimate": dict.fromkeys(estimate, float("nan"))},
    ]
    output = nbformat.v4.new_output("display_data", {"text/html": f"<b>shown</b>{EVIL[:25]}", "image/png": "aaaa"})
    picture = nbformat.v4.new_output("display_data", {"image/png": "aaaa"}, metadata={"image/png": {"alt": "A bone"}})
    cell = nbformat.v4.new_code_cell("1", outputs=[output, picture])
    notebook = json.loads(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
    good = runner.Run(
        made, {"preset": "cpu"}, record={"claims": claims, "data": DATA}, notebook=notebook, cpu_s=3, peak_mb=100
    )
    good = runner.keep(good, tmp_path / "out" / "ö {1}%.ipynb")
    bad = runner.Run(made, {"data": EVIL}, status="failed", cell=2, source=EVIL, error=f"{EVIL}\nError")
    for run in (good, bad):
        run.wrong = run.complaints()
    return [good, bad]


def test_a_report_holds_page_junit_and_json(runs, tmp_path):
    page = report.write(runs, tmp_path / "report")
    assert page.name == "index.html"
    told = json.loads((tmp_path / "report" / "report.json").read_text())
    assert [run["status"] for run in told["runs"]] == ["passed", "failed"]
    suite = ElementTree.parse(tmp_path / "report" / "junit.xml").find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "failed in cell 2" in suite.find("testcase/failure").get("message")
    assert "Error" in suite.find("testcase/failure").text


def test_nothing_from_a_notebook_becomes_markup_or_is_loaded(runs, tmp_path):
    report.write(runs, tmp_path / "report")
    pages = list((tmp_path / "report").rglob("*.html"))
    assert len(pages) == 2
    for path in pages:
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "default-src 'none'" in text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


def test_the_page_shows_intervals_costs_and_failures(runs, tmp_path):
    text = report.write(runs, tmp_path / "report").read_text(encoding="utf-8")
    assert "estimate 0.5, interval 0.4 to 0.6, bound 0.3" in text
    assert "no interval" in text
    assert "3 of 10" in text
    assert "100 of 500" in text
    assert "hospital:chest_xray (simulated)" in text
    assert "failed in cell 2" in text
    assert "notebooks/%C3%B6%20%7B1%7D%25.html" in text
    assert 'alt="A bone"' in (tmp_path / "report" / "notebooks" / "ö {1}%.html").read_text(encoding="utf-8")


def test_a_notebook_that_cannot_be_shown_stops_no_report(runs, tmp_path):
    runs[0].output.write_text("{")
    report.write(runs, tmp_path / "report")
    assert "cannot be shown" in (tmp_path / "report" / "notebooks" / "ö {1}%.html").read_text(encoding="utf-8")


LIVE = """<meta http-equiv="refresh" content="0;url=http://evil.example"><base href="http://evil.example">
<iframe src="http://evil.example"></iframe><svg onload="x()"><use href="http://evil.example"/></svg>
<form action="http://evil.example"><button>b</button></form><a href="java\tscript:x()" onclick="x()">link</a>
<img src="http://evil.example/a.png" onerror="x()"><div style="background: url(http://evil.example)">kept</div>
<style>@import "http://evil.example"</style><script>x()</script>"""


@pytest.mark.parametrize("kind", ["text/html", "text/markdown", "image/svg+xml", "text/plain", "text/latex"])
def test_no_output_of_a_notebook_is_live_on_its_page(tmp_path, kind):
    outputs = [nbformat.v4.new_output("display_data", {kind: LIVE}), nbformat.v4.new_output("stream", text=LIVE)]
    cells = [nbformat.v4.new_code_cell("1", outputs=outputs), nbformat.v4.new_markdown_cell(LIVE)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    body = page.notebook_page(tmp_path / "a.ipynb", LIVE).partition("<body>")[2]
    assert "kept" in body
    tags = [tag.lower() for tag in re.findall(r"<[^>]*>", body)]
    assert not [tag for tag in tags if re.match(r"</?(meta|base|iframe|svg|use|form|button|style|script)\b", tag)]
    assert not [tag for tag in tags if re.search(r"\bon\w+=|evil|javascript|url\(", tag.replace("\t", ""))]


def test_what_no_file_can_hold_is_shown_in_another_way(tmp_path):
    half = "half \ud800 \x1b[31m \x00"
    run = runner.Run(lesson(tmp_path, title=half, question=half), {}, status="failed", source=half, error=half)
    run.wrong, run.peak_mb = run.complaints(), float("nan")
    report.write([run], tmp_path / "report")
    told = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)
    assert told["runs"][0]["peak_mb"] == "nan"
    ElementTree.parse(tmp_path / "report" / "junit.xml")
    assert "half" in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")


def test_an_output_without_end_is_cut(tmp_path):
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="x" * 10_000_000)])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    text = page.notebook_page(tmp_path / "a.ipynb", "t")
    assert len(text) < 200_000
    assert "cut: 10000000 characters" in text


def test_lost_claims_and_an_exceeded_budget_are_different_words(runs, tmp_path):
    lost, over = runs[0], dataclasses.replace(runs[0], cpu_s=100.0)
    lost.wrong = ["claim 1 refuted, stored: holds"]
    text = report.write([lost, over], tmp_path / "report").read_text(encoding="utf-8")
    assert "<span class='bad'>lost claims</span>" in text
    assert "<span class='over'>over budget</span>" in text
