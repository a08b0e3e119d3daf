from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medlab.cohort import Cohort, assert_disjoint
from medlab.errors import DataError, MedlabError
from medlab.sources.stacks import from_arrays


def ids(n):
    return pd.DataFrame({"patient_id": [f"p{k}" for k in range(n)]})


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"images": torch.zeros(3, 8, 8)}, r"shape \(3, 8, 8\)"),
        ({"images": torch.zeros(3, 1, 8, 8, dtype=torch.float64)}, "float64"),
        ({"images": np.zeros((3, 1, 8, 8), np.float32)}, "ndarray"),
        ({"labels": torch.zeros(2, dtype=torch.int64)}, "3 images but 2 labels"),
        ({"labels": torch.tensor([0, 5, 1]), "classes": ("a", "b")}, "image 1 has label 5"),
        ({"labels": torch.zeros(3, 4), "classes": ("a", "b")}, "4 columns for 2 classes"),
        ({"labels": torch.tensor([0.0, float("nan"), 1.0])}, "label of image 1"),
        ({"masks": torch.zeros(3, 1, 9, 9, dtype=torch.uint8)}, r"\(9, 9\)"),
        ({"patients": ids(2)}, "3 images but 2 rows"),
        ({"patients": pd.DataFrame({"name": ["a", "b", "c"]})}, "patient_id"),
        ({"patients": pd.DataFrame({"patient_id": ["a", None, "c"]})}, "image 1 has no patient_id"),
        ({"spacing": (1.0, 1.0, 1.0)}, "for 2 axes"),
    ],
)
def test_what_does_not_fit_is_named(broken, message):
    with pytest.raises(DataError, match=message):
        Cohort(**{"images": torch.zeros(3, 1, 8, 8), "patients": ids(3), **broken})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_an_image_that_is_not_finite_is_named(bad):
    images = torch.zeros(5, 1, 8, 8)
    images[3, 0, 2, 2] = bad
    with pytest.raises(DataError, match="image 3"):
        Cohort(images, ids(5))


@settings(max_examples=40, deadline=None)
@given(st.integers(5, 60), st.integers(1, 4), st.integers(0, 10**6))
def test_split_is_a_partition_by_patient(patients, images_each, seed):
    table = pd.DataFrame({"patient_id": np.repeat(np.arange(patients), images_each).astype(str)})
    cohort = Cohort(torch.zeros(len(table), 1, 2, 2), table)
    parts = cohort.split(seed=seed)
    seen = [set(part.patient_ids) for part in parts]
    assert sum(map(len, seen)) == patients
    assert set.union(*seen) == set(cohort.patient_ids)
    assert sum(map(len, parts)) == len(cohort)
    assert abs(len(seen[0]) - 0.6 * patients) <= 1


def test_split_repeats_for_a_seed_and_differs_for_another(noise_cohort):
    first, again, other = (noise_cohort.split(seed=s)[0].patient_ids.tolist() for s in (3, 3, 4))
    assert first == again
    assert first != other


def test_official_split_is_kept(noise_cohort):
    noise_cohort.patients["split"] = np.repeat(["test", "val", "train", "train"], 10)
    train, val, test = noise_cohort.split(seed=9, external="B")
    assert (len(train), len(val), len(test)) == (20, 10, 10)
    assert set(test.patient_ids) == {"p00", "p01", "p02", "p03", "p04"}


def test_an_official_split_that_shares_patients_is_refused(noise_cohort):
    noise_cohort.patients["split"] = np.tile(["train", "test"], 20)
    noise_cohort.patients.loc[:1, "split"] = "val"
    with pytest.raises(MedlabError, match="in both cohorts"):
        noise_cohort.split()


def test_acquired_images_of_other_sites_are_split_at_random_and_a_note_says_so(noise_cohort):
    acquired = replace(noise_cohort, simulated=False)
    parts = acquired.split(external="Z")
    assert all("no site is called 'Z'" in part.notes[-1] for part in parts)
    assert parts[0].patients["site"].nunique() == 2
    assert set(acquired.split(external="B")[2].patients["site"]) == {"B"}
    assert acquired.split()[0].notes == noise_cohort.notes


def test_external_site_forms_the_test_set(noise_cohort):
    train, val, test = noise_cohort.split(external="B")
    assert set(test.patients["site"]) == {"B"}
    assert set(train.patients["site"]) | set(val.patients["site"]) == {"A"}
    with pytest.raises(MedlabError, match="unknown site 'Z'"):
        noise_cohort.split(external="Z")


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.2), (1.2, -0.1, -0.1)])
def test_shares_must_be_a_partition(noise_cohort, shares):
    with pytest.raises(MedlabError, match="not a partition"):
        noise_cohort.split(*shares)


def test_an_empty_part_is_refused(noise_cohort):
    with pytest.raises(MedlabError, match="val part"):
        noise_cohort.split(0.8, 0.0, 0.2)


def test_shared_patients_are_named(noise_cohort):
    with pytest.raises(MedlabError, match="p03"):
        assert_disjoint(noise_cohort[:8], noise_cohort[6:])


@pytest.mark.parametrize(
    "index", [2, -38, [2], np.array([2]), slice(2, 3), np.arange(40) == 2, pd.Series(range(40)) == 2]
)
def test_indexing_keeps_images_and_patients_together(noise_cohort, index):
    one = noise_cohort[index]
    assert torch.equal(one.images[0], noise_cohort.images[2])
    assert one.patient_ids.tolist() == ["p01"]
    assert one.labels.tolist() == [1]


def test_wrong_indices_are_refused(noise_cohort):
    with pytest.raises(IndexError):
        noise_cohort[40]
    with pytest.raises(MedlabError, match="boolean mask"):
        noise_cohort[np.ones(3, dtype=bool)]


def test_target_of_class_indices_and_of_findings(noise_cohort):
    assert noise_cohort.target().tolist() == noise_cohort.labels.float().tolist()
    assert torch.equal(noise_cohort.target("healthy"), 1 - noise_cohort.target("ill"))
    with pytest.raises(MedlabError, match="unknown class 'sick'"):
        noise_cohort.target("sick")
    many = Cohort(torch.zeros(2, 1, 4, 4), ids(2), labels=torch.tensor([[1.0, 0], [1, 1]]), classes=("a", "b"))
    assert many.target("b").tolist() == [0, 1]
    with pytest.raises(MedlabError, match="has no labels"):
        Cohort(torch.zeros(2, 1, 4, 4), ids(2)).target()


def test_from_arrays_takes_bytes_gray_and_color():
    gray = from_arrays(np.full((3, 8, 8), 255, np.uint8))
    assert gray.images.shape == (3, 1, 8, 8)
    assert gray.images.max() == 1
    assert any("no patient identifiers" in note for note in gray.notes)
    color = from_arrays(np.zeros((3, 8, 8, 3), np.uint8), patients=["a", "a", "b"])
    assert color.images.shape == (3, 3, 8, 8)
    assert not color.notes
    with pytest.raises(DataError, match="Python objects"):
        from_arrays(np.array([{}, {}], dtype=object))
    with pytest.raises(DataError, match="shape"):
        from_arrays(np.zeros(3))


def test_a_cohort_shows_itself_with_source_and_licence(noise_cohort):
    shown = noise_cohort._repr_html_()
    assert "SIMULATED" in shown
    assert "CC0" in shown
    assert '<img alt="First images of Cohort(' in shown
    assert "20 patients" in repr(noise_cohort)


def test_the_card_leaves_counts_of_classes_to_the_lesson_and_the_summary_has_them(noise_cohort):
    card = noise_cohort._repr_html_().rpartition(">")[0]
    table = noise_cohort.summary()
    assert "healthy" in card
    assert f"healthy {table.loc['healthy', 'images']}" not in card
    assert table["images"].sum() == len(noise_cohort)
    assert table["share"].sum() == pytest.approx(1)
    assert (table["patients"] <= 20).all()


def test_markup_in_a_source_is_not_executed(noise_cohort):
    noise_cohort.source = "<script>alert(1)</script>"
    assert "<script>" not in noise_cohort._repr_html_()
