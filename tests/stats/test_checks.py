import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import recall_score, roc_auc_score

from medlab import stats
from medlab.errors import MedlabError
from medlab.metrics import dice_per_image

Y = np.tile([0, 1], 20)
SCORE = np.random.default_rng(0).random(40) * 0.5 + 0.4 * Y
CALLED = (SCORE > 0.45).astype(int)
MASK = np.zeros((10, 4, 4))
MASK[:, 1:3, 1:3] = 1


@pytest.mark.parametrize("metric", ["auc", "accuracy", "sensitivity", "ppv", "ece", "brier", "mean"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_unknown_labels_are_refused(metric, bad):
    truth = Y.astype(float)
    truth[3] = bad
    with pytest.raises(MedlabError, match="the truth holds NaN or infinite values, in 1 of 40"):
        stats.bootstrap(metric, truth, CALLED)
    with pytest.raises(MedlabError, match="prediction holds NaN"):
        stats.bootstrap(metric, Y, truth)


@pytest.mark.parametrize(
    ("metric", "truth", "prediction", "message"),
    [
        ("auc", Y + 1, SCORE, "truth of 0 and 1"),
        ("sensitivity", 2 * Y - 1, CALLED, "truth of 0 and 1"),
        ("accuracy", Y + 1, CALLED, "classes 1, 2, the prediction 0, 1"),
        ("accuracy", Y, 255 * CALLED, "classes 0, 1, the prediction 0, 255"),
        ("balanced_accuracy", np.arange(40) % 3 + 1, np.arange(40) % 3, "numbered|classes 1, 2, 3"),
        ("accuracy", Y, SCORE, "classes .whole numbers"),
        ("ppv", Y, SCORE, "prediction of 0 and 1"),
        ("ece", Y, 8 * SCORE - 3, "probabilities from 0 to 1"),
        ("brier", Y, 8 * SCORE - 3, "probabilities from 0 to 1"),
        ("dice", MASK, 0.9 * MASK, "prediction of 0 and 1"),
        ("dice", MASK, 2 * MASK, "prediction of 0 and 1"),
        ("dice", 255 * MASK, MASK, "truth of 0 and 1"),
        ("auc", Y.astype(str), SCORE, "wanted numbers"),
        ("accuracy", Y.astype(str), CALLED.astype(str), "wanted numbers"),
        ("auc", [None, *Y[1:]], SCORE, "NaN"),
        ("auc", pd.array([pd.NA, *Y[1:]], dtype="Int64"), SCORE, "NaN|no array"),
        ("auc", np.ma.masked_array(Y, Y == 0), SCORE, "masked"),
        ("auc", Y, SCORE + 1j, "wanted numbers"),
        ("auc", Y, np.c_[1 - SCORE, SCORE], r"prediction \(40, 2\)"),
        ("auc", Y, [[1, 2], [3]], "no array of numbers"),
        ("auc", 1, 1, "shape"),
        ("auc", [], [], "shape"),
        (["auc"], Y, SCORE, "unknown metric"),
        (lambda t, p: 1 / 0, Y, SCORE, "fails on these data: ZeroDivisionError"),
        (lambda t, p: p, Y, SCORE, "fails on these data"),
        (lambda t, p, weights: 1.0, Y, SCORE, "returns shape"),
    ],
)
def test_what_the_metric_does_not_take_is_refused(metric, truth, prediction, message):
    with pytest.raises(MedlabError, match=message):
        stats.bootstrap(metric, truth, prediction)


@pytest.mark.parametrize(
    ("truth", "prediction"),
    [
        (Y.astype(bool), SCORE),
        (Y.astype(object), SCORE.astype(object)),
        (Y[:, None], SCORE[:, None]),
        (Y, SCORE[:, None]),
        (torch.tensor(Y), torch.tensor(SCORE, requires_grad=True)),
        (list(Y), [torch.tensor(SCORE)]),
        (pd.Series(Y, index=range(5, 45)), pd.Series(SCORE)),
    ],
)
def test_the_same_numbers_in_another_form_give_the_same_estimate(truth, prediction):
    ids = np.arange(40)
    one = stats.bootstrap("auc", Y, SCORE, patients=ids, resamples=200)
    assert stats.bootstrap("auc", truth, prediction, patients=ids, resamples=200) == one
    assert stats.bootstrap("auc", truth, prediction, patients=torch.tensor(ids), resamples=200) == one


@pytest.mark.parametrize("wanting", [np.nan, None, pd.NaT, pd.NA, "", " nan "])
def test_every_row_needs_a_patient(wanting):
    with pytest.raises(MedlabError, match="1 of 40 rows have no patient"):
        stats.bootstrap("auc", Y, SCORE, patients=[wanting, *"a" * 20, *"b" * 19])
    with pytest.raises(MedlabError, match="no patient"):
        stats.mean(SCORE, patients=pd.Series([wanting, *"a" * 20, *"b" * 19]))


@pytest.mark.parametrize(
    "options",
    [{"resamples": 0}, {"resamples": 10}, {"resamples": 200.0}, {"seed": -1}, {"method": "t"}, {"of": ""},
     {"low": 1, "high": 0}, {"low": "a"}, {"low": 0.99}],
)  # fmt: skip
def test_options_without_meaning_are_refused(options):
    with pytest.raises(MedlabError):
        stats.bootstrap("auc", Y, SCORE, **options)


@pytest.mark.parametrize("values", [[], 3.0, [1.0], [1.0, np.nan], ["a", "b"], np.zeros((2, 3, 4))])
def test_a_mean_of_no_numbers_is_refused(values):
    with pytest.raises(MedlabError):
        stats.mean(values)


@pytest.mark.filterwarnings("ignore")
def test_metrics_of_scikit_learn_are_taken_even_where_a_resample_lacks_a_class():
    truth = np.r_[1, 1, 1, np.zeros(37, int)]
    e = stats.bootstrap(roc_auc_score, truth, SCORE, low=0, high=1, resamples=150)
    assert 0 <= e.low <= e.value <= e.high <= 1
    assert stats.bootstrap(recall_score, Y, CALLED, low=0, high=1, resamples=100).value == CALLED[Y == 1].mean()


def test_dice_itself_refuses_soft_masks_and_label_maps():
    for mask in (0.9 * MASK, 2 * MASK, MASK * np.nan):
        with pytest.raises(MedlabError, match="Dice wants"):
            dice_per_image(MASK, mask)
    with pytest.raises(MedlabError, match="shapes"):
        dice_per_image(MASK, MASK[:, :3])
