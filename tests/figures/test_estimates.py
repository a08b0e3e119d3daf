import itertools

import numpy as np
import pytest

from medlab import figures, stats
from medlab.claims import Claim
from medlab.errors import MedlabError
from medlab.figures.estimates import OPEN, tell
from medlab.stats import Estimate


def rows(figure):
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def test_intervals_are_drawn_from_low_to_high_and_written_beside(estimate):
    axis = figures.intervals({"network": estimate(0.9), "chance": estimate(0.5)}, bound={"chance": 0.5}).axes[0]
    assert np.allclose([line.get_xdata() for line in axis.lines[:4:2]], [[0.8, 1.0], [0.4, 0.6]])
    assert [text.get_text() for text in axis.texts] == ["chance", "0.90 (0.80 to 1.00)", "0.50 (0.40 to 0.60)"]
    assert axis.get_xlabel() == "AUC (95 % interval)"
    assert axis.get_ylim()[0] > axis.get_ylim()[1], "the first stands on top"


def test_series_have_marks_of_their_own_and_a_legend(estimate):
    figure = figures.intervals({k: {"last": estimate(0.5), "stopped": estimate(0.6)} for k in ("plain", "focal")})
    handles, labels = figure.axes[0].get_legend_handles_labels()
    assert labels == ["last", "stopped"]
    assert len({handle.get_marker() for handle in handles}) == 2
    assert rows(figure) == ["plain", "focal"]


def test_twelve_intervals_with_long_names_stay_on_the_page(estimate):
    long = "a method with a very long name that was tuned on the validation patients"
    figure = figures.intervals({f"{long} {k}": estimate(k / 12) for k in range(12)}, xlabel="AUC", title=long)
    figure.draw_without_rendering()
    labels = [text.get_window_extent() for text in figure.axes[0].get_yticklabels()]
    assert all(not a.overlaps(b) for a, b in itertools.pairwise(labels))
    assert min(box.x0 for box in labels) >= -1
    assert max(text.get_window_extent().x1 for text in figure.axes[0].texts) <= figure.bbox.x1 + 1


def test_an_interval_without_ends_is_a_mark_alone():
    axis = figures.intervals({"none": Estimate(0.5, -np.inf, np.inf, n_patients=3)}).axes[0]
    assert axis.lines[0].get_xdata().tolist() == []
    assert axis.lines[1].get_xdata().tolist() == [0.5]


def test_the_forest_shows_every_claim_with_verdict_and_bounds(estimate):
    claims = [Claim("First", estimate(0.15), above=0), Claim("Second", estimate(0.15), above=0, below=0.18)]
    plot = figures.forest(claims)
    labels = ["\n".join(t.get_text() for t in axis.get_yticklabels()) for axis in plot.axes]
    assert labels == ["First\nholds: wanted above 0", "Second\nopen: wanted between 0 and 0.18"]
    assert [len(axis.lines) for axis in plot.axes] == [3, 4]


def test_the_words_of_the_forest_are_made_from_the_claims(estimate):
    claims = [Claim("First", estimate(0.15), above=0), Claim("Second", estimate(0.15), above=0.1)]
    caption, alt = tell(claims)
    assert caption.startswith(f"2 claims: 1 holds, 1 open. {OPEN}")
    assert caption.endswith(stats.LEFT_OUT)
    assert "First: holds, 0.15 (95 % CI 0.05 to 0.25), bound above 0; Second: open" in alt
    assert OPEN not in tell(claims[:1])[0]


@pytest.mark.parametrize("wrong", [{}, {"a": 0.5}, {"a": {}}, {"a": {"b": [1, 2]}}, 0.5])
def test_what_is_no_estimate_is_refused(wrong):
    with pytest.raises(MedlabError):
        figures.intervals(wrong)
    with pytest.raises(MedlabError, match="no claim"):
        figures.forest([])
