import base64
import io
import re
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from medlab import explore
from medlab.errors import MedlabError
from tests.explore.decision import decision_rates, describe_decision, draw_decision

TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORE = np.array([0.1, 0.2, 0.3, 0.9, 0.4, 0.6, 0.8, 0.95])
SLIDERS = [
    explore.Slider("prevalence", "prevalence", 0.01, 0.99, 0.01, 0.05),
    explore.Slider("threshold", "threshold", 0.0, 1.0, 0.01, 0.5),
]


def test_rates_are_bayes_rule():
    r = decision_rates(TRUTH, SCORE, prevalence=0.1, threshold=0.5)
    assert (r["sensitivity"], r["specificity"]) == (0.75, 0.75)
    assert r["ppv"] == pytest.approx(0.75 * 0.1 / (0.75 * 0.1 + 0.25 * 0.9))
    assert r["npv"] == pytest.approx(0.75 * 0.9 / (0.75 * 0.9 + 0.25 * 0.1))
    assert r["caught"] + r["missed"] + r["false_alarms"] + r["cleared"] == pytest.approx(1000)


@pytest.mark.parametrize("state", list(product(SLIDERS[0].states(3), SLIDERS[1].states(5))))
def test_every_state_of_the_sliders_can_be_drawn_and_told(state):
    named = dict(zip(("prevalence", "threshold"), state, strict=True))
    assert isinstance(draw_decision(TRUTH, SCORE, **named), Figure)
    words = describe_decision(TRUTH, SCORE, **named)
    assert "nan" not in words
    assert f"{named['prevalence']:.0%}" in words


def build(live, render=None):
    draw = render or (lambda **state: draw_decision(TRUTH, SCORE, **state))
    return explore.explorer(draw, SLIDERS, describe=lambda **state: describe_decision(TRUTH, SCORE, **state), live=live)


def test_the_static_twin_is_a_picture_with_words():
    data, metadata = build(live=False)._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == data["text/plain"] == repr(build(live=False))


def test_moving_a_slider_changes_picture_and_words():
    box = build(live=True)
    before = box.seen.value
    box.moved["prevalence"].value = 0.5
    assert box.seen.value.partition("<p")[0] != before.partition("<p")[0]
    assert "50%" in box.seen.value


def fails_above_a_half(prevalence, threshold):
    if threshold > 0.5:
        raise MedlabError("too high", hint="lower it")
    return Figure()


def test_the_picture_goes_with_an_error_and_comes_back():
    box = build(live=True, render=fails_above_a_half)
    box.moved["threshold"].value = 0.9
    assert box.seen.value == "<p role='alert'><b>MedlabError</b>: too high<br>  -&gt; lower it</p>"
    box.moved["threshold"].value = 0.4
    assert "role='alert'" not in box.seen.value
    assert "<img" in box.seen.value


def test_the_live_picture_has_alternative_text_and_twice_its_pixels():
    box = build(live=True, render=lambda **_: Figure(figsize=(4, 1)))
    tag = re.search(r'<img alt="(.*?)" style="width:(\d+)px;.*?base64,(.*?)">', box.seen.value)
    assert tag[1].startswith("At threshold 0.50")
    assert Image.open(io.BytesIO(base64.b64decode(tag[3]))).width == 2 * int(tag[2]) == 800


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (1, 1), (2, 2), (4, 2), (5, 3)])
def test_controls_and_a_tall_picture_fit_a_small_screen(count, rows):
    sliders = [explore.Slider(f"x{k}", "x", 0, 1, 1, 0) for k in range(count)]
    box = explore.explorer(lambda **_: Figure(figsize=(5, 20)), sliders, describe=lambda **_: "tall", live=True)
    width = int(re.search(r"width:(\d+)px", box.seen.value)[1])
    assert 34 * rows + 4 * width + 62 <= 562


def test_a_page_without_widgets_shows_the_picture_and_its_words():
    box = build(live=True)
    data = box._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith('<img alt="At threshold 0.50')
    assert "of 1000 people" in data["text/html"].partition(">")[2]
    assert data["text/plain"] == describe_decision(TRUTH, SCORE, prevalence=0.05, threshold=0.5)
    box.moved["threshold"].value = 0.9
    assert "At threshold 0.90" in box._repr_mimebundle_()["text/html"]


def test_the_static_twin_shows_the_ends_of_the_first_control_too():
    drawn = []

    def render(**state):
        drawn.append(state)
        return Figure(figsize=(2, 1))

    view = explore.explorer(render, SLIDERS, describe=lambda prevalence, **_: f"prevalence {prevalence}", live=False)
    assert [state["prevalence"] for state in drawn] == [0.05, 0.01, 0.99]
    assert view.text.splitlines() == ["prevalence 0.05", "prevalence 0.01", "prevalence 0.99"]
    height = Image.open(io.BytesIO(view.png)).height
    assert height == 3 * (100 + 24)


def test_an_explorer_without_controls_is_one_picture():
    view = explore.explorer(lambda: Figure(figsize=(2, 1)), [], describe=lambda: "nothing to move", live=False)
    assert Image.open(io.BytesIO(view.png)).height == 100


def test_the_words_of_the_static_twin_stand_below_it(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **extra: shown.append((thing, extra)))
    build(live=False)._ipython_display_()
    assert set(shown[0][0]) == {"image/png", "text/plain"}
    assert shown[0][1]["metadata"]["image/png"]["alt"] == shown[0][0]["text/plain"]
    assert "of 1000 people" in shown[1][0].data


def test_a_state_that_stays_is_not_drawn_again():
    drawn = []
    box = explore.explorer(lambda x: drawn.append(x) or Figure(), [explore.Slider("x", "x", 0, 9, 1, 3)],
                           describe=lambda x: "x", live=True)  # fmt: skip
    slider = box.moved["x"]
    slider.value = 5
    slider.notify_change({"name": "value", "old": 3, "new": 5, "type": "change", "owner": slider})
    assert drawn == [3, 5]


@pytest.mark.parametrize(
    ("command", "live"),
    [
        (["python", "-m", "jupyterlab", "--ServerApp.root_dir=/tmp/pytest"], True),
        (["/usr/bin/python3", "/opt/bin/papermill", "a.ipynb"], False),
        (["python", "-m", "medlab.engine.child"], False),
        (["python", "/x/jupyter-nbconvert", "--execute"], False),
    ],
)
def test_kernels_of_programs_are_not_live(monkeypatch, command, live):
    for name in ("PYTEST_VERSION", "PYTEST_CURRENT_TEST", "MEDLAB_STATIC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("psutil.Process.cmdline", lambda self: command)
    assert explore.is_live() is live


def test_nothing_is_live_outside_a_kernel(monkeypatch):
    assert not explore.is_live()
    monkeypatch.setenv("MEDLAB_STATIC", "1")
    assert not explore.is_live()


def test_a_slider_must_start_in_its_range():
    with pytest.raises(MedlabError, match="slider x"):
        explore.Slider("x", "x", 0, 1, 0.1, 2)


def test_a_choice_must_start_among_its_options():
    with pytest.raises(MedlabError, match="did you mean 'focal'"):
        explore.Choice("loss", "loss", ("plain", "focal"), "focl")


def test_a_choice_is_a_control_like_a_slider():
    choice = explore.Choice("loss", "loss", ("plain", "focal"), "plain")
    box = explore.explorer(lambda **_: Figure(), [choice], describe=lambda loss: f"the {loss} loss", live=True)
    box.moved["loss"].value = "focal"
    assert "the focal loss</p>" in box.seen.value
    assert choice.states(1) == ["plain", "focal"]


def test_words_are_shown_as_words():
    box = explore.explorer(lambda **_: Figure(), SLIDERS, describe=lambda **_: "1 < 2 & <b>so</b>", live=True)
    assert ">1 &lt; 2 &amp; &lt;b&gt;so&lt;/b&gt;</p>" in box.seen.value
    assert 'alt="1 &lt; 2 &amp; &lt;b&gt;so&lt;/b&gt;"' in box.seen.value


@pytest.mark.parametrize(("step", "wanted"), [(20, ".0f"), (1, ".0f"), (0.1, ".1f"), (0.05, ".2f"), (0.005, ".3f")])
def test_a_slider_shows_as_many_digits_as_it_moves(step, wanted):
    assert explore.Slider("x", "x", 0, 60, step, 20).widget().readout_format == wanted
