"""The site of two small lessons in a real browser: accessible, searchable and complete without a network."""

import functools
import http.server
import threading

import pytest

from medlab.lesson import catalogue
from tests.tools.site.conftest import checkout  # noqa: F401 - a fixture
from tools.site.build import build

PAGES = ("index.html", "notebooks/4_tasks/41_small.html", "data.html", "hospital.html", "glossary.html", "search.html")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(checkout, tmp_path_factory):  # noqa: F811 - the fixture of that name
    """The address of the site on this machine."""
    for name in ("sphinx", "myst_nb", "sphinx_book_theme"):
        pytest.importorskip(name, reason=f"{name} is not installed (medlab[site])")
    to = tmp_path_factory.mktemp("built") / "site"
    lessons = catalogue(checkout / "notebooks")
    built = build(lessons, checkout, runs=checkout / "runs", to=to, with_api=False).site
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(built)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser, address):
    """Return what opens a page; it gives the page, what it asked of other machines, and its errors."""
    opened = []

    def visit(page, *, width=1366, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce"
        )
        opened.append(context)
        tab, outside, errors = context.new_page(), [], []
        own = (address, "data:", "blob:")
        tab.on("request", lambda request: None if request.url.startswith(own) else outside.append(request.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(address + page)
        tab.wait_for_load_state("networkidle")
        return tab, outside, errors

    yield visit
    for context in opened:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_nothing_shuts_people_out_and_nothing_is_asked_of_other_machines(visit, page, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab, outside, errors = visit(page, scheme=scheme)
    found = Axe().run(tab).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in ("serious", "critical")] == []
    assert outside == []
    assert errors == []


@pytest.mark.parametrize("page", PAGES)
def test_a_narrow_screen_needs_no_scrolling_to_the_side(visit, page):
    tab, _, _ = visit(page, width=390)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


def test_search_finds_a_lesson(visit):
    tab, outside, _ = visit("search.html?q=small+lesson")
    tab.wait_for_selector("#search-results li", timeout=20_000)
    assert "41_small.html" in tab.inner_html("#search-results")
    assert outside == []


def test_formulas_are_drawn(visit):
    tab, _, errors = visit("notebooks/4_tasks/41_small.html")
    tab.wait_for_selector("mjx-container svg", timeout=20_000)
    assert tab.locator("mjx-container").count() == 2
    assert errors == []


def test_the_choices_show_the_lessons_that_fit(visit):
    tab, _, _ = visit("index.html")
    assert tab.inner_text("#count") == "2 of 2 lessons"
    tab.select_option("select[name=part]", "4 Part")
    assert tab.inner_text("#count") == "1 of 2 lessons"
    assert tab.locator("#gallery > li:visible").count() == 1
    assert "Small lesson 41" in tab.inner_text("#gallery")
    tab.select_option("select[name=data]", "simulated")
    assert tab.inner_text("#count") == "1 of 2 lessons"
    tab.select_option("select[name=part]", "")
    tab.select_option("select[name=time]", "30")
    assert tab.inner_text("#count") == "2 of 2 lessons"
