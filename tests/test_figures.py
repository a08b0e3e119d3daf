import io

import numpy as np
import pytest
from matplotlib.figure import Figure

from medlab import figures
from medlab.claims import Claim
from medlab.errors import MedlabError
from medlab.stats import Estimate


def test_a_figure_carries_alt_text_and_shows_its_caption(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **extra: shown.append((thing, extra)))
    figures.show(Figure(), caption="One line.", alt="An empty square with nothing in it.")
    assert shown[0][1]["metadata"]["image/png"]["alt"] == "An empty square with nothing in it."
    assert shown[1][0].data == "*One line.*"


@pytest.mark.parametrize(
    "words", [{"caption": "", "alt": "A long enough description."}, {"caption": "C", "alt": "plot"}]
)
def test_a_figure_without_words_is_refused(words):
    with pytest.raises(MedlabError, match="say in a sentence"):
        figures.show(Figure(), **words)


def test_contact_sheet_shows_as_many_as_there_are(noise_cohort):
    sheet = figures.contact_sheet(noise_cohort[:5], columns=3, rows=4)
    assert sum(bool(axis.images) for axis in sheet.axes) == 5
    titles = [axis.get_title() for axis in sheet.axes if axis.images]
    assert titles[0] == "healthy\nsite A"
    with pytest.raises(MedlabError, match="empty"):
        figures.contact_sheet(noise_cohort[[]])


def test_forest_shows_every_claim_with_its_bounds():
    e = Estimate(0.15, 0.1, 0.2, n_patients=9)
    claims = [Claim("First", e, above=0), Claim("Second", e, above=0, below=0.18)]
    plot = figures.forest(claims)
    labels = ["\n".join(t.get_text() for t in axis.get_yticklabels()) for axis in plot.axes]
    assert "First" in labels[0]
    assert "holds" in labels[0]
    assert "open" in labels[1]
    assert [len(axis.lines) for axis in plot.axes] == [3, 4]


def test_colors_are_told_apart_by_more_than_color():
    assert len(set(figures.COLORS)) == len(figures.COLORS)
    assert len(set(figures.MARKERS)) == len(figures.MARKERS) == len(figures.STYLES)


def test_pictures_are_opaque_and_white_whatever_the_theme():
    from PIL import Image

    figure = Figure(figsize=(1, 1), facecolor="none")
    figure.subplots()
    seen = Image.open(io.BytesIO(figures.png(figure))).convert("RGBA")
    assert seen.getpixel((0, 0)) == (255, 255, 255, 255)
    assert seen.getextrema()[3] == (255, 255)


def test_an_outline_closes_at_the_edge_and_an_empty_mask_has_none():
    axis = Figure().subplots()
    figures.outline(axis, np.zeros((3, 3)))
    assert not axis.collections
    figures.outline(axis, np.ones((2, 3)), number=1)
    box = axis.collections[-1].get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y0, box.y1) == (-0.5, 2.5, -0.5, 1.5)


def test_keys_of_outlines_differ_by_line_style():
    keys = figures.line_keys(["A", "B", "C"])
    assert len({key.get_linestyle() for key in keys}) == 3
    assert figures.line_keys(["finding"], numbers=(3,))[0].get_color() == figures.COLORS[3]
