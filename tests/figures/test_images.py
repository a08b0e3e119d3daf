import numpy as np
import pytest
import torch

from medlab import figures
from medlab.errors import MedlabError

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(12, 16))
MASK = np.zeros((12, 16))
MASK[:4, 10:] = 1


def drawn(figure):
    """The axes that show an image, without the color bars."""
    return [axis for axis in figure.axes if axis.images]


def overlapping(figure) -> list[tuple[str, str]]:
    """Pairs of texts of a figure that lie on one another, and texts that reach out of it."""
    figure.draw_without_rendering()
    found, boxes = [], []
    for axis in drawn(figure):
        if axis.get_title():
            boxes.append((axis.get_title(), axis.title.get_window_extent()))
    whole = figure.bbox
    for k, (name, box) in enumerate(boxes):
        found += [(name, other) for other, where in boxes[:k] if box.overlaps(where)]
        if box.x0 < whole.x0 - 1 or box.x1 > whole.x1 + 1 or box.y1 > whole.y1 + 1:
            found.append((name, "the edge"))
    return found


def test_compared_images_share_one_window_that_the_color_bar_states():
    figure = figures.grid({"dark": IMAGE, "bright": IMAGE + 5}, unit="HU")
    limits = {axis.images[0].get_clim() for axis in drawn(figure)}
    assert limits == {tuple(np.quantile([IMAGE, IMAGE + 5], [0.005, 0.995]))} == {figures.window([IMAGE, IMAGE + 5])}
    assert [axis.get_ylabel() for axis in figure.axes if not axis.images] == ["HU"]


def test_windows_of_their_own_are_stated_above_the_images():
    figure = figures.grid([IMAGE, IMAGE], window=[(0, 2000), (-160, 240)], titles=["wide", "soft tissue"], unit="HU")
    assert [axis.get_title() for axis in figure.axes] == ["wide\n0 to 2000 HU", "soft tissue\n-160 to 240 HU"]
    each = figures.grid([np.zeros((4, 4)), np.full((4, 4), 9.0)], window="each")
    assert [axis.images[0].get_clim() for axis in each.axes] == [(-0.5, 0.5), (8.5, 9.5)]


def test_signed_colors_have_zero_in_the_middle():
    low, high = drawn(figures.grid([np.array([[-1.0, 3.0]])], colors="RdBu_r"))[0].images[0].get_clim()
    assert low == -high


@pytest.mark.parametrize(
    ("image", "shape"),
    [
        (IMAGE, (12, 16)),
        (torch.zeros(1, 12, 16), (12, 16)),
        (torch.zeros(3, 12, 16), (12, 16, 3)),
        (np.zeros((12, 16, 3), np.uint8), (12, 16, 3)),
        (np.zeros((9, 12, 16)), (12, 16)),
        (torch.zeros(1, 9, 12, 16), (12, 16)),
        (torch.zeros(1, 1, 1), (1, 1)),
    ],
)
def test_gray_colored_and_volume_images_can_be_drawn(image, shape):
    assert drawn(figures.grid([image]))[0].images[0].get_array().shape == shape


def test_of_a_volume_the_middle_slice_is_drawn():
    volume = np.zeros((9, 4, 5)) + np.arange(9)[:, None, None]
    assert drawn(figures.grid([volume]))[0].images[0].get_array().max() == 4


def test_bytes_and_shares_show_the_same_colors():
    colors = RNG.random((3, 5, 6))
    once, twice = figures.grid([colors]), figures.grid([(255 * colors).round().astype(np.uint8)])
    pair = [drawn(figure)[0].images[0].get_array() for figure in (once, twice)]
    assert np.abs(pair[0] - pair[1]).max() < 0.005


@pytest.mark.parametrize("count", [1, 2, 5, 7, 30])
@pytest.mark.parametrize("name", ["short", "Reconstruction by total variation with a tuned weight and more words"])
def test_titles_never_overlap_and_stay_inside(count, name):
    figure = figures.grid([IMAGE] * count, titles=[f"{name} {k}" for k in range(count)])
    assert len(drawn(figure)) == count
    assert overlapping(figure) == []
    assert figure.get_figwidth() <= 8


def test_titles_of_a_contact_sheet_never_overlap(noise_cohort):
    sheet = figures.contact_sheet(noise_cohort, titles=[f"no finding but a long name {k}" for k in range(12)])
    assert overlapping(sheet) == []


def test_contact_sheet_shows_as_many_as_there_are(noise_cohort):
    sheet = figures.contact_sheet(noise_cohort[:5], columns=3, rows=4)
    assert next(axis.get_title() for axis in drawn(sheet)) == "healthy\nsite A"
    assert len(drawn(sheet)) == 5
    with pytest.raises(MedlabError, match="empty"):
        figures.contact_sheet(noise_cohort[[]])


def test_rows_are_named():
    figure = figures.grid([IMAGE] * 6, columns=3, rows=["site A", "site B"])
    assert [axis.get_ylabel() for axis in drawn(figure)] == ["site A", "", "", "site B", "", ""]


def test_an_outline_closes_at_the_edge_and_an_empty_mask_has_none():
    from matplotlib.figure import Figure

    axis = Figure().subplots()
    figures.outline(axis, np.zeros((3, 3)))
    assert not axis.collections
    figures.outline(axis, np.ones((2, 3)), number=1)
    box = axis.collections[-1].get_paths()[0].get_extents()
    assert (box.x0, box.x1, box.y0, box.y1) == (-0.5, 2.5, -0.5, 1.5)


def test_marks_differ_by_line_style_and_are_named_in_a_legend():
    figure = figures.grid(
        [IMAGE, IMAGE],
        outlines={"truth": [MASK, 0 * MASK], "network": [None, MASK]},
        boxes={"object": [[[1, 2, 5, 6]], []]},
        points={"landmark": [[[3, 4]], None]},
    )
    keys = figure.legends[0].legend_handles
    assert [key.get_label() for key in keys] == ["truth", "network", "object", "landmark"]
    assert len({(key.get_linestyle(), key.get_marker()) for key in keys}) == 4
    first, second = drawn(figure)
    assert (len(first.collections), len(second.collections)) == (2, 2)
    assert first.patches[0].get_bbox().bounds == (2, 1, 4, 4)
    assert not second.patches
    assert next((line.get_xdata()[0], line.get_ydata()[0]) for line in first.lines) == (4, 3)


def test_a_scale_bar_states_millimeters_and_pixels_keep_their_shape():
    axis = drawn(figures.grid([np.zeros((10, 100))], spacing=(4, 1)))[0]
    assert [text.get_text() for text in axis.texts if text.get_text()] == ["20 mm"]
    assert axis.get_aspect() == 4


def test_the_spacing_of_a_cohort_is_used(noise_cohort):
    from dataclasses import replace

    axis = drawn(figures.grid(replace(noise_cohort, spacing=(3.0, 1.5))[:1]))[0]
    assert axis.get_aspect() == 2


def test_compare_subtracts_before_from_after_around_zero():
    figure = figures.compare(IMAGE, IMAGE + MASK, titles=("plain", "lesion"), unit="HU")
    before, after, change = drawn(figure)
    assert before.images[0].get_clim() == after.images[0].get_clim()
    assert np.array_equal(change.images[0].get_array(), (IMAGE + MASK) - IMAGE)
    assert change.images[0].get_clim() == pytest.approx((-1, 1))
    assert change.get_title() == "lesion - plain"


def test_compare_draws_several_above_their_differences():
    figure = figures.compare(IMAGE, {"a": IMAGE + 1, "b": IMAGE - 2, "c": IMAGE}, titles=("truth", ""))
    assert [axis.get_title() for axis in drawn(figure)] == [
        "truth", "a", "b", "c", "a - truth", "b - truth", "c - truth",
    ]  # fmt: skip
    assert {axis.images[0].get_clim() for axis in drawn(figure)[4:]} == {(-2, 2)}
    assert overlapping(figure) == []


def test_equal_images_can_be_compared():
    assert drawn(figures.compare(IMAGE, IMAGE))[2].images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.grid([]), "no image"),
        (lambda: figures.grid({}), "no image"),
        (lambda: figures.grid(None), "shape"),
        (lambda: figures.grid(["a"]), "no array of numbers"),
        (lambda: figures.grid([np.zeros(4)]), "shape"),
        (lambda: figures.grid([np.zeros((0, 4))]), "shape"),
        (lambda: figures.grid([IMAGE * np.nan]), "no finite number"),
        (lambda: figures.grid([IMAGE], titles=["a", "b"]), "1 images, 2 titles"),
        (lambda: figures.grid([IMAGE], window=(3, 1)), "low below high"),
        (lambda: figures.grid([IMAGE], window="common"), "each"),
        (lambda: figures.grid([IMAGE] * 3, window=[(0, 1), (0, 2)]), "for 3 images"),
        (lambda: figures.grid([IMAGE], columns=0), "columns=0"),
        (lambda: figures.grid([IMAGE] * 4, columns=2, rows=["a"]), "1 names for 2 rows"),
        (lambda: figures.grid([IMAGE], outlines=[MASK, MASK]), "2 for 1 images"),
        (lambda: figures.grid([IMAGE], outlines=[MASK.T]), "outline of shape"),
        (lambda: figures.grid([IMAGE], outlines=[0.5 * MASK]), "mask of 0 and 1"),
        (lambda: figures.grid([IMAGE], boxes=[[[1, 2, 3]]]), r"\(any, 4\)"),
        (lambda: figures.grid([IMAGE], maps=[MASK.T]), "enlarge the map"),
        (lambda: figures.grid([IMAGE], spacing=(0, 1)), "spacing"),
        (lambda: figures.grid([IMAGE], colors="grey100"), "colormap"),
        (lambda: figures.compare(IMAGE, IMAGE.T), "cannot be subtracted"),
        (lambda: figures.compare(IMAGE, IMAGE, titles=("same", "same")), "cannot be subtracted"),
        (lambda: figures.compare(IMAGE, IMAGE, titles="ab"), "two of them"),
        (lambda: figures.compare(IMAGE, IMAGE, limit=-1), "limit -1"),
    ],
)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(MedlabError, match=message):
        call()
