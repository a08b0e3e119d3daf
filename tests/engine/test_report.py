import json
import xml.etree.ElementTree as ElementTree

import nbformat
import pytest

from medlab.engine import report
from medlab.engine import run as runner
from tests.engine.test_run import lesson

EVIL = "<script>alert(1)</script>'\"&\x00\x1b"


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
    good = runner.Run(made, {"preset": "cpu"}, record={"claims": claims}, notebook=notebook, cpu_s=3, peak_mb=100)
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
    assert "failed in cell 2" in text
    assert "notebooks/%C3%B6%20%7B1%7D%25.html" in text
    assert 'alt="A bone"' in (tmp_path / "report" / "notebooks" / "ö {1}%.html").read_text(encoding="utf-8")


def test_a_notebook_that_cannot_be_shown_stops_no_report(runs, tmp_path):
    runs[0].output.write_text("{")
    report.write(runs, tmp_path / "report")
    assert "cannot be shown" in (tmp_path / "report" / "notebooks" / "ö {1}%.html").read_text(encoding="utf-8")
