import numpy as np
import pytest
import torch

from medlab.errors import DataError
from medlab.sources.values import alike, classes_of, finding_of, is_missing, numbers, patients_of, text, twins


@pytest.mark.parametrize("kind", [">f4", ">u2", "<i8", ">f8", "longdouble", "f2", "bool", ">i2"])
def test_numbers_of_every_type_and_byte_order_reach_torch_unchanged(kind):
    array = np.array([0, 1, 5]).astype(kind)
    got = numbers(array, "x")
    assert torch.from_numpy(got.copy()).tolist() == array.astype(float).tolist()


@pytest.mark.parametrize("array", [np.array([1j]), np.array([{}], dtype=object), np.array(["a"])])
def test_what_is_no_number_is_refused(array):
    with pytest.raises(DataError, match=r"the x are .*; wanted numbers"):
        numbers(array, "the x")


def test_a_long_double_that_does_not_fit_is_refused_and_not_infinite():
    if np.finfo(np.longdouble).max <= np.finfo(np.float64).max:
        pytest.skip("long double is double here")
    with pytest.raises(DataError, match="beyond 1e308"):
        numbers(np.array([np.longdouble("1e400")]), "x")


@pytest.mark.parametrize(
    ("left", "right"),
    [("e\u0301", "é"), ("\ufeffa", "a"), ("a\u00a0b", " a  b "), (1.0, "1"), (np.float32(2), 2), (b"x", "x")],
)
def test_spellings_of_one_word_are_one(left, right):
    assert text(left) == text(right)


@pytest.mark.parametrize("word", ["", "NA", "nan", "None", "NULL", "N/A", "<NA>", "?"])
def test_words_for_nothing(word):
    assert is_missing(word)
    with pytest.raises(DataError, match=r"image 1 of a\.csv has no patient"):
        patients_of(["p", word], where="a.csv")


@pytest.mark.parametrize(
    ("values", "given", "names", "numbers_"),
    [
        (["b", "a"], (), ("a", "b"), [1, 0]),
        (["normal", "ill"], ("normal", "ill"), ("normal", "ill"), [0, 1]),
        (["ill", "normal"], ("normal", "ill", "never"), ("normal", "ill", "never"), [1, 0]),
        (["10", "9", "2"], (), ("2", "9", "10"), [2, 1, 0]),
        (["1.0", "0", "1"], (), ("0", "1"), [1, 0, 1]),
        (["0", "1"], ("no", "yes"), ("no", "yes"), [0, 1]),
        (["e\u0301", "é"], (), ("é",), [0, 0]),
    ],
)
def test_each_label_keeps_its_own_name(values, given, names, numbers_):
    labels, got, _ = classes_of(values, given, where="x")
    assert (got, labels.tolist()) == (names, numbers_)


@pytest.mark.parametrize(
    ("values", "given", "said"),
    [
        (["Ill", "ill"], (), "'Ill' and 'ill' .* differ only in case"),
        (["ill"], ("Ill",), "differ only in case"),
        (["ill", "odd"], ("ill", "well"), "'odd', which is none of its classes"),
        (["a"], ("a", "a"), "one name twice"),
        (["a", " "], (), "image 1 of x has no label"),
    ],
)
def test_labels_in_doubt_are_refused(values, given, said):
    with pytest.raises(DataError, match=said):
        classes_of(values, given, where="x")


def test_a_class_called_na_is_kept_and_told():
    _, names, notes = classes_of(["NA", "b", "NA"], where="x")
    assert names == ("NA", "b")
    assert any("2 images have the label 'NA'" in note for note in notes)


@pytest.mark.parametrize(("names", "told"), [(("ill", "well"), True), (("0", "1"), False), (("a", "b", "c"), False)])
def test_which_of_two_classes_is_looked_for_is_told(names, told):
    notes = finding_of(names)
    assert bool(notes) == told
    assert not told or "target() takes 'well', target('ill') the other" in notes[0]


def test_one_patient_in_two_forms_of_a_number_is_refused_and_case_is_told():
    with pytest.raises(DataError, match="several forms: 01, 1"):
        patients_of(["1", "01"], where="x")
    assert patients_of([1.0, 1], where="x")[0] == ["1", "1"]
    assert "differ only in case" in patients_of(["P1", "p1"], where="x")[1][0]
    assert alike(["a", "b"], "sites") == []


def test_the_same_picture_is_found_under_other_patients_labels_and_parts():
    rows = np.random.default_rng(0).random((4, 3, 3))
    rows[3] = rows[0]
    assert twins(rows[:3], ["a", "b", "c"], None) == []
    note = twins(rows, ["a", "b", "c", "d"], torch.tensor([0, 0, 0, 1]), ["train", "val", "test", "test"])[0]
    for said in ("2 pictures", "such as a and d", "1 of them have several labels", "several parts"):
        assert said in note
    assert "other patients" not in twins(rows, ["a", "b", "c", "a"], None)[0]
