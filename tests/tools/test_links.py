from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from medlab.lesson import catalogue
from tools import links

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_holds_every_lesson_as_its_notebook_describes_it():
    assert (ROOT / "docs" / "online.md").read_text(encoding="utf-8") == links.page(catalogue()), (
        "write it anew: python -m tools.links"
    )


@pytest.mark.parametrize("lesson", catalogue(), ids=lambda lesson: lesson.id)
def test_links_lead_to_files_that_exist(lesson):
    opened = parse_qs(urlsplit(links.binder(lesson)).query)["urlpath"][0]
    assert (ROOT / opened.removeprefix("lab/tree/")).is_file()
    pulled = parse_qs(urlsplit(links.pull(lesson)).query)
    assert pulled["repo"] == [f"https://github.com/{links.REPOSITORY}"]
    assert (ROOT / pulled["urlpath"][0].removeprefix("lab/tree/medlab/")).is_file()


def test_the_repository_is_named_in_one_place():
    for name in ("README.md", "docs/jupyterhub.md", "binder/environment.yml", "pyproject.toml"):
        assert links.REPOSITORY not in (ROOT / name).read_text(encoding="utf-8"), name
