from pathlib import Path

import pytest

from medlab.errors import MedlabError
from medlab.lesson import catalogue
from tools import paths

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LESSONS = catalogue()


def test_the_semester_has_twelve_weeks_with_the_times_of_their_lessons():
    weeks = paths.plan(DOCS / "paths.toml")["semester"]
    rows = paths.semester(weeks, LESSONS, DOCS).splitlines()[2:]
    assert len(rows) == 12
    of = {lesson.number: lesson for lesson in LESSONS}
    for week, row in zip(weeks, rows, strict=True):
        there = [of[number] for number in week["lessons"] if number in of]
        assert there, week
        times = [sum(lesson.minutes[kind] for lesson in there) for kind in ("teach", "exercise")]
        assert "| {} + {} |".format(*times) in row
        assert "](https://doi.org/10." in row
        assert all(f"{lesson.id}.ipynb" in row for lesson in there)


def test_every_lesson_is_in_the_semester_or_an_elective():
    told = paths.plan(DOCS / "paths.toml")
    text = paths.semester(told["semester"], LESSONS, DOCS) + paths.electives(told, LESSONS, DOCS)
    assert [lesson.id for lesson in LESSONS if text.count(f"{lesson.id}.ipynb") != 1] == []


def test_a_lesson_that_is_not_there_is_left_out():
    few = [lesson for lesson in LESSONS if lesson.number == "41"]
    stations = [{"lesson": "41", "ask": "a?"}, {"lesson": "99", "ask": "b?"}]
    assert "a?" in paths.radiologists(stations, few, DOCS)
    assert "b?" not in paths.radiologists(stations, few, DOCS)
    sessions = [{"day": "Saturday", "lessons": ["41"]}, {"day": "Sunday", "lessons": ["99"]}]
    assert "Sunday" not in paths.weekend(sessions, few, DOCS)


@pytest.mark.parametrize("has", [True, False])
def test_the_half_day_has_only_lessons_with_an_explorer(has, monkeypatch):
    monkeypatch.setattr(paths, "has_explorer", lambda lesson: has)
    stations = [{"lesson": LESSONS[0].number, "ask": "what?"}]
    assert ("what?" in paths.radiologists(stations, LESSONS, DOCS)) == has


def test_links_of_the_page_lead_to_notebooks():
    import re

    links = re.findall(r"\]\((\.\./[^)]+\.ipynb)\)", (DOCS / "paths.md").read_text(encoding="utf-8"))
    assert len(links) > 20
    assert [link for link in links if not (DOCS / link).is_file()] == []


@pytest.mark.parametrize("wrong", ["", "semester = [", "semester = []\nweekend = []"])
def test_a_file_without_all_paths_is_refused(tmp_path, wrong):
    (tmp_path / "paths.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(MedlabError, match="does not say the paths"):
        paths.plan(tmp_path / "paths.toml")
