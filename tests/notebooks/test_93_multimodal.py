"""Lesson 93: networks are of one size, images are pooled as the formulas say, and late fusion is naive Bayes."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB

from tests.notebooks.cells import definitions

WHERE = {"image": [0, 1, 2, 3, 4], "blood": [5, 6], "ECG": [7, 8, 9], "genes": [10]}
PATIENTS = 400


@pytest.fixture
def lesson():
    names = definitions("93_multimodal")
    g = torch.Generator().manual_seed(0)
    x = torch.randn(PATIENTS, 3, 12, generator=g)
    x[..., 5:11] = x[:, :1, 5:11]  # a record stands beside each image
    x[..., -1] = (torch.arange(3)[None] < torch.randint(1, 4, (PATIENTS, 1), generator=g)).float()
    x[..., :5] *= x[..., -1:]
    truth = np.random.default_rng(0).integers(0, 2, PATIENTS)
    names |= {"where": WHERE, "names": list(WHERE), "x": x, "test": np.arange(PATIENTS), "truth": truth}
    names |= {"rng": np.random.default_rng(1), "budget": 6000, "findings": ["pneumonia", "enlarged heart"]}
    return names


def groups_of(how):
    if how == "early":
        return [list(range(11))]
    return list(WHERE.values()) if how == "intermediate" else [WHERE[how]]


@pytest.mark.parametrize("how", ["early", "intermediate", "image", "genes"])
@pytest.mark.parametrize("budget", [1500, 6000, 50000])
def test_all_networks_have_the_same_number_of_weights(lesson, how, budget):
    lesson["budget"] = budget
    net = lesson["Fusion"](groups_of(how), 0)
    count = sum(p.numel() for p in net.parameters())
    assert 0.85 * budget < count <= budget + 4


def by_hand(each, gate, seen, how):
    values = [float(v) for v, there in zip(each, seen, strict=True) if there]
    if how == "first image":
        return values[0]
    if how == "max":
        return max(values)
    if how == "mean":
        return sum(values) / len(values)
    heavy = np.exp([float(v) for v, there in zip(gate, seen, strict=True) if there])
    return float(np.average(values, weights=heavy))


@pytest.mark.parametrize("how", ["first image", "max", "mean", "attention"])
def test_images_are_pooled_as_the_formulas_say(lesson, how):
    each, gate = (torch.randn(60, 3, generator=torch.Generator().manual_seed(k)) for k in (1, 2))
    seen = lesson["x"][:60, :, -1] > 0
    found = lesson["pooled"](each, gate, seen, how)
    wanted = [by_hand(*row, how) for row in zip(each, gate, seen, strict=True)]
    assert found.tolist() == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("how", ["max", "mean", "attention"])
@pytest.mark.parametrize("fusion", ["early", "intermediate"])
def test_a_record_counts_once_however_many_images_there_are(lesson, how, fusion):
    net = lesson["Fusion"](groups_of(fusion), 0, how).eval()
    one = lesson["x"][:20].clone()
    one[:, 1:, -1] = 0
    thrice = one[:, :1].expand(-1, 3, -1)
    with torch.no_grad():
        assert torch.allclose(net(one), net(thrice), atol=1e-5)


def test_what_stands_in_an_empty_place_and_the_order_of_images_change_nothing(lesson):
    net, x = lesson["Fusion"](groups_of("early"), 0).eval(), lesson["x"][:50]
    other = torch.where(x[..., -1:] > 0, x, torch.full_like(x, 9.0))
    other[..., -1] = x[..., -1]
    with torch.no_grad():
        assert torch.allclose(net(x), net(other), atol=1e-5)
        assert torch.allclose(net(x), net(x.flip(1)), atol=1e-5)


@pytest.mark.parametrize("name", list(WHERE))
def test_permutation_moves_one_modality_whole_and_nothing_else(lesson, name):
    rows = lesson["x"]
    moved = lesson["permuted"](name, rows)
    columns = WHERE[name] + ([11] if name == "image" else [])
    rest = [k for k in range(12) if k not in columns]
    assert torch.equal(moved[..., rest], rows[..., rest])
    before, after = (part[..., columns].flatten(1).numpy() for part in (rows, moved))
    assert np.array_equal(np.unique(before, axis=0), np.unique(after, axis=0))
    assert (before != after).any(1).mean() > 0.9


def test_within_the_class_the_modality_comes_from_a_patient_of_the_same_diagnosis(lesson):
    rows, truth = lesson["x"].clone(), lesson["truth"]
    rows[..., 10] = torch.from_numpy(truth)[:, None].float()
    assert (lesson["permuted"]("genes", rows)[:, 0, 10].numpy() != truth).mean() > 0.3
    lesson["lab"].broken = "within_class"
    assert (lesson["permuted"]("genes", rows)[:, 0, 10].numpy() == truth).all()
    assert not torch.equal(lesson["permuted"]("blood", rows), rows)


def test_modality_dropout_hides_whole_modalities_at_the_stated_rate_and_never_all(lesson):
    x = torch.ones(4000, 3, 12)
    found = lesson["hidden"](x, torch.Generator().manual_seed(3))
    assert torch.equal(found[..., -1], x[..., -1])
    assert x.min() == 1  # the batch itself is left alone
    kept = torch.stack([found[..., WHERE[name]].flatten(1).mean(1) for name in WHERE], 1)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert kept.sum(1).min() == 1
    assert float(1 - kept.mean()) == pytest.approx(0.3 * 3 / 4, abs=0.02)  # one of four, by lot, always stays


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_share_of_the_patients_lacks_the_modality(lesson, share):
    before, found = lesson["x"].clone(), lesson["lacking"]("ECG", share)
    gone = (found[..., WHERE["ECG"]] == 0).flatten(1).all(1)
    assert int(gone.sum()) == round(share * PATIENTS)
    rest = [k for k in range(12) if k not in WHERE["ECG"]]
    assert torch.equal(found[..., rest], before[..., rest])
    assert torch.equal(lesson["x"], before)


def test_a_report_holds_the_diagnosis_only_with_the_impression(lesson):
    seen = [True, False]
    assert lesson["written"](seen, 0) == lesson["written"](seen, 1) == "findings: pneumonia, no enlarged heart"
    lesson["lab"].broken = "label_in_report"
    assert lesson["written"](seen, 0) != lesson["written"](seen, 1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_late_fusion_is_the_naive_bayes_of_scikit_learn(lesson, seed):
    rng = np.random.default_rng(seed)
    ill = (rng.random(300) < 0.3).astype(int)
    values = rng.normal(size=(300, 4)) + ill[:, None] * [0.2, 0.5, 1.0, -1.0]
    whole = GaussianNB(var_smoothing=0).fit(values, ill)
    single = [GaussianNB(var_smoothing=0).fit(values[:, [k]], ill) for k in range(4)]
    each = [np.diff(model.predict_log_proba(values[:, [k]]))[:, 0] for k, model in enumerate(single)]
    prior = np.log(ill.mean() / (1 - ill.mean()))
    wanted = np.diff(whole.predict_log_proba(values))[:, 0]
    assert lesson["fused"](np.array(each), prior) == pytest.approx(wanted, abs=1e-8)


def test_a_shift_of_a_normal_score_is_a_log_odds_ratio_of_that_size():
    rng = np.random.default_rng(0)
    ill = np.arange(200_000) % 7 == 0
    score = rng.normal(size=len(ill)) + 0.3 * ill
    found = LogisticRegression(C=np.inf).fit(score[:, None], ill).coef_[0, 0]
    assert found == pytest.approx(0.3, abs=0.02)


def test_the_table_of_a_clinic_is_judged_on_patients_that_the_model_has_not_seen(lesson):
    rng = np.random.default_rng(0)
    sheet = pd.DataFrame({"classe": rng.integers(0, 3, 300)})
    sheet["told"] = (sheet["classe"] > 0) + 0.0
    noise = pd.DataFrame(rng.normal(size=(300, 150)), columns=[f"noise{k}" for k in range(150)])
    sheet = pd.concat([sheet, noise], axis=1)
    sheet.loc[::50, "told"] = np.nan
    lesson["groups"] = {"told": ["told"], "noise": [f"noise{k}" for k in range(150)]}
    assert lesson["heart"](sheet, ["told"]).value > 0.95
    assert lesson["heart"](sheet, ["noise"]).value < 0.7  # on the patients that it learned from it would be near 1
