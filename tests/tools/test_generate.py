from pathlib import Path

import pytest

from medlab.errors import MedlabError
from medlab.lesson import catalogue
from tools import generate, links

ROOT = Path(__file__).resolve().parents[2]


def test_no_page_is_stale():
    for name, text in generate.pages(ROOT).items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name} is stale: python -m tools.generate"


def test_the_readme_has_a_row_for_each_lesson_under_its_part():
    text = generate.table(catalogue(), ROOT)
    for lesson in catalogue():
        row = f"[{lesson.id}]({lesson.path.relative_to(ROOT).as_posix()}) | {lesson.question} |"
        assert text.index(f"**{lesson.part}**") < text.index(row)


def test_levels_follow_what_must_be_read_before():
    lessons = {lesson.id: lesson for lesson in catalogue()}
    assert generate.level(lessons["00_start_here"], list(lessons.values())) == "first"
    for lesson in lessons.values():
        level = generate.level(lesson, list(lessons.values()))
        assert (level == "first") == (not lesson.needs)


def test_the_readme_has_a_picture_of_each_part_that_links_its_lesson(tmp_path):
    lessons = catalogue()
    assert generate.gallery(lessons, tmp_path) == ""
    (tmp_path / "docs" / "lessons").mkdir(parents=True)
    for number in ("13", "14", "41", "51", "61"):
        (tmp_path / "docs" / "lessons" / f"{number}.png").write_bytes(b"x")
    text = generate.gallery(lessons, tmp_path)
    assert [f"{number}.png" in text for number in ("13", "14", "41", "51", "61")] == [True, False, True, True, True]
    assert "docs/lessons/13.png)](notebooks/1_images/13_patients_not_images.ipynb)" in text
    assert {line.count("|") for line in text.splitlines()} == {4}


def test_a_published_repository_is_named_by_clone_and_citation():
    place = links.Place("someone/teaching")
    assert "git clone https://github.com/someone/teaching.git" in generate.clone(place)
    assert generate.address(place) == "repository-code: https://github.com/someone/teaching\n"
    assert generate.address(links.Place()) == ""


def test_a_page_without_its_block_is_refused():
    with pytest.raises(MedlabError, match="exactly one block 'lessons'"):
        generate._filled("# A page", "lessons", "text", "x.md")
