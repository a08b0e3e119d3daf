from pathlib import Path

import pytest

from medlab.lesson import catalogue, find
from tools import links
from tools.site.addresses import doc
from tools.site.facts import facts
from tools.site.held import Held
from tools.site.lesson_page import page, with_dois
from tools.site.runs import Executed
from tools.site.tested import how_tested

LESSONS = catalogue()
LESSON = find("41")
ESTIMATE = {"value": 0.04, "low": 0.026, "high": 0.061, "unit": "", "n": 624}
CLAIMS = [
    {"statement": f"Claim <{k}>", "verdict": verdict, "above": 0, "below": None, "estimate": ESTIMATE}
    for k, verdict in enumerate(["holds", "holds", "open", "holds"])
]
RECORD = {"finished": "2026-11-28T17:22:53+00:00", "device": "cpu", "versions": {"torch": "2.13.0", "numpy": "2.4"}}
RUN = {"ref_s": 55.6, "peak_mb": 600.2, "record": RECORD | {"peak_mb": 590.0, "claims": CLAIMS}}
FAKE = "print('an output')"


def made(run, place=None, held=None, to=Path("unused")):
    return page(run, held or Held(), LESSONS, place=place or links.Place(), figures=to)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)
def test_no_page_shows_a_solution_or_what_the_check_says_of_it(lesson):
    outputs = {
        cell["id"]: [{"output_type": "stream", "name": "stdout", "text": FAKE}]
        for cell in lesson.notebook["cells"]
        if cell["cell_type"] == "code"
    }
    cells = made(Executed(lesson, outputs=outputs))["cells"]
    assert not any("BEGIN SOLUTION" in "".join(cell["source"]) for cell in cells)
    tags = {cell["id"]: cell["metadata"].get("tags", []) for cell in lesson.notebook["cells"] if "id" in cell}
    for cell in cells:
        if cell["cell_type"] == "code":
            hidden = {"exercise", "check"} & set(tags[cell["id"]])
            assert bool(cell["outputs"]) is not bool(hidden)


def test_the_page_begins_with_number_and_title_and_ends_with_the_tests():
    cells = made(Executed(LESSON))["cells"]
    assert "".join(cells[0]["source"]).startswith("# 41 ")
    assert cells[1]["id"] == "facts"
    assert cells[-1]["source"].startswith("## How this lesson was tested")


def test_facts_say_time_needs_data_cost_and_claims():
    held = Held({"pneumoniamnist": [(9, 10), (10, 10), (8, 10), (10, 10)]})
    text = facts(Executed(LESSON, run=RUN), held, LESSONS, place=links.Place())
    assert f"{LESSON.minutes['teach']} minutes to read and run" in text
    assert 'href="../../notebooks/00_start_here.html"' in text
    assert 'href="../../data.html#data-pneumoniamnist"' in text
    assert 'href="../../hospital.html"' in text
    assert "56 <abbr" in text
    assert f"(budget {LESSON.budget['cpu_s']:.0f})" in text
    assert "600 MB" in text
    assert "holds: 3, open: 1" in text
    assert "2026-11-28, cpu, torch 2.13.0" in text
    assert "held in 8 of 10 fresh seeds" in text
    assert 'href="../../downloads/41_classification.ipynb"' in text


def test_binder_is_offered_only_where_the_repository_is_published():
    run = Executed(LESSON)
    assert "mybinder.org" not in facts(run, Held(), LESSONS, place=links.Place())
    text = facts(run, Held(), LESSONS, place=links.Place("someone/teaching"))
    assert "https://mybinder.org/v2/gh/someone/teaching/main" in text


def test_each_claim_has_its_interval_seeds_sabotages_and_subject():
    name = next(iter(LESSON.sabotages))
    held = Held({"pneumoniamnist": [(9, 10)] * 4}, {name: ("refuted", "open", "open", "open")}, ("open",) * 4)
    text = how_tested(Executed(LESSON, run=RUN), held, up="../../")
    rows = text.split("<tr>")[2:]
    assert len(rows) == 4
    assert "Claim &lt;0&gt;" in rows[0]
    assert "0.04 (0.026 to 0.061), bound: above 0" in rows[0]
    assert "9 of 10" in rows[0]
    for k, row in enumerate(rows):
        assert (name in row) == (k + 1 in LESSON.sabotages[name])
    first = LESSON.sabotages[name][0] - 1
    assert f"{name}: {'refuted' if first == 0 else 'open'}" in rows[first]


def test_without_run_and_ledger_the_stored_claims_are_shown():
    text = how_tested(Executed(LESSON, missing="the lesson was not executed"), Held(), up="../../")
    assert all(statement.partition("'")[0] in text for _, statement in LESSON.stored_claims)
    assert " of 10" not in text
    assert "not executed" in facts(
        Executed(LESSON, missing="the lesson was not executed"), Held(), LESSONS, place=links.Place()
    )


def test_a_doi_with_brackets_and_signs_is_one_link():
    text = with_dois("- Nyul 1999, doi:10.1002/(SICI)1522(199912)42:6<1072::AID-MRM11>3.0.CO;2-M")
    assert text.endswith("(https://doi.org/10.1002/(SICI)1522(199912)42:6%3C1072::AID-MRM11%3E3.0.CO;2-M)")
    assert with_dois("(doi:10.1/x)") == "(doi:10.1/x)"  # no DOI: its prefix has at least four digits


def test_pages_lie_as_the_notebooks_do():
    root = LESSON.path.parents[2]
    for lesson in LESSONS:
        assert (root / f"{doc(lesson)}.ipynb").is_file()
