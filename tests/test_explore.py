import io
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from medlab import explore
from medlab.errors import MedlabError

TRUTH = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORE = np.array([0.1, 0.2, 0.3, 0.9, 0.4, 0.6, 0.8, 0.95])
SLIDERS = [
    explore.Slider("prevalence", "prevalence", 0.01, 0.99, 0.01, 0.05),
    explore.Slider("threshold", "threshold", 0.0, 1.0, 0.01, 0.5),
]


def test_rates_are_bayes_rule():
    r = explore.decision_rates(TRUTH, SCORE, prevalence=0.1, threshold=0.5)
    assert (r["sensitivity"], r["specificity"]) == (0.75, 0.75)
    assert r["ppv"] == pytest.approx(0.75 * 0.1 / (0.75 * 0.1 + 0.25 * 0.9))
    assert r["npv"] == pytest.approx(0.75 * 0.9 / (0.75 * 0.9 + 0.25 * 0.1))
    assert r["caught"] + r["missed"] + r["false_alarms"] + r["cleared"] == pytest.approx(1000)


@pytest.mark.parametrize("state", list(product(SLIDERS[0].states(3), SLIDERS[1].states(5))))
def test_every_state_of_the_sliders_can_be_drawn_and_told(state):
    named = dict(zip(("prevalence", "threshold"), state, strict=True))
    assert isinstance(explore.draw_decision(TRUTH, SCORE, **named), Figure)
    words = explore.describe_decision(TRUTH, SCORE, **named)
    assert "nan" not in words
    assert f"{named['prevalence']:.0%}" in words


def build(live, render=None):
    draw = render or (lambda **state: explore.draw_decision(TRUTH, SCORE, **state))
    return explore.explorer(
        draw, SLIDERS, describe=lambda **state: explore.describe_decision(TRUTH, SCORE, **state), live=live
    )


def test_the_static_twin_is_a_picture_with_words():
    data, metadata = build(live=False)._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == data["text/plain"] == repr(build(live=False))


def test_moving_a_slider_changes_picture_and_words():
    box = build(live=True)
    controls, picture, words = box.children[:2], box.children[2], box.children[3]
    before = picture.value, words.value
    controls[0].value = 0.5
    assert picture.value != before[0]
    assert "50%" in words.value


def test_an_error_while_drawing_is_shown():
    def fails_above_a_half(prevalence, threshold):
        if threshold > 0.5:
            raise ValueError("no such threshold")
        return Figure()

    box = build(live=True, render=fails_above_a_half)
    box.children[1].value = 0.9
    assert "no such threshold" in box.children[3].value


def test_the_picture_goes_with_an_error_and_comes_back():
    def fails_above_a_half(prevalence, threshold):
        if threshold > 0.5:
            raise MedlabError("too high", hint="lower it")
        return Figure()

    box = build(live=True, render=fails_above_a_half)
    box.children[1].value = 0.9
    assert box.children[2].layout.display == "none"
    assert box.children[3].value == "<p role='alert'><b>MedlabError</b>: too high<br>  -&gt; lower it</p>"
    box.children[1].value = 0.4
    assert box.children[2].layout.display is None
    assert "role='alert'" not in box.children[3].value


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
    box.children[0].value = 5
    box.children[0].notify_change({"name": "value", "old": 3, "new": 5, "type": "change", "owner": box.children[0]})
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
    box.children[0].value = "focal"
    assert box.children[2].value == "<p>the focal loss</p>"
    assert choice.states(1) == ["plain", "focal"]


def test_words_are_shown_as_words():
    box = explore.explorer(lambda **_: Figure(), SLIDERS, describe=lambda **_: "1 < 2 & <b>so</b>", live=True)
    assert box.children[3].value == "<p>1 &lt; 2 &amp; &lt;b&gt;so&lt;/b&gt;</p>"


@pytest.mark.parametrize(("step", "wanted"), [(20, ".0f"), (1, ".0f"), (0.1, ".1f"), (0.05, ".2f"), (0.005, ".3f")])
def test_a_slider_shows_as_many_digits_as_it_moves(step, wanted):
    assert explore.Slider("x", "x", 0, 60, step, 20).widget().readout_format == wanted
