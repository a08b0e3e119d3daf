"""Every lesson as a student meets it: opened in JupyterLab, run from top to bottom, its controls moved."""

import ast
import json
import runpy
import time
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from medlab.engine.report import notebook_page
from medlab.lesson import catalogue
from tests.browser.conftest import SHOTS
from tests.shards import shard

LESSONS = catalogue()
# `make test` opens a fifth of them, the next commit the next fifth; `make browser` opens all.
OPENED = shard(LESSONS, 5)
BANK = Path(__file__).resolve().parents[1] / "notebooks" / "wrong_answers"
STDERR = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"  # tracebacks too
# From the key that moves a control to another picture, as the page itself sees it.
STOPWATCH = """(picture) => {
    let began = null;
    window.medlabTook = null;
    const begin = () => { began ??= performance.now(); };
    for (const kind of ['keydown', 'change']) document.addEventListener(kind, begin, {capture: true, once: true});
    new MutationObserver((_, me) => {
        if (began !== null) { window.medlabTook = performance.now() - began; me.disconnect(); }
    }).observe(picture, {childList: true, subtree: true});
}"""
pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(400)]


@pytest.mark.parametrize("lesson", OPENED, ids=lambda lesson: lesson.id)
def test_a_lesson_runs_and_its_controls_move_the_picture(lesson, desk, classroom):
    base = LESSONS[0].path.parent
    path = f"notebooks/{lesson.path.relative_to(base).as_posix()}"
    desk.open(path)
    shot(desk, f"{lesson.id}_first")
    desk.run_all()
    assert complaints(desk) == []
    explained = [move_everything(desk, panel) for panel in panels(desk)]
    if explained:
        shot(desk, f"{lesson.id}_explorer")
    desk.save()
    assert outputs(classroom / path) >= 5
    assert (classroom / path).stat().st_size < 2_000_000
    assert desk.errors == []
    assert desk.outside == []
    assert violations(desk, classroom / path, lesson.title) == []


def complaints(desk) -> list[str]:
    """Return tracebacks, and warnings about medlab; of a lesson's own few patients at smoke numpy may complain."""
    told = desk.page.locator(STDERR).all_text_contents()
    return [text for text in told if "Traceback" in text or "/medlab/" in text]


def violations(desk, path: Path, title: str) -> list[str]:
    """Return what axe-core calls serious or critical in the report's page of an executed notebook, and its headings."""
    from axe_playwright_python.sync_playwright import Axe

    page = path.with_suffix(".html")
    page.write_text(notebook_page(path, title), encoding="utf-8")
    read, found = desk.page.context.browser.new_page(bypass_csp=True), []
    try:
        read.goto(page.as_uri())
        # The pages share their colors, so the dark ones are looked at once.
        for scheme in ("light", "dark") if title == LESSONS[0].title else ("light",):
            read.emulate_media(color_scheme=scheme)
            found += Axe().run(read).response["violations"]
    finally:
        read.close()
    bad = [one for one in found if one["impact"] in ("serious", "critical") or one["id"] == "heading-order"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]} ({len(one['nodes'])} times)" for one in bad]


def panels(desk) -> list:
    """Return every explorer: a group of widgets that holds a picture."""
    found = desk.page.locator(".widget-vbox:has(> .widget-html img)")
    return [found.nth(k) for k in range(found.count())]


def move_everything(desk, panel) -> list[float]:
    """Move each control of an explorer by the keyboard; return the seconds until the picture was another one."""
    panel.scroll_into_view_if_needed()
    picture, seconds = panel.locator("> .widget-html"), []
    whole(desk, panel)
    for k in range(panel.locator(".widget-slider").count()):
        handle = panel.locator(".widget-slider .noUi-handle").nth(k)
        seconds.append(changes(desk, panel, picture, lambda at=handle: press(at)))
    for k in range(panel.locator(".widget-dropdown select").count()):
        options = panel.locator(".widget-dropdown select").nth(k)
        count = options.locator("option").count()
        now = options.evaluate("e => e.selectedIndex")
        seconds.append(
            changes(desk, panel, picture, lambda at=options, to=(now + 1) % count: at.select_option(index=to))
        )
    assert seconds, "an explorer without controls"
    return seconds


def press(handle) -> None:
    """Move a slider to one of its ends, whichever is farther."""
    low, high, now = (float(handle.get_attribute(f"aria-value{end}")) for end in ("min", "max", "now"))
    handle.press("Home" if now - low > high - now else "End")


def changes(desk, panel, picture, act) -> float:
    """Do something and return the seconds until picture or words are others; an error in place of words fails."""
    before, started = seen(panel, picture), time.monotonic()
    picture.evaluate(STOPWATCH)
    act()
    while time.monotonic() - started < 20:
        if seen(panel, picture) != before:
            assert panel.locator("[role=alert]").all_inner_texts() == []
            return (desk.page.evaluate("window.medlabTook") or 1000 * (time.monotonic() - started)) / 1000
        desk.page.wait_for_timeout(10)
    raise AssertionError(f"nothing changed; the words are {panel.locator('.widget-html').all_inner_texts()}")


def seen(panel, picture) -> tuple:
    """Return a picture's address, which is another whenever its content is, and the words below it."""
    return picture.locator("img").get_attribute("src"), tuple(panel.locator(".widget-html").all_inner_texts())


def whole(desk, panel) -> None:
    """Check that controls, picture and words are seen at once on a small screen, the picture sharp and described."""
    size = desk.page.viewport_size
    desk.page.set_viewport_size({"width": 1366, "height": 768})
    desk.page.wait_for_timeout(200)
    box, picture = panel.bounding_box(), panel.locator("img")
    seen = picture.evaluate("e => [e.width, e.naturalWidth, e.getBoundingClientRect().right, innerWidth]")
    desk.page.set_viewport_size(size)
    assert box["height"] <= 570
    assert seen[1] >= 1.9 * seen[0]
    assert seen[2] <= seen[3]
    assert len(picture.get_attribute("alt")) > 20


def shot(desk, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    desk.page.screenshot(path=SHOTS / f"{name}.png")


def outputs(path: Path) -> int:
    book = nbformat.read(path, as_version=4)
    return sum(bool(cell.get("outputs")) for cell in book.cells)


def exercises(lesson):
    """Yield each exercise of a lesson: its cell, its check, its function's name."""
    code = [cell for cell in nbformat.read(lesson.path, as_version=4).cells if cell.cell_type == "code"]
    for cell, check in pairwise(code):
        if "exercise" in cell.metadata.get("tags", []):
            yield cell.source, check.source, next(n.name for n in ast.parse(cell.source).body if hasattr(n, "name"))


@pytest.mark.parametrize("number", ["41", "00"])
def test_a_wrong_answer_shows_its_diagnosis_and_the_right_one_passes(number, desk, classroom):
    lesson = next(x for x in LESSONS if x.number == number)
    imports = [
        ast.unparse(node)
        for cell in lesson.notebook["cells"]
        if cell["cell_type"] == "code"
        for node in ast.parse("".join(cell["source"])).body
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    solution, check, name = next(exercises(lesson))
    answer = next(key for key in runpy.run_path(str(BANK / f"{lesson.id}.py")) if key.startswith(f"{name}__"))
    wrong = f"import runpy\n{name} = runpy.run_path({str(BANK / f'{lesson.id}.py')!r})[{answer!r}]"
    cells = ["\n".join(imports), wrong, check, solution, check]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    book.metadata = {"kernelspec": lesson.notebook["metadata"]["kernelspec"]}
    (classroom / f"answer_{number}.ipynb").write_text(json.dumps(book))
    desk.open(f"answer_{number}.ipynb")
    desk.run_all()
    assert complaints(desk) == []
    lines = [
        desk.page.locator(".jp-CodeCell").nth(k).locator(".jp-OutputArea-output").all_inner_texts() for k in (2, 4)
    ]
    assert [len(line) for line in lines] == [1, 1]
    assert lines[0][0].startswith("✗ Wrong.")
    assert len(lines[0][0].splitlines()[0]) > 30
    assert lines[1][0].startswith("✓ Right.")
    shot(desk, f"answer_{number}")
