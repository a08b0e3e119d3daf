"""Lesson 76: the loss over sets is that of plain sums and of torch, labels say what they know, Dice is exact."""

import types

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import f1_score
from torch.nn.functional import cross_entropy, nll_loss, one_hot

import medlab
from tests.notebooks.cells import definitions


@pytest.fixture
def lesson():
    found = definitions("76_weak_and_partial")
    found["names"] = ("a", "b")
    return found


def classes(count=4, side=24, seed=0):
    """Random blocks of class 1 above blocks of class 2, (N, side, side)."""
    rng, y = np.random.default_rng(seed), torch.zeros(count, side, side, dtype=torch.long)
    for image in y:
        top, left = rng.integers(2, 6, 2)
        image[top : top + 8, left : left + 9] = 1
        image[top + 8 : top + 15, left : left + 9] = 2
    return y


def whole(y):
    return one_hot(y, 3).movedim(-1, 1).float()


def logits(seed=0, shape=(4, 3, 24, 24)):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_with_whole_masks_the_loss_is_cross_entropy(lesson):
    y = classes()
    assert lesson["set_loss"](logits(), whole(y)).item() == pytest.approx(cross_entropy(logits(), y).item())


def test_with_strokes_it_is_cross_entropy_that_ignores_the_rest(lesson):
    y, sets = classes(), lesson["scribbled"](classes(), np.random.default_rng(0))
    kept = torch.where(sets.sum(1) == 1, y, -100)
    wanted = cross_entropy(logits(), kept, ignore_index=-100).item()
    assert lesson["set_loss"](logits(), sets).item() == pytest.approx(wanted)


def test_with_partial_outlines_it_is_the_loss_of_two_merged_classes(lesson):
    y, z = classes(), logits(1)
    for h, own in ((0, 1), (1, 2)):
        p = z.softmax(1)
        merged = torch.stack([1 - p[:, own], p[:, own]], 1).log()
        sets = lesson["outlined_by"](y, torch.full((4,), h))
        assert lesson["set_loss"](z, sets).item() == pytest.approx(nll_loss(merged, (y == own).long()).item())


def test_unlabeled_pixels_have_no_gradient_and_no_label_no_loss(lesson):
    z = logits().requires_grad_()
    sets = lesson["scribbled"](classes(), np.random.default_rng(0))
    lesson["set_loss"](z, sets).backward()
    silent = (sets.sum(1) == 3)[:, None].expand_as(z)
    assert z.grad[silent].abs().max() < 1e-12
    assert z.grad[~silent].abs().max() > 0
    assert lesson["set_loss"](logits(), torch.ones(4, 3, 24, 24)).item() == 0


@pytest.mark.parametrize("seed", range(5))
def test_strokes_never_contradict_the_truth_and_reach_every_class(lesson, seed):
    y = classes(seed=seed)
    sets = lesson["scribbled"](y, np.random.default_rng(seed))
    assert (sets.gather(1, y[:, None]) == 1).all()
    for k in range(3):
        drawn = ((sets.sum(1) == 1) & (sets[:, k] == 1)).sum((1, 2))
        assert drawn.min() >= 1
        assert drawn.max() <= 8 * (3, 1, 1)[k]


def test_a_class_that_is_not_there_gets_no_stroke(lesson):
    y = classes().masked_fill(classes() == 2, 0)
    sets = lesson["scribbled"](y, np.random.default_rng(0))
    assert not ((sets.sum(1) == 1) & (sets[:, 2] == 1)).any()


def test_a_hospital_says_nothing_of_what_it_did_not_outline(lesson):
    y, hospital = classes(), torch.tensor([0, 1, 0, 1])
    sets = lesson["outlined_by"](y, hospital)
    other_truth = torch.where(
        y == (2 - hospital)[:, None, None], 0, y
    )  # the structure that it did not outline vanishes
    assert torch.equal(sets, lesson["outlined_by"](other_truth, hospital))
    assert (sets.gather(1, y[:, None]) == 1).all()
    assert sets.sum(1).unique().tolist() == [1, 2]


def test_missing_is_background_leaves_one_class_a_pixel_and_what_was_outlined(lesson):
    y, hospital = classes(), torch.tensor([0, 1, 0, 1])
    sets = lesson["missing_is_background"](lesson["outlined_by"](y, hospital))
    wanted = torch.where(y == (1 + hospital)[:, None, None], y, 0)
    assert torch.equal(sets, whole(wanted))
    assert torch.equal(lesson["missing_is_background"](whole(y)), whole(y))


def test_dice_is_that_of_scikit_learn_over_all_images_of_a_patient(lesson):
    y, drawn, who = classes(), classes(seed=7), np.array(["b", "a", "b", "c"])
    found = lesson["dice_of"](drawn, y, who)
    for value, name in zip(found, "abc", strict=True):
        rows = torch.from_numpy(who == name)
        t, p = y[rows].flatten().numpy(), drawn[rows].flatten().numpy()
        assert value == pytest.approx(f1_score(t, p, labels=[1, 2], average="macro"))


def test_dice_of_what_nobody_has_and_nobody_draws_is_one(lesson):
    empty = torch.zeros(2, 6, 6, dtype=torch.long)
    assert lesson["dice_of"](empty, empty, np.array(["a", "b"])).tolist() == [1, 1]
    assert lesson["dice_of"](empty + 1, empty, np.array(["a", "b"])).tolist() == [0.5, 0.5]


def test_gated_variation_is_a_plain_sum_and_zero_for_flat_maps(lesson):
    z, x = logits(2, (2, 3, 5, 4)), logits(3, (2, 1, 5, 4))
    p, total = z.softmax(1).numpy(), 0.0
    for axis in (2, 3):
        gate = np.exp(-(np.diff(x.numpy(), axis=axis)[:, 0] ** 2) / 0.18)
        total += (gate * np.abs(np.diff(p, axis=axis)).sum(1)).mean()
    assert lesson["gated_variation"](z, x).item() == pytest.approx(total)
    assert lesson["gated_variation"](torch.zeros(2, 3, 5, 4), x).item() == 0


def test_the_offset_changes_background_alone(lesson):
    z = logits()
    assert torch.allclose(z - lesson["lowered"](z, 2.0), torch.tensor([2.0, 0, 0]).double()[:, None, None].expand_as(z))


def test_the_second_structure_wins_and_one_structure_is_split_into_border_and_core(lesson):
    masks = torch.zeros(1, 2, 18, 20, dtype=torch.uint8)
    masks[0, 0, 2:14, 2:14], masks[0, 1, 10:16, 4:10] = 1, 1
    lesson["cohort"] = types.SimpleNamespace(structures=("a", "b"))
    found = lesson["classes_of"](types.SimpleNamespace(masks=masks))
    assert found.shape == (1, 20, 20)
    assert torch.equal(found[0, :18, :20] == 2, masks[0, 1] > 0)
    assert torch.equal(found[0, :18, :20] == 1, (masks[0, 0] > 0) & (masks[0, 1] == 0))
    lesson["names"] = ("a",)
    found = lesson["classes_of"](types.SimpleNamespace(masks=masks))
    assert [(found == k).sum().item() for k in (1, 2)] == [12 * 12 - 6 * 6, 6 * 6]


def test_slices_stay_with_their_patients_and_masks_with_their_images(lesson):
    images = torch.rand(3, 1, 9, 60, 40)
    volumes = medlab.Cohort(
        images,
        pd.DataFrame({"patient_id": ["a", "b", "c"]}),
        masks=(images > 0.5).to(torch.uint8),
        structures=("x",),
    )
    flat = lesson["slices_of"](volumes, (0.5, 1.0))
    assert flat.patient_ids.tolist() == ["a", "a", "b", "b", "c", "c"]
    assert torch.equal(flat.images[2], images[1, :, 4, 6:54, 4:36])
    assert torch.equal(flat.masks > 0, flat.images > 0.5)
