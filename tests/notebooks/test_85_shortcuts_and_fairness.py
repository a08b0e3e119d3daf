"""Lesson 85: its numbers per group are fairlearn's, its null is a null, and its repairs change what they say."""

import numpy as np
import pandas as pd
import pytest
import torch
from fairlearn.metrics import MetricFrame
from sklearn.metrics import accuracy_score, recall_score

from medlab.training import SmallResNet
from tests.notebooks.cells import definitions

SIZE = 32


@pytest.fixture
def lesson():
    names = definitions("85_shortcuts_and_fairness")
    names |= {"edge": 2, "plate": 5, "dark": 0.0, "bright": 1.0, "seed": 0}
    return names


def study(seed, n=200):
    rng = np.random.default_rng(seed)
    truth, called = rng.integers(0, 2, (2, n))
    return truth, called, rng.choice(["F, older", "F, younger", "M, older", "M, younger"], n, p=[0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_metrics_by_group_are_those_of_fairlearn(lesson, seed):
    truth, called, groups = study(seed)
    theirs = MetricFrame(
        metrics={"recall": recall_score, "accuracy": accuracy_score},
        y_true=truth, y_pred=called, sensitive_features=groups,
    )  # fmt: skip
    ours = lesson["by_group"](lesson["recall"], truth, called, groups)
    assert ours == pytest.approx(theirs.by_group["recall"].to_dict())
    ours = lesson["by_group"](lambda t, c: np.mean(t == c), truth, called, groups)
    assert ours == pytest.approx(theirs.by_group["accuracy"].to_dict())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_largest_gap_is_fairlearns_difference_of_recall(lesson, seed):
    truth, called, groups = study(seed)
    theirs = MetricFrame(metrics=recall_score, y_true=truth, y_pred=called, sensitive_features=groups).difference()
    ill = truth == 1
    assert lesson["largest_gap"](called[ill], groups[ill]) == pytest.approx(theirs)


def test_accuracy_in_the_four_groups_is_that_of_fairlearn(lesson):
    rng = np.random.default_rng(3)
    code, called = rng.integers(0, 4, 300), rng.integers(0, 2, 300)
    weights = rng.integers(1, 4, (2, 300)).astype(float)
    ours = lesson["right_in"](code, called, weights)
    for row, w in enumerate(weights):
        theirs = MetricFrame(
            metrics=accuracy_score, y_true=code // 2, y_pred=called, sensitive_features=code,
            sample_params={"sample_weight": w},
        )  # fmt: skip
        assert ours[:, row] == pytest.approx(theirs.by_group.to_numpy())
        assert lesson["worst"](code, called, weights)[row] == pytest.approx(theirs.group_min())


@pytest.mark.parametrize(("answer", "value", "lowest"), [("tag", 1.0, 0.0), ("truth", 0.0, 1.0), ("ill", 0.0, 0.0)])
def test_reliance_and_worst_group_of_networks_that_are_known(lesson, answer, value, lowest):
    code = np.arange(40) % 4
    called = {"tag": code % 2, "truth": code // 2, "ill": np.ones(40, int)}[answer]
    weights = np.ones((1, 40))
    assert lesson["reliance"](code, called, weights) == pytest.approx([value])
    assert lesson["worst"](code, called, weights) == pytest.approx([lowest])


def test_group_weights_let_all_groups_count_equally(lesson):
    group = np.repeat([0, 1, 3], [70, 25, 5])
    weights = lesson["group_weights"](group)
    assert weights.mean() == pytest.approx(1)
    assert [weights[group == g].sum() for g in (0, 1, 3)] == pytest.approx([100 / 3] * 3)


def test_the_tag_stands_on_the_chosen_rows_alone_and_never_under_no_tag(lesson):
    images = torch.full((3, 1, SIZE, SIZE), 0.5)
    rows = np.array([False, True, False])
    assert (lesson["tagged"](images, rows) != images).flatten(1).any(1).tolist() == rows.tolist()
    assert (lesson["tagged"](images, True) != images).flatten(1).any(1).all()
    lesson["lab"].broken = "no_tag"
    assert torch.equal(lesson["tagged"](images, rows), images)


def test_the_tag_follows_the_label_in_92_of_100(lesson):
    labels = np.arange(20_000) % 2
    rows = lesson["follows"](labels, np.random.default_rng(0))
    assert rows[labels == 1].mean() == pytest.approx(0.92, abs=0.01)
    assert rows[labels == 0].mean() == pytest.approx(0.08, abs=0.01)


def test_a_last_layer_reads_the_tag_in_the_control_and_ignores_it_when_balanced(lesson):
    model = SmallResNet(1, 1, channels=(6, 8, 12), seed=1)
    kept = {name: weight.clone() for name, weight in model.state_dict().items()}
    lesson["lab"].pick = lambda *, smoke, cpu, gpu: cpu
    noise = torch.rand(200, 1, SIZE, SIZE, generator=torch.Generator().manual_seed(0)) * 0.5
    labels = np.arange(200) % 2
    tag = {"control": labels == 1, "balanced": np.arange(200) // 2 % 2 == 0}
    bare, bait = (lesson["tagged"](noise, rows) for rows in (False, True))
    moved = {}
    for way, rows in tag.items():
        score = lesson["retrain"](model, lesson["tagged"](noise, rows), labels, 0)
        moved[way] = float((score(bait) - score(bare)).mean())
    assert moved["control"] > 2
    assert abs(moved["balanced"]) < 0.5
    assert all(torch.equal(weight, kept[name]) for name, weight in model.state_dict().items())


def test_shuffled_gaps_find_a_difference_and_no_difference(lesson):
    rng = np.random.default_rng(1)
    groups, ids = np.repeat(["a", "b"], 60), np.arange(120)
    differ, same = np.where(groups == "a", 1.0, 0.0), rng.permutation(np.arange(120) % 2).astype(float)
    for found, rare in ((differ, True), (same, False)):
        null = lesson["shuffled_gaps"](found, groups, ids, rng, 200)
        assert (np.mean(null >= lesson["largest_gap"](found, groups)) < 0.01) == rare


def test_shuffles_keep_the_images_of_a_patient_together(lesson):
    ids = np.repeat([5, 2, 9], 2)
    groups, found = np.repeat(["a", "b", "b"], 2), np.repeat([1.0, 0.0, 0.0], 2)
    null = lesson["shuffled_gaps"](found, groups, ids, np.random.default_rng(0), 50)
    assert set(np.round(null, 6)) == {1.0, 0.5}


def test_recorded_sex_and_age_are_used_and_missing_ones_are_drawn_once_for_each_patient(lesson):
    class Part:
        patients = pd.DataFrame({"sex": ["F", "M"], "age": [30, 70]})
        patient_ids = np.array(["p", "q"])

    lesson["rng"] = np.random.default_rng(0)
    sex, age = lesson["people"](Part)
    assert (sex.tolist(), age.tolist()) == (["F", "M"], [30, 70])
    Part.patients, Part.patient_ids = pd.DataFrame({"split": ["test"] * 40}), np.repeat(np.arange(20), 2)
    sex, age = lesson["people"](Part)
    assert len(set(sex)) == 2
    assert (age[::2] == age[1::2]).all()
    assert (sex[::2] == sex[1::2]).all()


def test_every_state_of_the_explorer_can_be_drawn_and_told(lesson):
    rng = np.random.default_rng(0)
    names = {"once": {"tag in training": list(rng.integers(0, 2, (2, 3, 60)))}, "ids": np.arange(60)}
    names |= {"old": np.arange(60) % 2 == 0, "ill": np.arange(60) % 3 > 0}
    lesson |= names
    for share in (0.0, 0.5, 1.0):
        assert lesson["draw_recalls"]("tag in training", share).axes
        assert "nan" not in lesson["say_recalls"]("tag in training", share)
