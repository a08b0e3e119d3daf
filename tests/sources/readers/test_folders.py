import numpy as np
import pytest

import medlab
from medlab.errors import DataError


def fill(root, save_png, folders, n=2):
    for k, folder in enumerate(folders):
        for j in range(n):
            save_png(root / folder / f"{j}.png", np.full((4, 5), 10 * k + j, dtype=np.uint8))
    return root


def test_a_folder_per_class(tmp_path, save_png):
    cohort = medlab.open(fill(tmp_path, save_png, ["ill", "healthy", "very ill"]))
    assert cohort.classes == ("healthy", "ill", "very ill")
    assert cohort.labels.tolist() == [0, 0, 1, 1, 2, 2]
    assert (cohort.images[:, 0, 0, 0] * 255).round().tolist() == [10, 11, 0, 1, 20, 21]
    assert len(set(cohort.patient_ids)) == 6


def test_a_folder_per_part_and_class_has_a_split(tmp_path, save_png):
    cohort = medlab.open(fill(tmp_path, save_png, [f"{part}/{c}" for part in ("train", "val", "test") for c in "ab"]))
    assert cohort.classes == ("a", "b")
    assert cohort.patients["split"].value_counts().to_dict() == {"train": 4, "val": 4, "test": 4}


def test_images_only_say_so(tmp_path, save_png):
    cohort = medlab.open(fill(tmp_path, save_png, ["."], n=3))
    assert len(cohort) == 3
    assert any("no labels" in note for note in cohort.notes)


def test_gray_and_color_are_mixed_with_a_note_but_units_are_not(tmp_path, save_png):
    fill(tmp_path, save_png, ["."])
    save_png(tmp_path / "color.png", np.array([[[255, 0, 0]] * 5] * 4, dtype=np.uint8))
    cohort = medlab.open(tmp_path)
    assert cohort.images.shape == (3, 3, 4, 5)
    assert any("mixed" in note for note in cohort.notes)
    save_png(tmp_path / "float.tif", np.ones((4, 5), dtype=np.float32))
    with pytest.raises(DataError, match=r"differ in their intensities: 0\.png .* float\.tif"):
        medlab.open(tmp_path)


def test_different_spacing_is_kept_per_image(tmp_path, save_nifti):
    for k in (1, 2):
        save_nifti(tmp_path / f"{k}.nii.gz", np.ones((3, 3, 3), dtype=np.uint8), np.diag([k, k, 5, 1.0]))
    cohort = medlab.open(tmp_path)
    assert np.isnan(cohort.spacing).all()
    assert cohort.patients["spacing_0"].tolist() == [1, 2]
    assert any("spacing differs" in note for note in cohort.notes)


def test_links_may_not_leave_the_folder(tmp_path, save_png):
    root = fill(tmp_path / "set", save_png, ["a", "b"])
    outside = save_png(tmp_path / "secret.png", np.zeros((4, 5), dtype=np.uint8))
    (root / "a" / "9.png").symlink_to(root / "b" / "0.png")
    assert len(medlab.open(root)) == 5
    (root / "a" / "8.png").symlink_to(outside)
    with pytest.raises(DataError, match=r"8\.png leads out of the folder"):
        medlab.open(root)
    # The person names this link itself.
    assert len(medlab.open(root / "a" / "8.png")) == 1


def test_an_unknown_form_says_what_was_found(tmp_path):
    (tmp_path / "x.h5").write_text("")
    (tmp_path / "notes").mkdir()
    with pytest.raises(DataError, match=r"no known form: 1 \.h5; folders notes") as caught:
        medlab.open(tmp_path)
    assert "images/ and masks/" in caught.value.hint


def test_too_little_memory_is_said_before_it_is_spent(tmp_path, save_png, monkeypatch):
    import psutil

    fill(tmp_path, save_png, ["."])
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Free", (), {"available": 161}))
    with pytest.raises(DataError, match="GB are free"):
        medlab.open(tmp_path, fit="pad", size=64)


@pytest.mark.needs_mirror
def test_the_real_brain_slices_open(mirror):
    if not (mirror / "brain_slices").is_dir():
        pytest.skip("the mirror has no brain_slices")
    assert medlab.open(mirror / "brain_slices").images.shape == (6, 1, 256, 256)


def test_a_folder_that_holds_one_npz_is_that_file(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((3, 8, 8), np.uint8))
    (tmp_path / "README.txt").write_text("three images")
    assert len(medlab.open(tmp_path)) == 3
    np.savez(tmp_path / "other.npz", images=np.zeros((2, 8, 8), np.uint8))
    with pytest.raises(DataError, match=r"2 \.npz"):
        medlab.open(tmp_path)
