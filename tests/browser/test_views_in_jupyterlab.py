"""Explorers and the 3D view in a real browser: how fast, how patient, how they look when turned."""

import io

import nbformat
import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import SETTLED
from tests.browser.test_lessons_in_jupyterlab import complaints, move_everything, panels, press, shot

pytestmark = [pytest.mark.notebooks, pytest.mark.timeout(400)]
HEAD = "import numpy as np\nfrom medlab import explore\nfrom medlab.explore.planes import slices\n"
HEAD += "from medlab.explore.view3d import view3d\n"
HEAD += "rng = np.random.default_rng(0)"
DATA = """rows, columns = np.indices((64, 64)) / 64 - 0.5
disk = rows**2 + columns**2 < 0.08
image = disk + 0.1 * rng.normal(size=(64, 64))
volume = np.stack([np.roll(image, k, 0) for k in range(32)])"""
DRAW = """from matplotlib.figure import Figure
def render(**state):
    fig = Figure(figsize=(7, 6))
    axis = fig.subplots()
    axis.plot([0, 1], [0, state["x0"]])
    axis.set_title(str(state))
    return fig
def describe(**state):
    return f"A line up to {state}"
def sliders(count):
    return [explore.Slider(f"x{k}", f"slope {k}", 0, 10, 1, 3) for k in range(count)]"""
EXPLORERS = (
    "slices(volume, {'disk': np.stack([disk] * 32)}, axes='SPL')",
    "explore.explorer(render, sliders(1), describe=describe)",
    "explore.explorer(render, [*sliders(2), explore.Choice('w', 'word', ('a', 'b'), 'a')], describe=describe)",
    "explore.explorer(render, sliders(5), describe=describe)",
)


def write(folder, name: str, *cells: str) -> str:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    nbformat.write(book, folder / name)
    return name


def test_every_control_of_every_explorer_moves_its_picture(desk, classroom, capsys):
    desk.open(write(classroom, "explorers.ipynb", HEAD, DATA, DRAW, *EXPLORERS))
    desk.run_all()
    assert complaints(desk) == []
    found = panels(desk)
    assert len(found) == len(EXPLORERS)
    for call, panel in zip(EXPLORERS, found, strict=True):
        seconds = move_everything(desk, panel)
        with capsys.disabled():
            print(f"\n{call.partition('(')[0]}: median {1000 * np.median(seconds):.0f} ms to another picture", end="")
    shot(desk, "explorers")
    assert desk.errors == []
    assert desk.outside == []


def test_an_explorer_lives_again_after_a_restart_and_is_stored_with_picture_and_words(desk, classroom):
    name = write(classroom, "restart.ipynb", HEAD, DRAW, EXPLORERS[1])
    desk.open(name)
    desk.run_all()
    move_everything(desk, panels(desk)[0])
    desk.save()
    stored = nbformat.read(classroom / name, as_version=4).cells[2].outputs[0].data
    assert stored["text/html"].startswith('<img alt="A line up to')
    assert stored["text/plain"].startswith("A line up to")
    desk.page.click(".lm-MenuBar-itemLabel:text-is('Kernel')")
    desk.page.click(".lm-Menu-itemLabel:text-is('Restart Kernel and Run All Cells…')")
    desk.page.click(".jp-Dialog-button.jp-mod-accept")
    desk.page.wait_for_timeout(4000)
    desk.page.wait_for_function(SETTLED, timeout=60_000, polling=250)
    desk.page.wait_for_timeout(2000)
    assert len(panels(desk)) == 1
    move_everything(desk, panels(desk)[0])


def test_many_moves_at_once_end_at_the_last_and_are_not_all_drawn(desk, classroom):
    slow = """import time
from matplotlib.figure import Figure
drawn = []
def render(x):
    drawn.append(x)
    time.sleep(0.15)
    return Figure(figsize=(2, 1))
def describe(x):
    return f"x is {x:.0f}, drawn {len(drawn)}"
explore.explorer(render, [explore.Slider("x", "x", 0, 100, 1, 0)], describe=describe)"""
    desk.open(write(classroom, "patience.ipynb", HEAD, slow))
    desk.run_all()
    panel = panels(desk)[0]
    handle = panel.locator(".noUi-handle")
    handle.focus()
    for _ in range(30):
        desk.page.keyboard.press("ArrowRight")
    panel.get_by_text("x is 30").wait_for(timeout=15_000)
    assert int(panel.locator("> .widget-html").inner_text().rpartition(" ")[2]) < 25


def test_an_error_is_shown_in_the_widget_and_goes_when_its_cause_does(desk, classroom):
    picky = """from matplotlib.figure import Figure
from medlab import MedlabError
def render(x):
    if x > 5:
        raise MedlabError("x is too large", hint="move it back")
    return Figure(figsize=(2, 1 + x / 10))
explore.explorer(render, [explore.Slider("x", "x", 0, 10, 1, 0)], describe=lambda x: f"x is {x:.0f}, which is fine")"""
    desk.open(write(classroom, "picky.ipynb", HEAD, picky))
    desk.run_all()
    panel = desk.page.locator(".widget-vbox")
    handle = panel.locator(".noUi-handle")
    press(handle)
    panel.locator("[role=alert]").wait_for(timeout=10_000)
    assert panel.locator("[role=alert]").inner_text() == "MedlabError: x is too large\n-> move it back"
    assert panel.locator("img").count() == 0
    handle.press("Home")
    panel.get_by_text("which is fine").wait_for(timeout=10_000)
    assert panel.locator("img").is_visible()


def test_the_3d_view_is_drawn_and_turns(desk, classroom):
    view = "view3d(volume, {'disk': np.stack([disk] * 32)}, spacing=(2, 1, 1))"
    desk.open(write(classroom, "view.ipynb", HEAD, DATA, view, "print('the next cell runs')"))
    desk.run_all()
    canvas = desk.page.locator(".jp-OutputArea canvas").first
    canvas.wait_for(timeout=30_000)
    until_drawn(desk, canvas)
    before = pixels(canvas)
    box = canvas.bounding_box()
    turn(desk, box)
    after = pixels(canvas)
    shot(desk, "view3d")
    assert "3D view by ipyniivue" in desk.page.locator(".jp-RenderedMarkdown").all_inner_texts()[0]
    assert np.abs(after - before).mean() > 0.5
    assert desk.page.get_by_text("the next cell runs").last.is_visible()
    assert desk.errors == []
    assert desk.outside == []


def until_drawn(desk, canvas) -> None:
    for _ in range(100):
        if pixels(canvas).std() > 8:
            return
        desk.page.wait_for_timeout(200)
    raise AssertionError("the 3D view stayed blank")


def pixels(canvas) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(canvas.screenshot())).convert("L"), dtype=float)


def turn(desk, box: dict) -> None:
    """Drag in the lower right quarter, where the three-dimensional rendering stands beside the planes."""
    x, y = box["x"] + 0.8 * box["width"], box["y"] + 0.6 * box["height"]
    desk.page.mouse.move(x, y)
    desk.page.mouse.down()
    desk.page.mouse.move(x + 60, y + 40, steps=6)
    desk.page.mouse.up()
    desk.page.wait_for_timeout(800)


def test_pictures_are_white_in_the_dark_theme(desk, classroom):
    draw = """from matplotlib.figure import Figure
from medlab import figures
fig = Figure(figsize=(3, 2)); fig.subplots().plot([0, 1])
figures.show(fig, caption="A line.", alt="A line that rises from the lower left corner.")"""
    desk.open(write(classroom, "dark.ipynb", HEAD, draw))
    desk.page.click(".lm-MenuBar-itemLabel:text-is('Settings')")
    desk.page.hover(".lm-Menu-itemLabel:text-is('Theme')")
    desk.page.click(".lm-Menu-itemLabel:text-is('JupyterLab Dark')")
    desk.run_all()
    desk.page.wait_for_timeout(500)
    picture = desk.page.locator(".jp-RenderedImage img").first
    shot(desk, "dark")
    assert pixels(picture)[2, 2] > 250
    desk.page.click(".lm-MenuBar-itemLabel:text-is('Settings')")
    desk.page.hover(".lm-Menu-itemLabel:text-is('Theme')")
    desk.page.click(".lm-Menu-itemLabel:text-is('JupyterLab Light')")
    desk.page.wait_for_timeout(500)
