"""npz files that can be read in two ways, or that say one thing twice."""

import numpy as np
import pytest

import medlab
from medlab.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture
def opened(tmp_path):
    def of(channels=None, **arrays):
        np.savez(tmp_path / "a.npz", **arrays)
        return medlab.open(tmp_path / "a.npz", channels=channels)

    return of


def pictures(*shape):
    return RNG.random(shape, dtype=np.float32)


@pytest.mark.parametrize(
    ("shape", "channels", "wanted"),
    [
        ((6, 16, 16, 1), None, (1, 16, 16)),
        ((6, 8, 9, 10, 1), None, (1, 8, 9, 10)),
        ((6, 8, 9, 10, 3), None, (3, 8, 9, 10)),
        ((6, 3, 16, 16), None, (3, 16, 16)),
        ((6, 12, 16, 16), "first", (12, 16, 16)),
        ((6, 12, 16, 16), "none", (1, 12, 16, 16)),
        ((6, 12, 16, 16), "last", (16, 12, 16)),
        ((2, 4, 6, 3), "last", (3, 4, 6)),
    ],
)
def test_the_axis_of_the_channels(opened, shape, channels, wanted):
    assert opened(channels, images=pictures(*shape)).images.shape == (shape[0], *wanted)


@pytest.mark.parametrize("shape", [(6, 12, 16, 16), (6, 2, 16, 3), (4, 3, 8, 1)])
def test_a_shape_with_two_readings_is_refused_with_the_option(opened, shape):
    with pytest.raises(DataError, match="several ways") as caught:
        opened(images=pictures(*shape))
    assert "channels='first'" in caught.value.hint


def test_one_color_picture_is_no_stack_of_narrow_ones(opened):
    with pytest.raises(DataError, match="one color picture"):
        opened(images=pictures(32, 30, 3))


def test_medmnist_in_the_layouts_of_keras_and_torch_stays_flat(opened):
    for shape in ((5, 28, 28, 1), (5, 1, 28, 28), (5, 28, 28, 3), (5, 3, 28, 28)):
        parts = {f"{part}_images": (pictures(*shape) * 255).astype(np.uint8) for part in ("train", "val", "test")}
        cohort = opened(**parts)
        assert cohort.images.shape[2:] == (28, 28)
        assert cohort.images.shape[1] == min(shape[1:])


def test_words_and_classes_in_any_order_keep_their_meaning(opened):
    words = np.array(["normal", "malignant"] * 3)
    for classes in (["normal", "malignant"], ["malignant", "normal"], None):
        more = {} if classes is None else {"classes": np.array(classes)}
        cohort = opened(images=pictures(6, 8, 8), labels=words, **more)
        assert [cohort.classes[k] for k in cohort.labels.tolist()] == words.tolist()
        assert cohort.target("malignant").tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"patients": np.array(["a", "", "b", "b"])}, "image 1 of .* has no patient"),
        ({"patients": np.array(["a", "nan", "nan", "b"])}, "image 1 of .* has no patient"),
        ({"patients": np.arange(4), "patient_id": np.array([0, 1, 2, 2])}, "patients and patient_id of .* differ"),
        ({"labels": np.array([0, 1, 1, 0]), "classes": np.array(["1", "0"])}, "other numbers: 1, 0"),
        ({"labels": np.array(["a", "b", "c", "a"]), "classes": np.array(["a", "b"])}, "'c', which is none"),
        ({"labels": np.array([["a", "b"]] * 4)}, "labels of .* are <U1"),
        ({"masks": pictures(4, 8, 8)}, "whole numbers from 0 on"),
        ({"masks": np.full((4, 8, 8), -1)}, "whole numbers from 0 on"),
        ({"masks": np.arange(2 * 256).reshape(4, 2, 8, 8) % 3}, "2 channels that hold 2 values"),
        ({"spacing": np.array([0.0, 1])}, "spacing"),
    ],
)
def test_contradictions_are_refused(opened, more, said):
    with pytest.raises(DataError, match=said):
        opened(images=pictures(4, 8, 8), **more)


def test_masks_with_the_channels_last_and_drawn_in_254_and_255(opened):
    masks = np.zeros((4, 8, 8, 1), np.uint8)
    masks[:, :2], masks[:, 2] = 255, 254
    cohort = opened(images=pictures(4, 8, 8), masks=masks)
    assert cohort.masks.shape == (4, 1, 8, 8)
    assert cohort.masks.sum(dim=(1, 2, 3)).tolist() == [24] * 4
    assert any("254 to 255" in note for note in cohort.notes)


def test_what_is_not_read_is_named(opened):
    cohort = opened(images=pictures(3, 8, 8), y=np.arange(3), weight=np.ones(3))
    assert "arrays that were not read: weight, y" in cohort.notes


def test_names_of_images_are_not_names_of_classes(opened):
    names = np.array([f"{k}.png" for k in range(4)])
    assert opened(images=pictures(4, 8, 8), labels=np.array([0, 1, 0, 1]), names=names).classes == ("0", "1")


@pytest.mark.parametrize("kind", [">f4", ">u2", "longdouble", ">i8", "f2", "bool"])
def test_every_array_may_be_of_any_type(opened, kind):
    cohort = opened(
        images=(pictures(4, 8, 8) * 9).astype(kind), labels=np.array([0, 1, 1, 0]).astype(kind),
        masks=np.ones((4, 8, 8)).astype(kind), patients=np.array([0, 1, 1, 0]).astype(kind),
    )  # fmt: skip
    assert cohort.labels.tolist() == [0, 1, 1, 0]
    assert len(set(cohort.patient_ids)) == 2
    assert cohort.masks.all()


def test_one_picture_under_two_patients_is_told(opened):
    images = pictures(4, 8, 8)
    images[3] = images[0]
    notes = opened(images=images, patients=np.array(["a", "b", "c", "d"])).notes
    assert any("2 pictures are there more than once" in note and "a and d" in note for note in notes)
