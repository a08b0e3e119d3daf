import numpy as np
import pytest
from matplotlib.figure import Figure

from medlab import figures
from medlab.errors import MedlabError

RNG = np.random.default_rng(0)


def names(figure):
    return figure.axes[0].get_legend_handles_labels()[1]


def test_curves_show_the_mean_of_seeds_and_their_range():
    figure = figures.curves({"train": [[3.0, 1.0], [5.0, 2.0]], "val": [4.0, 4.0]}, ylabel="loss")
    axis = figure.axes[0]
    assert [line.get_ydata().tolist() for line in axis.lines] == [[4.0, 1.5], [4.0, 4.0]]
    assert axis.lines[0].get_xdata().tolist() == [1, 2]
    band = axis.collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == (1, 5)
    assert "mean of 2 seeds" in axis.get_legend().get_title().get_text()
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("epoch", "loss")


def test_series_differ_by_line_and_marker_and_not_by_color_alone():
    lines = figures.curves({str(k): [k, k + 1] for k in range(14)}).axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker(), line.get_color()) for line in lines}) == 14
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines[:6]}) == 6


def test_estimates_over_x_get_their_intervals_as_band(estimate):
    figure = figures.curves({"AUC": [estimate(0.5), estimate(0.7)]}, x=[1, 4], xlabel="dose", log="x")
    band = figure.axes[0].collections[0].get_paths()[0].get_extents()
    assert (band.y0, band.y1) == pytest.approx((0.4, 0.8))
    assert figure.axes[0].get_xscale() == "log"


def test_nan_leaves_a_gap_that_the_legend_counts():
    figure = figures.curves({"diverged": [[1, 2, np.nan], [1, np.inf, 1]], "fine": [1, 2, 3]})
    assert np.isnan(figure.axes[0].lines[0].get_ydata()).tolist() == [False, True, True]
    assert names(figure)[0] == "diverged (no number at 2 of 3)"


def test_one_epoch_is_a_marker_at_one():
    axis = figures.curves({"loss": [[0.5], [0.7]]}).axes[0]
    assert axis.lines[0].get_xdata().tolist() == [1]
    assert axis.get_xlim() == (0, 2)


def test_legends_stand_beside_the_data():
    figure = figures.curves({"a": [1, 2], "b": [2, 1]})
    figure.draw_without_rendering()
    legend, axis = figure.axes[0].get_legend().get_window_extent(), figure.axes[0].get_window_extent()
    assert legend.x0 >= axis.x1
    assert legend.x1 <= figure.bbox.x1 + 1


def test_histograms_share_their_bins_and_count_what_they_leave_out():
    figure = figures.histogram(
        {"ill": [0.1, 0.9, np.nan], "healthy": np.linspace(0, 3, 7)}, xlabel="score", bins=4, limits=(0, 2)
    )
    assert names(figure) == ["ill (n = 2, 1 without a number)", "healthy (n = 7, 2 outside)"]
    edges = [patch.get_data().edges.tolist() for patch in figure.axes[0].patches]
    assert edges == [[0, 0.5, 1, 1.5, 2]] * 4


def test_whole_numbers_get_a_bin_each_and_a_constant_gets_one():
    counted = figures.histogram([3, 3, 5], xlabel="lesions").axes[0].patches[0].get_data()
    assert counted.edges.tolist() == [2.5, 3.5, 4.5, 5.5]
    assert counted.values.tolist() == [2, 0, 1]
    assert figures.histogram([0.5] * 4, xlabel="x").axes[0].patches[0].get_data().values.tolist() == [4]


def test_shares_add_up_to_one():
    patch = figures.histogram({"a": RNG.random(70)}, xlabel="x", share=True).axes[0].patches[0]
    assert patch.get_data().values.sum() == pytest.approx(1)


def test_a_matrix_is_colored_by_row_and_written_as_it_is():
    axis = figures.matrix([[30, 10], [0, 5]], classes=["healthy", "ill"]).axes[0]
    assert axis.images[0].get_array().tolist() == [[0.75, 0.25], [0, 1]]
    assert [text.get_text() for text in axis.texts] == ["30", "10", "0", "5"]
    assert [text.get_color() for text in axis.texts] == ["w", "k", "k", "w"]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["healthy", "ill"]


@pytest.mark.parametrize("size", [1, 2, 14, 40])
def test_matrices_of_any_size_stay_legible_or_without_numbers(size):
    figure = figures.matrix(
        RNG.integers(0, 900, (size, size)), classes=[f"Pleural thickening {k}" for k in range(size)]
    )
    assert all(text.get_fontsize() >= 5 for text in figure.axes[0].texts)
    assert figure.get_figwidth() <= 8
    assert bool(figure.axes[0].texts) == (size < 40)


def test_negative_values_get_colors_around_zero():
    assert figures.matrix([[-1, 2]], columns=["a", "b"]).axes[0].images[0].get_clim() == (-2, 2)


def test_limits_of_agreement_are_those_of_bland_and_altman():
    y = RNG.normal(3, 2, 50)
    axis = figures.scatter({"scans": (np.arange(50), y)}, xlabel="mean, ml", ylabel="difference, ml", limits=True).axes[
        0
    ]
    drawn = [line.get_ydata()[0] for line in axis.lines[1:]]
    assert drawn == pytest.approx([y.mean() - 1.96 * y.std(ddof=1), y.mean(), y.mean() + 1.96 * y.std(ddof=1)])
    assert [text.get_text().split(":")[0] for text in axis.texts] == ["lower limit", "bias", "upper limit"]


def test_points_without_a_number_are_counted():
    figure = figures.scatter({"a": ([1, np.nan, 3], [1, 2, np.inf]), "b": ([1], [1])}, xlabel="x", ylabel="y")
    assert names(figure) == ["a (2 without a number)", "b"]


def test_verbs_draw_on_axes_that_they_are_given():
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    assert figures.curves({"a": [1, 2]}, axis=left) is figure
    figures.histogram([1.0, 2.0], xlabel="x", axis=right)
    assert left.lines
    assert right.patches


def test_reference_lines_are_named_and_do_not_meet_the_title():
    figure = figures.histogram(RNG.random(50), xlabel="score", title="A title", bound={"low": 0.45, "high": 0.5})
    figure.draw_without_rendering()
    axis = figure.axes[0]
    boxes = [text.get_window_extent() for text in axis.texts]
    assert [text.get_text() for text in axis.texts] == ["low", "high"]
    assert not boxes[0].overlaps(boxes[1])
    assert not any(box.overlaps(axis.title.get_window_extent()) for box in boxes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: figures.curves({}), "no curve"),
        (lambda: figures.curves({"a": []}), "at least one value"),
        (lambda: figures.curves({"a": [np.nan, np.nan]}), "no finite number"),
        (lambda: figures.curves({"a": [1, 2], "b": [1]}), "'b' has 1 points"),
        (lambda: figures.curves({"a": [1, 2]}, x=[1]), "x has 1"),
        (lambda: figures.curves({"a": [1, 0]}, log="y"), "cannot show 0"),
        (lambda: figures.curves({"a": [1, 2]}, log="z"), "names no axis"),
        (lambda: figures.curves({"a": "loss"}), "no array of numbers"),
        (lambda: figures.curves({"a": [1, 2]}, bound={"chance": "half"}), "no array of numbers"),
        (lambda: figures.histogram({"a": [np.inf]}, xlabel="x"), "no finite number"),
        (lambda: figures.histogram([1, 2], xlabel="x", bins=0), "bins=0"),
        (lambda: figures.histogram([1, 2], xlabel="x", limits=(2, 1)), "leave no room"),
        (lambda: figures.matrix([1, 2]), "shape"),
        (lambda: figures.matrix([[1, 2]], classes=["a", "b"]), "2 names of rows"),
        (lambda: figures.matrix([[np.nan]]), "no finite number"),
        (lambda: figures.scatter({"a": [1, 2, 3]}, xlabel="x", ylabel="y"), "no pair"),
        (lambda: figures.scatter({"a": ([1], [1, 2])}, xlabel="x", ylabel="y"), "1 values of x and 2 of y"),
        (lambda: figures.scatter({"a": ([np.nan], [1])}, xlabel="x", ylabel="y"), "two finite numbers"),
        (lambda: figures.scatter({"a": ([-1, 1], [1, 2])}, xlabel="x", ylabel="y", log="x"), "cannot show -1"),
    ],
)
def test_wrong_input_is_refused_in_words(call, message):
    with pytest.raises(MedlabError, match=message):
        call()
