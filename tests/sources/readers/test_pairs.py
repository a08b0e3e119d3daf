import numpy as np
import pytest

import medlab
from medlab.errors import DataError


@pytest.fixture
def pairs(tmp_path, save_png):
    """Return a function that saves three images with masks in a folder of that name."""

    def save(name="masks", values=(0, 255), end="") -> object:
        for k, stem in enumerate("bac"):
            save_png(tmp_path / "set" / "images" / f"{stem}.jpg", np.full((8, 9), 30 * k, dtype=np.uint8))
            mask = np.zeros((8, 9), dtype=np.uint16)
            for row, value in enumerate(values):
                mask[row] = value
            mask[7, 8] = k
            save_png(tmp_path / "set" / name / f"{stem}{end}.png", mask)
        return tmp_path / "set"

    return save


def test_images_and_masks_are_matched_by_name(pairs):
    cohort = medlab.open(pairs(values=(0, 1), end="_mask"))
    assert cohort.images.shape == (3, 1, 8, 9)
    assert cohort.patient_ids.tolist() == ["images/a", "images/b", "images/c"]
    # Sorted by name: a was saved second, so its corner has the value 1; c has 2.
    assert cohort.structures == ("structure 1", "structure 2")
    assert cohort.masks[:, :, 7, 8].tolist() == [[1, 0], [0, 0], [0, 1]]


def test_parts_with_images_and_labels_are_no_classes(tmp_path, save_png):
    for name in ("train/image/a", "train/image/b", "test/image/c"):
        save_png(tmp_path / f"{name}.png", np.arange(64, dtype=np.uint8).reshape(8, 8))
    for name in ("a", "b"):
        save_png(tmp_path / "train" / "label" / f"{name}.png", np.eye(8, dtype=np.uint8) * 255)
    cohort = medlab.open(tmp_path)
    assert (len(cohort), cohort.classes, cohort.masks.sum().item()) == (2, (), 16)
    assert "images with masks are in train alone" in " ".join(cohort.notes)
    assert "test/image/c.png" in " ".join(cohort.notes)


def test_a_split_whose_parts_all_have_masks_is_the_official_one(tmp_path, save_png):
    for k, part in enumerate(("train", "val", "test")):
        save_png(tmp_path / part / "images" / "x.png", np.full((8, 8), 9 * k, dtype=np.uint8))
        save_png(tmp_path / part / "masks" / "x.png", np.eye(8, dtype=np.uint8) * 255)
    cohort = medlab.open(tmp_path)
    assert cohort.patients["split"].tolist() == ["test", "train", "val"]
    assert cohort.masks is not None


def test_instances_become_one_mask_and_a_count(pairs):
    cohort = medlab.open(pairs("instances", values=(0, 700, 701, 5)))
    assert cohort.structures == ("objects",)
    assert cohort.masks.sum(dim=(1, 2, 3)).tolist() == [28, 27, 28]
    assert cohort.patients["objects"].tolist() == [4, 3, 4]
    assert any("each value but 0 is one object" in note for note in cohort.notes)


def test_index_csv_brings_patients_and_split_and_nothing_personal(pairs):
    root = pairs()
    (root / "index.csv").write_text(
        "id,patient,split,birth_date\nc.jpg,p2,test,1956\nb,p1,validation,1957\na,p1,train,1958\n"
    )
    cohort = medlab.open(root)
    assert cohort.patient_ids.tolist() == ["p1", "p1", "p2"]
    assert cohort.patients["split"].tolist() == ["train", "val", "test"]
    assert "195" not in cohort.patients.to_string()
    assert any("left out: birth_date" in note for note in cohort.notes)
    assert not any("no patient ids" in note for note in cohort.notes)


def test_a_missing_mask_and_too_many_values_are_refused(pairs):
    root = pairs(values=range(8))
    (root / "masks" / "b.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images have no mask in .*: b\.jpg"):
        medlab.open(root)
    root = pairs(values=np.arange(70).reshape(7, 10)[:, :9])
    with pytest.raises(DataError, match="more than 32 values"):
        medlab.open(root)


def test_observers_are_channels_and_two_eyes_one_patient(tmp_path, save_png):
    for eye in ("01L", "01R", "02L"):
        save_png(tmp_path / f"Image_{eye}.jpg", np.zeros((6, 7, 3), dtype=np.uint8))
        for observer, rows in (("1st", 2), ("2nd", 3)):
            mask = np.zeros((6, 7), dtype=bool)
            mask[:rows] = True
            save_png(tmp_path / f"Image_{eye}_{observer}HO.png", mask)
    cohort = medlab.open(tmp_path)
    assert cohort.structures == ("observer 1", "observer 2")
    assert cohort.masks.sum(dim=(2, 3)).tolist() == [[14, 21]] * 3
    assert cohort.patient_ids.tolist() == ["01", "01", "02"]
    (tmp_path / "Image_02L_2ndHO.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images .* not drawn by all 2 observers: Image_02L\.jpg"):
        medlab.open(tmp_path)


@pytest.mark.needs_mirror
def test_the_real_nuclei_and_vessels_are_what_is_published(mirror):
    if not (mirror / "nuclei").is_dir() or not (mirror / "chase_db1").is_dir():
        pytest.skip("the mirror lacks nuclei or chase_db1")
    import pandas as pd

    nuclei = medlab.open(mirror / "nuclei", fit="crop")
    assert nuclei.images.shape == (120, 1, 256, 256)
    published = pd.read_csv(mirror / "nuclei" / "index.csv").set_index("id")["n_nuclei"]
    ids = [name.removeprefix("images/") for name in nuclei.patient_ids]
    assert nuclei.patients["objects"].tolist() == published[ids].tolist()
    vessels = medlab.open(mirror / "chase_db1", fit="crop", size=128)
    assert vessels.masks.shape == (28, 2, 128, 128)
    assert len(set(vessels.patient_ids)) == 14
