import json

import pytest

from medlab.errors import MedlabError
from medlab.lesson import catalogue
from tools.site import build as module
from tools.site.build import assemble, build
from tools.site.check import Page, problems
from tools.site.runs import executed


def runs(checkout):
    return [executed(lesson, checkout / "runs") for lesson in catalogue(checkout / "notebooks")]


@pytest.fixture(scope="session")
def site(checkout, tmp_path_factory):
    """A small site, built once; without the extra `site` the tests that need it are skipped."""
    for name in ("sphinx", "myst_nb", "sphinx_book_theme"):
        pytest.importorskip(name, reason=f"{name} is not installed (medlab[site])")
    to = tmp_path_factory.mktemp("built") / "site"
    lessons = catalogue(checkout / "notebooks")
    return build(lessons, checkout, runs=checkout / "runs", to=to, with_api=False)


def test_without_sphinx_pages_are_assembled_and_the_build_says_what_to_install(checkout, tmp_path, monkeypatch):
    assemble(runs(checkout), checkout, tmp_path / "source", with_api=False)
    notebook = json.loads((tmp_path / "source" / "notebooks" / "4_tasks" / "41_small.ipynb").read_text())
    assert "secret" not in json.dumps(notebook)
    monkeypatch.setitem(__import__("sys").modules, "myst_nb", None)
    with pytest.raises(MedlabError, match=r"\[site\]"):
        build([], checkout, runs=checkout / "runs", to=tmp_path / "site", with_api=False)


def test_a_folder_with_other_files_is_not_overwritten(checkout, tmp_path):
    (tmp_path / "thesis.md").write_text("mine")
    with pytest.raises(MedlabError, match="no site"):
        build([], checkout, runs=checkout / "runs", to=tmp_path, with_api=False)
    assert (tmp_path / "thesis.md").read_text() == "mine"


def test_links_to_files_that_are_no_pages_become_text_or_lead_to_the_repository(checkout):
    place = module.links.Place("someone/teaching")
    text = "[a](../binder/verify.py), [b](online.md), [c](https://x.org), [d](../README.md)"
    unpublished = module._linked(text, module.Path("docs"), checkout, module.links.Place())
    assert unpublished == "a, [b](online.md), [c](https://x.org), [d](../index.md)"
    published = module._linked(text, module.Path("docs"), checkout, place)
    assert "[a](https://github.com/someone/teaching/blob/main/binder/verify.py)" in published


def test_a_site_is_built_without_warnings_and_all_its_links_lead_somewhere(site):
    assert [line for line in site.warnings if "api/index" not in line] == []
    assert problems(site.site) == []
    assert site.missing == {}


def test_a_lesson_page_has_its_picture_formula_and_claims_but_no_solution(site):
    text = (site.site / "notebooks" / "4_tasks" / "41_small.html").read_text(encoding="utf-8")
    page = Page(text)
    assert any(address.startswith("../../_static/figures/41/") for address in page.loads)
    assert any("mathjax/tex-svg.js" in address for address in page.loads)
    assert "A teal field of color" in text
    assert "The network beats chance" in text
    assert "0.9 (0.85 to 0.95), bound: above 0.5" in text
    assert "x + 42" not in text
    assert "secret praise" not in text
    assert "https://doi.org/10.1109/CVPR.2016.90" in page.links
    assert "../../downloads/41_small.ipynb" in page.links


def test_the_search_index_holds_the_lessons(site):
    index = (site.site / "searchindex.js").read_text(encoding="utf-8")
    assert "notebooks/4_tasks/41_small" in index
    assert "Small lesson 41" in index


def test_the_download_is_the_students_edition(site):
    text = (site.site / "downloads" / "41_small.ipynb").read_text(encoding="utf-8")
    assert "NotImplementedError" in text
    assert "x + 42" not in text


def test_no_page_loads_anything_from_another_machine(site):
    for path in site.site.rglob("*.html"):
        if "_static" not in path.parts:
            loads = Page(path.read_text(encoding="utf-8")).loads
            assert [address for address in loads if "//" in address and not address.startswith("data:")] == []
