import io

import pytest
from matplotlib.figure import Figure
from PIL import Image

from medlab import figures
from medlab.errors import MedlabError
from medlab.figures.output import image_html


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


def test_colors_are_told_apart_by_more_than_color():
    assert len(set(figures.COLORS)) == len(figures.COLORS)
    assert len(set(figures.MARKERS)) == len(figures.MARKERS) == len(figures.STYLES)


def test_pictures_are_opaque_and_white_whatever_the_theme():
    figure = Figure(figsize=(1, 1), facecolor="none")
    figure.subplots()
    seen = Image.open(io.BytesIO(figures.png(figure))).convert("RGBA")
    assert seen.getpixel((0, 0)) == (255, 255, 255, 255)
    assert seen.getextrema()[3] == (255, 255)


EVIL = '<meta http-equiv="refresh" content="0;url=http://evil.example/"><img src=x onerror=alert(1)> *a* `b`'


def test_names_from_data_never_become_html_or_markdown(monkeypatch):
    from markdown_it import MarkdownIt

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda thing, **extra: shown.append(thing))
    figures.show(Figure(), caption=f"Source: {EVIL}.", alt="An empty square with nothing in it.")
    page = MarkdownIt().render(shown[1].data)
    assert "<meta" not in page
    assert "<img" not in page
    assert page.count("<em>") == 1
    assert "&lt;meta" in page


def test_an_image_on_a_page_has_escaped_alternative_text():
    tag = image_html(b"123", alt=f'" onload="x" {EVIL}')
    assert tag.startswith('<img alt="&quot; onload=&quot;x&quot; &lt;meta')
    assert tag.endswith('src="data:image/png;base64,MTIz">')


def test_twice_the_pixels_are_twice_the_pixels():
    figure = Figure(figsize=(2, 1))
    assert [Image.open(io.BytesIO(figures.png(figure, scale=s))).size for s in (1, 2)] == [(200, 100), (400, 200)]


def test_dollar_signs_in_names_from_data_are_no_formulas():
    def drawn(*names, literal):
        figure = Figure()
        axis = figure.subplots()
        axis.set_title(names[0]).set_parse_math(not literal)
        axis.set_xlabel(names[1])
        axis.set_yscale("log")  # the numbers of this axis are formulas, and stay so
        return figures.output.png(figure)

    assert drawn("under $5 or over $9_{", "free", literal=False) == drawn("under $5 or over $9_{", "free", literal=True)
    assert drawn(r"\$5 and \$9", "x", literal=False) == drawn("$5 and $9", "x", literal=True)
