"""A bar of progress as somebody sees it who runs a cell: it is there, and then it is gone."""

import nbformat

FIRST = "from medlab import progress; progress.prepare()"
PLAIN = "print('before')"
SLOW = f"""{PLAIN}
import time
from medlab import progress
progress.AFTER_S = 0.2
for _ in range(3):
    with progress.bar(15, "training") as steps:
        for _ in range(15):
            time.sleep(0.1)
            steps.update()"""
WATCH = """() => {
    window.medlabBars = new Set();
    new MutationObserver(() => document.querySelectorAll('.jp-OutputArea progress').forEach(
        bar => window.medlabBars.add(bar.parentElement.textContent)
    )).observe(document.body, {childList: true, subtree: true, characterData: true, attributes: true});
}"""


def test_a_bar_is_seen_and_then_gone(desk, classroom):
    path = classroom / "notebooks" / "bars.ipynb"
    cells = [nbformat.v4.new_code_cell(text) for text in (FIRST, PLAIN, SLOW, SLOW.removeprefix(PLAIN), "1;")]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
    desk.open("notebooks/bars.ipynb")
    desk.page.evaluate(WATCH)
    desk.run_all()
    seen = desk.page.evaluate("[...window.medlabBars]")
    assert any("training: " in text and "of 15, " in text for text in seen)
    assert desk.page.locator(".jp-OutputArea progress").count() == 0
    areas = desk.page.locator(".jp-CodeCell").evaluate_all(
        "cells => cells.map(cell => cell.querySelector('.jp-Cell-outputArea').offsetHeight)"
    )
    assert areas[1] == areas[2] > 0
    assert areas[0] == areas[3] == areas[4] == 0
    desk.save()
    counts = [len(cell.outputs) for cell in nbformat.read(path, as_version=4).cells]
    assert counts == [0, 1, 2, 0, 0]  # the second output of the third cell is empty
