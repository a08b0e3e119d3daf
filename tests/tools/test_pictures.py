import base64
import io

import numpy as np
import pytest
from PIL import Image

from medlab.errors import MedlabError
from tools.pictures import MOST, WIDTH, choices, picture_of, shrunk


def png(width, height, color):
    packed = io.BytesIO()
    Image.new("RGB", (width, height), color).save(packed, "PNG")
    return base64.b64encode(packed.getvalue()).decode()


def cell(picture="", tags=()):
    outputs = [{"output_type": "display_data", "data": {"image/png": picture}}] if picture else []
    return {"cell_type": "code", "source": "", "metadata": {"tags": list(tags)}, "outputs": outputs}


def lesson(*cells):
    return {"metadata": {"medlab": {"id": "41_classification"}}, "cells": list(cells)}


def color_of(packed):
    return Image.open(io.BytesIO(packed)).convert("RGB").getpixel((0, 0))


def test_the_first_figure_from_the_tagged_cell_on_is_taken():
    found = lesson(
        cell(png(900, 600, "red")), cell(tags=["picture"]), cell(png(90, 60, "lime")), cell(png(99, 66, "blue"))
    )
    number, packed = picture_of(found, "41.ipynb")
    assert number == "41"
    assert color_of(packed) == (0, 255, 0)


def test_without_a_tag_the_largest_is_taken():
    _, packed = picture_of(lesson(cell(png(90, 60, "red")), cell(png(300, 200, "blue"))), "41.ipynb")
    assert color_of(packed) == (0, 0, 255)


def test_a_figure_and_a_part_of_it_can_be_chosen_where_no_cell_is_tagged():
    cells = [cell(png(300, 200, "red")), cell(png(90, 60, "lime"))]
    chosen = {"41": {"figure": 2, "crop": [0.5, 0, 1, 0.5]}}
    _, packed = picture_of(lesson(*cells), "41.ipynb", chosen)
    assert color_of(packed) == (0, 255, 0)
    assert Image.open(io.BytesIO(packed)).size == (45, 30)
    _, packed = picture_of(lesson(*cells), "41.ipynb", {"41": {"figure": 9}})
    assert color_of(packed) == (255, 0, 0)
    _, packed = picture_of(lesson(*cells, cell(png(9, 9, "blue"), tags=["picture"])), "41.ipynb", chosen)
    assert color_of(packed) == (0, 0, 255)


@pytest.mark.parametrize("wrong", ["[41", "[41]\nfigure = 0", "[41]\ncrop = [0.5, 0, 0.2, 1]", "[41]\npanel = 1"])
def test_choices_in_another_form_are_refused(tmp_path, wrong):
    (tmp_path / "choices.toml").write_text(wrong, encoding="utf-8")
    with pytest.raises(MedlabError, match=r"choices\.toml does not say which pictures"):
        choices(tmp_path / "choices.toml")


def test_any_picture_becomes_small():
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)
    packed = shrunk(Image.fromarray(noise))
    assert len(packed) <= MOST
    assert Image.open(io.BytesIO(packed)).width <= WIDTH


def test_what_is_transparent_becomes_white():
    assert color_of(shrunk(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))) == (255, 255, 255)


@pytest.mark.parametrize("wrong", [lesson(cell()), {"metadata": {}, "cells": []}])
def test_a_notebook_without_a_figure_or_an_id_is_refused(wrong):
    with pytest.raises(MedlabError, match=r"x\.ipynb"):
        picture_of(wrong, "x.ipynb")
