import base64
import io

import numpy as np
import pytest
from PIL import Image

from medlab.errors import MedlabError
from tools.pictures import MOST, WIDTH, picture_of, shrunk


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
