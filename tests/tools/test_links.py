from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from medlab.lesson import catalogue
from tools import links

ROOT = Path(__file__).resolve().parents[2]
PLACE = links.Place("someone/teaching", "main", "https://hub.x.edu")


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda lesson: lesson.id)
def test_links_lead_to_files_that_exist(lesson):
    opened = parse_qs(urlsplit(links.binder(lesson, PLACE)).query)["urlpath"][0]
    assert (ROOT / opened.removeprefix("lab/tree/")).is_file()
    pulled = parse_qs(urlsplit(links.pull(lesson, PLACE)).query)
    assert pulled["repo"] == ["https://github.com/someone/teaching"]
    assert (ROOT / pulled["urlpath"][0].removeprefix("lab/tree/teaching/")).is_file()


def test_without_a_repository_there_are_no_links_that_lead_nowhere():
    text = links.page(catalogue(), links.Place())
    assert "mybinder.org" not in text
    assert "hub/user-redirect" not in text
    assert "pyproject.toml" in text


def test_without_a_hub_there_is_no_column_of_the_hub():
    lessons = catalogue()
    text = links.page(lessons, links.Place("someone/teaching"))
    assert text.count("mybinder.org/v2") == len(lessons)
    assert "git-pull" not in text
    assert links.page(lessons, PLACE).count("git-pull") == len(lessons)


def test_pages_name_no_address_that_is_not_set():
    place = links.published(ROOT)
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "CITATION.cff"):
        text = path.read_text(encoding="utf-8")
        assert "OWNER/" not in text, path
        assert "example.org" not in text, path
        assert place.repository or "github.com/" not in text.replace("github.com/{", ""), path
