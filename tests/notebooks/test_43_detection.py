"""What lesson 43 writes by hand, held against MONAI and scikit-learn; the explorer over its states."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure
from monai.data.box_utils import box_iou, non_max_suppression
from monai.losses import FocalLoss
from monai.metrics import compute_froc_curve_data, compute_froc_score
from sklearn.metrics import average_precision_score

import medlab
from tests.notebooks.cells import definitions


@pytest.fixture(scope="module")
def lesson():
    names = definitions("43_detection")
    names.update(STRIDE=4, rows=12, columns=16, RATES=(1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8))
    return names


def boxes(seed, count=12):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 30, (count, 2))
    return np.concatenate([corner, corner + rng.uniform(3, 15, (count, 2))], axis=1)


def study(seed, images=20, most=6):
    """Counts of objects, and lists of distinct scores and outcomes in which no object is found twice."""
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 4, images)
    scores = rng.permutation(np.linspace(0.05, 0.95, images * most)).reshape(images, most)
    outcome = np.full((images, most), -1.0)
    for row, n in zip(outcome, count, strict=True):
        row[rng.choice(most, rng.integers(0, n + 1), replace=False)] = 1
    return count, np.stack([scores, outcome], axis=-1)


def test_iou_is_that_of_monai(lesson):
    one, two = boxes(0), boxes(1, 7)
    assert lesson["iou"](one, two) == pytest.approx(box_iou(one, two), abs=1e-6)


def test_the_exercise_suppresses_as_monai_does(lesson):
    found, scores = boxes(2, 30), np.random.default_rng(2).permutation(30) / 30
    for bound in (0.1, 0.4, 0.8):
        theirs = non_max_suppression(found, scores, nms_thresh=bound)
        assert lesson["suppress"](box_iou(found, found), scores, bound) == [int(k) for k in theirs]


def test_froc_and_its_summary_are_those_of_monai(lesson):
    count, listed = study(3)
    alarms = listed[..., 0][listed[..., 1] == -1]
    hits = listed[..., 0][listed[..., 1] == 1]
    fps, sensitivity = compute_froc_curve_data(alarms, hits, int(count.sum()), len(count))
    found, false = lesson["froc"](count, listed, np.ones((1, len(count))))
    at = np.linspace(0.2, 3, 20)
    steps = [found[0][false[0] <= rate].max(initial=0) for rate in at]
    theirs = [sensitivity[fps <= rate].max(initial=0) for rate in at]
    assert steps == pytest.approx(theirs, abs=1e-9)
    rates = tuple(np.arange(1, 9) / 20)  # where both curves have a step, so that interpolation changes nothing
    score = compute_froc_score(fps, sensitivity, rates)
    lesson["RATES"] = rates
    ours = lesson["cpm"](count, listed, np.ones((1, len(count))))[0]
    lesson["RATES"] = (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8)
    assert ours == pytest.approx(score, abs=0.03)


def test_weights_count_an_image_as_often_as_they_say(lesson):
    count, listed = study(4)
    weights = np.random.default_rng(4).integers(0, 3, (3, len(count))).astype(float)
    for w, value in zip(weights, lesson["cpm"](count, listed, weights), strict=True):
        rows = np.repeat(np.arange(len(count)), w.astype(int))
        assert value == pytest.approx(lesson["cpm"](count[rows], listed[rows], np.ones((1, len(rows))))[0], abs=0.03)
    found = (listed[..., 1] == 1).sum(1)
    for w, value in zip(weights, lesson["average_precision"](found, listed, weights), strict=True):
        truth, scores = listed[..., 1].ravel() == 1, listed[..., 0].ravel()
        theirs = average_precision_score(truth, scores, sample_weight=np.repeat(w, listed.shape[1]))
        assert value == pytest.approx(theirs)


def test_average_precision_is_that_of_scikit_learn_where_every_object_is_found(lesson):
    _, listed = study(5)
    count = (listed[..., 1] == 1).sum(1)
    ours = lesson["average_precision"](count, listed, np.ones((1, len(count))))[0]
    assert ours == pytest.approx(average_precision_score(listed[..., 1].ravel() == 1, listed[..., 0].ravel()))


def test_a_tie_helps_nobody(lesson):
    count = np.array([1, 0])
    tied = np.array([[[0.5, 1.0]], [[0.5, -1.0]]])
    ones = np.ones((1, 2))
    assert lesson["cpm"](count, tied, ones) == lesson["cpm"](count[::-1], tied[::-1], ones)
    assert lesson["froc"](count, tied, ones)[0].tolist() == [[0.0, 1.0]]
    assert lesson["average_precision"](count, tied, ones) == pytest.approx(0.5)


def test_more_patches_only_raise_the_summary(lesson):
    count, listed = study(6)
    ones = np.ones((1, len(count)))
    assert lesson["cpm"](count, listed, ones, patches=4) >= lesson["cpm"](count, listed, ones)


def test_the_loss_is_the_focal_loss_of_monai(lesson):
    generator = torch.Generator().manual_seed(0)
    logits, target = torch.randn(4, 3, 5, 6, generator=generator), torch.zeros(4, 3, 5, 6)
    target[:, 0, 2, 3] = 1
    sizes = (logits[:, 1:, 2, 3] - target[:, 1:, 2, 3]).abs().mean() * 0.1
    for gamma in (0.0, 2.0):
        theirs = FocalLoss(gamma=gamma, reduction="none")(logits[:, :1], target[:, :1]).sum() / 4
        assert lesson["detection_loss"](logits, target, gamma) == pytest.approx(float(theirs + sizes), rel=1e-4)
    assert torch.isfinite(lesson["detection_loss"](logits, torch.zeros_like(target), 2.0))


def test_a_target_read_back_gives_the_boxes(lesson):
    wanted = torch.tensor([[8.0, 20, 16, 30], [30.0, 4, 34, 9]])
    target = lesson["target_of"]([wanted, torch.zeros(0, 4)])
    assert target[1].abs().sum() == 0
    logits = torch.cat([target[:, :1] * 20 - 10, target[:, 1:]], dim=1)
    scores, found = lesson["detections"](logits, lesson["peaks"], most=4)
    assert (scores[0] > 0.9).sum() == 2
    best = found[0][scores[0] > 0.9]
    best = best[np.argsort(best[:, 0])]
    assert best[:, 2:] - best[:, :2] == pytest.approx((wanted[:, 2:] - wanted[:, :2]).numpy(), abs=1e-3)
    assert np.abs(best - wanted.numpy()).max() <= 2.1  # half a cell
    assert (scores[1] < 0.01).all()


def test_the_first_hit_counts_and_the_second_counts_neither_way(lesson):
    objects = np.array([[0.0, 0, 8, 8]])
    found = np.array([[1.0, 1, 7, 7], [0.0, 0, 8, 8], [20.0, 20, 24, 24]])
    hits = lesson["center_hits"](found, objects, 0)
    scores = np.array([0.9, 0.8, 0.7])
    assert lesson["outcomes"](scores, hits, False).tolist() == [1, 0, -1]
    assert lesson["outcomes"](scores, hits, True).tolist() == [1, -1, -1]
    assert lesson["outcomes"](np.array([0.9, 0, 0]), hits, True).tolist() == [1, 0, 0]
    assert lesson["outcomes"](scores, np.zeros((3, 0), bool), False).tolist() == [-1, -1, -1]


def test_the_threshold_lets_through_what_it_says(lesson):
    scores, outcome = np.array([0.9, 0.8, 0.7, 0.6]), np.array([-1, 1, -1, -1])
    limit = lesson["threshold_at"](scores, outcome, images=2, rate=0.5)
    assert (scores[outcome == -1] >= limit).sum() == 1
    assert lesson["threshold_at"](scores, outcome, images=2, rate=9) == 0


def test_boxes_come_from_names_or_from_masks(lesson):
    table = pd.DataFrame({"patient_id": ["a"], "box_classes": ["RBC;Platelets"]})
    one = [torch.tensor([[0.0, 0, 2, 2], [4, 4, 6, 7]])]
    smear = medlab.Cohort(torch.rand(1, 3, 8, 8), table, boxes=one, structures=("Platelets", "RBC"))
    name, found = lesson["boxes_of"](smear)
    assert (name, found[0].tolist()) == ("Platelets", [[4, 4, 6, 7]])
    mask = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    mask[0, 0, 1:3, 2:6] = 1
    chest = medlab.Cohort(torch.rand(1, 1, 8, 8), table[["patient_id"]], masks=mask, structures=("pneumonia",))
    assert lesson["boxes_of"](chest)[1][0].tolist() == [[1, 2, 3, 6]]


@pytest.mark.parametrize("rate", ["1.0", "2.0"])
@pytest.mark.parametrize("image", ["0", "1"])
def test_the_explorer_draws_every_state(lesson, image, rate):
    cohort = medlab.Cohort(torch.rand(2, 1, 48, 64), pd.DataFrame({"patient_id": ["a", "b"]}))
    listed = np.zeros((2, 3, 2))
    listed[0] = [[0.9, 1], [0.6, -1], [0, 0]]
    lesson.update(
        test=cohort, first_list=listed, boxes_test=np.tile(np.array([2.0, 2, 9, 9]), (2, 3, 1)),
        truth={"test": [torch.tensor([[2.0, 2, 9, 9]]), torch.zeros(0, 4)]}, count=np.array([1, 0]),
        thresholds={1.0: 0.95, 2.0: 0.5},
    )  # fmt: skip
    assert isinstance(lesson["draw_detections"](image, rate), Figure)
    found = 1 if image == "0" and rate == "2.0" else 0
    assert f"{found} of {1 - int(image)} objects found" in lesson["describe_detections"](image, rate)
