import numpy as np
import pytest

import medlab
from medlab.errors import DataError, MedlabError
from tests.own_data import grades, images_and_masks, table, two_classes, unlabeled


def opened(lesson, path, **options):
    return medlab.begin(lesson, preset="cpu", data=str(path), **options).open(simulated={"patients": 4})


def test_the_finding_is_the_named_class_and_not_the_last_of_the_alphabet(tmp_path):
    path = two_classes(tmp_path)
    with pytest.raises(DataError, match="which class is the finding, of ill, well"):
        opened("41", path)
    cohort = opened("41", path, positive="ill")
    assert cohort.positive == "ill"
    assert cohort.target().sum() == 70
    assert any("'ill' counts as the finding" in note for note in cohort.notes)
    assert opened("41", f"{path}?positive=well").positive == "well"
    with pytest.raises(MedlabError, match="did you mean 'ill'"):
        opened("41", path, positive="il")


def test_labels_0_and_1_need_no_name_for_the_finding(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz", images=rng.integers(0, 255, (200, 28, 28), np.uint8), labels=np.arange(200) % 2)
    cohort = opened("41", tmp_path / "mine.npz")
    assert (cohort.classes, cohort.positive) == (("0", "1"), "1")


def test_grades_become_ordered_questions_where_several_findings_are_wanted(tmp_path):
    cohort = opened("42", grades(tmp_path))
    assert cohort.classes == ("at least 1", "at least 2", "at least 3", "at least 4")
    assert (cohort.labels.diff(dim=1) <= 0).all()
    with pytest.raises(DataError, match="several findings an image, or grades"):
        opened("42", two_classes(tmp_path))


def test_large_images_are_reduced_with_a_note_and_another_size_can_be_had(tmp_path):
    path = images_and_masks(tmp_path, count=24)
    cohort = opened("45", path)
    assert cohort.images.shape[2:] == cohort.masks.shape[2:] == (128, 128)
    assert any("reduced from 200x200 to 128x128" in note for note in cohort.notes)
    assert opened("45", path, size=160).images.shape[2:] == (160, 160)
    assert opened("45", path, fit="crop", size=64).images.shape[2:] == (64, 64)


def test_images_of_different_sizes_are_padded_unless_something_else_is_wanted(tmp_path):
    path = two_classes(tmp_path)
    asked = medlab.begin("71", preset="cpu", data=str(path)).open(size=24)
    assert asked.images.shape[2:] == (24, 24)  # resampled, not padded or cut
    assert asked.images.std() > 0.05
    asked = medlab.begin("43", preset="cpu", data=str(images_and_masks(tmp_path)))
    assert asked.open(acquired={"fit": "resample", "size": (96, 128)}).images.shape[2:] == (96, 128)
    assert opened("53", path).images.shape[2:] == (72, 72)
    assert opened("53", path, fit="crop").images.shape[2:] == (64, 64)


def test_what_must_be_said_of_a_folder_can_be_said_to_a_lesson(tmp_path):
    path = two_classes(tmp_path)
    (path / "overview.png").write_bytes((path / "ill" / "ill0.png").read_bytes())
    with pytest.raises(DataError, match="and skip="):
        opened("41", path, positive="ill")
    cohort = opened("41", path, positive="ill", skip="over*.png")
    assert (len(cohort), cohort.classes) == (140, ("ill", "well"))
    np.savez(tmp_path / "mine.npz", images=np.zeros((12, 3, 24, 4), np.uint8), labels=np.arange(12) % 2)
    with pytest.raises(DataError, match="channels='first'"):
        opened("41", tmp_path / "mine.npz")
    with pytest.raises(DataError, match="12 color images 24x4"):  # read as it was said, and then too few for the lesson
        opened("41", tmp_path / "mine.npz", channels="first")


def test_what_does_not_fit_is_refused_in_one_sentence_that_names_lessons_that_fit(tmp_path):
    with pytest.raises(DataError) as caught:
        opened("45", table(tmp_path))
    assert caught.value.message == (
        "45_segmentation_2d needs masks of what is to be found; your data have 150 gray images 64x64, "
        "classes ill and well"
    )
    assert "71" in caught.value.hint
    with pytest.raises(DataError, match=r"12 gray images|12 images"):
        opened("61", unlabeled(tmp_path))
    with pytest.raises(DataError, match="needs hospital:chest_xray"):
        opened("93", tmp_path / "plain")


def test_a_missing_path_is_refused_by_the_first_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r"no file or folder \./nothing\.npz"):
        medlab.begin("41", data="./nothing.npz")


def test_the_record_says_which_class_was_looked_for(tmp_path):
    lab = medlab.begin("41", preset="smoke", data=str(two_classes(tmp_path)), positive="ill")
    lab.open()
    assert lab.record()["data"]["finding"] == "ill"
    assert lab.record()["data"]["simulated"] is False


def test_a_set_in_another_size_falls_back_like_the_others(monkeypatch, tmp_path):
    monkeypatch.delenv("MEDLAB_MIRROR", raising=False)
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    lab = medlab.begin("41", preset="smoke", data="breastmnist_64")
    assert lab.source == "hospital:chest_xray"
    assert "64 x 64" in lab.reason
    assert "medlab fetch breastmnist_64" in lab.advice
    assert medlab.begin("42", preset="smoke", data="bccd_blood").source == "hospital:chest_xray"
