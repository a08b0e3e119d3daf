import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import medlab
from data_fetch.cards import all_cards, load_card
from data_fetch.errors import Damaged, FetchError, Unavailable
from medlab import sources
from medlab.cohort import Cohort
from medlab.errors import DataError, MedlabError, SourceUnavailable

pytestmark = pytest.mark.disable_socket
MIRROR = os.environ.get("MEDLAB_MIRROR", "")
RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (6, 8, 8), dtype=np.uint8)


def save(tmp_path, **arrays):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, **arrays)
    return path


def medmnist_arrays(counts=(4, 2, 3), shape=(28, 28), kinds=2, columns=1):
    arrays = {}
    for part, n in zip(("train", "val", "test"), counts, strict=True):
        arrays[f"{part}_images"] = RNG.integers(0, 256, (n, *shape), dtype=np.uint8)
        arrays[f"{part}_labels"] = (np.arange(n * columns).reshape(n, columns) % kinds).astype(np.uint8)
    return arrays


# ---- what packages carry


@pytest.mark.parametrize(
    ("name", "shape", "low", "high"),
    [
        ("ct_dicom", (1, 1, 128, 128), -1024, 3071),
        ("retina_photo", (1, 3, 1411, 1411), 0, 1),
        ("ihc_photo", (1, 3, 512, 512), 0, 1),
        ("mni152", (1, 1, 197, 233, 189), 0, 255),
    ],
)
def test_packaged_images_open_without_a_network_and_say_what_they_are(name, shape, low, high):
    cohort = medlab.open(name)
    assert cohort.images.shape == shape
    assert cohort.images.dtype == torch.float32
    assert low <= cohort.images.min() < cohort.images.max() <= high
    assert len(cohort.spacing) == cohort.dims
    assert not cohort.simulated
    assert "unknown" not in (cohort.licence, cohort.modality)


def test_the_ct_slice_is_in_hounsfield_units_with_the_spacing_of_its_tags():
    cohort = medlab.open("ct_dicom")
    assert cohort.intensity == "HU"
    assert cohort.spacing == pytest.approx((0.661468, 0.661468))
    water_like = ((cohort.images > -100) & (cohort.images < 150)).float().mean()
    assert water_like > 0.3  # most of a body is soft tissue
    assert cohort.images.min() < -800  # and there is air


def test_the_brain_lies_as_documented_right_front_top():
    brain = medlab.open("mni152").images[0, 0]
    # Left and right mirror each other; front and back, top and bottom do not.
    assert (brain - brain.flip(0)).abs().mean() < 0.5 * (brain - brain.flip(1)).abs().mean()
    middle = brain.shape[2] // 2
    assert brain[:, :, middle:].mean() > brain[:, :, : middle // 2].mean()  # the crown is up, the neck is cut
    # The eyes (dark, before the brain) tell front: in the lower third the front holds less tissue than the back.
    low = brain[:, :, 20:60]
    assert low[:, 190:].mean() < low[:, 40:80].mean()


# ---- cards


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A mirror whose pneumoniamnist.npz is small and made up."""
    path = save(tmp_path, **medmnist_arrays())
    monkeypatch.setattr("medlab.sources.open_source.fetch", lambda card: path)
    return path


def test_a_card_gives_the_official_split_and_everything_known(published):
    cohort = medlab.open("pneumoniamnist")
    card = load_card("pneumoniamnist")
    assert cohort.images.shape == (9, 1, 28, 28)
    assert 0 <= cohort.images.min() < cohort.images.max() <= 1
    assert cohort.labels.dtype == torch.int64
    assert cohort.labels.shape == (9,)
    assert cohort.positive == "pneumonia"
    assert cohort.licence == card.licence
    assert set(card.problems) < set(cohort.notes)
    assert any("no patient identifiers" in note for note in cohort.notes)
    assert [len(part) for part in cohort.split(seed=3)] == [4, 2, 3]


@pytest.mark.parametrize(
    ("raised", "wanted"), [(Unavailable, SourceUnavailable), (Damaged, DataError), (FetchError, MedlabError)]
)
def test_errors_of_fetching_become_ours_with_their_hint(monkeypatch, raised, wanted):
    def fail(card):
        raise raised("what happened", "what to do")

    monkeypatch.setattr("medlab.sources.open_source.fetch", fail)
    with pytest.raises(wanted, match="what happened") as caught:
        medlab.open("breastmnist")
    assert caught.value.hint == "what to do"


@pytest.mark.needs_mirror
@pytest.mark.skipif(not MIRROR, reason="MEDLAB_MIRROR is not set")
@pytest.mark.parametrize(("name", "share"), [("pneumoniamnist", 0.625), ("breastmnist", 42 / 156)])
def test_the_published_sets_have_the_counts_of_their_cards(name, share, monkeypatch):
    monkeypatch.setenv("MEDLAB_MIRROR", MIRROR)
    parts = medlab.open(name).split()
    assert [len(part) for part in parts] == list(load_card(name).splits.values())
    assert parts[2].target().mean() == pytest.approx(share)


# ---- the hospital


def test_the_hospital_is_opened_with_size_seed_and_options():
    cohort = medlab.open("hospital:chest_xray", size=32, seed=1, patients=6)
    assert cohort.images.shape[2:] == (32, 32)
    assert cohort.simulated
    assert len(set(cohort.patient_ids)) == 6
    assert torch.equal(cohort.images, medlab.open("hospital:chest_xray", size=32, seed=1, patients=6).images)


def test_an_unknown_modality_or_option_gets_the_nearest():
    with pytest.raises(MedlabError, match="chest_xray"):
        medlab.open("hospital:chest_x-ray", patients=3)
    with pytest.raises(MedlabError, match="did you mean 'patients'"):
        medlab.open("hospital:chest_xray", patient=3)


def test_real_images_ignore_the_options_of_the_hospital():
    assert len(medlab.open("ct_dicom", patients=50, dose=0.5)) == 1


# ---- names


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("pneumonia_mnist", "pneumoniamnist"), ("mni125", "mni152"), ("hospital_chest_xray", "hospital:chest_xray")],
)
def test_an_unknown_source_gets_the_nearest(wrong, near):
    with pytest.raises(MedlabError, match=f"did you mean '{near}'"):
        medlab.open(wrong)


def test_known_names_open_or_say_why_not():
    names = sources.known()
    assert {"pneumoniamnist", "breastmnist", "ct_dicom", "mni152", "hospital:chest_xray"} <= set(names)
    assert all(len(line) < 80 and "\n" not in line for line in names.values())


# ---- files


def test_a_full_npz_arrives_whole(tmp_path):
    maps = np.zeros((6, 8, 8), dtype=np.uint8)
    maps[:, 2, 2], maps[:, 3, 3] = 1, 5
    path = save(
        tmp_path,
        images=GRAY,
        labels=np.array([0, 1, 1, 0, 1, 0]),
        classes=np.array(["healthy", "ill"]),
        patient_id=np.array([7, 7, 8, 9, 10, 11]),
        split=np.array(["train", "train", "train", "val", "test", "test"]),
        site=np.array(list("AABBAB")),
        masks=maps,
        spacing=np.array([0.4, 0.8]),
    )
    cohort = medlab.open(path)
    np.testing.assert_allclose(cohort.images[:, 0].numpy() * 255, GRAY, atol=1e-4)
    assert cohort.labels.tolist() == [0, 1, 1, 0, 1, 0]
    assert cohort.classes == ("healthy", "ill")
    assert cohort.patient_ids.tolist() == ["7", "7", "8", "9", "10", "11"]
    assert cohort.patients["site"].tolist() == list("AABBAB")
    assert cohort.masks.shape == (6, 2, 8, 8)
    assert cohort.masks[:, 1, 3, 3].all()
    assert cohort.structures == ("structure 1", "structure 5")
    assert cohort.spacing == (0.4, 0.8)
    assert [len(part) for part in cohort.split()] == [3, 1, 2]


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((6, 9, 10), (1, 9, 10)),
        ((6, 9, 10, 3), (3, 9, 10)),
        ((6, 2, 9, 10), (2, 9, 10)),
        ((6, 1, 7, 9, 10), (1, 7, 9, 10)),
    ],
)
def test_images_may_be_gray_colored_many_channeled_or_volumes(tmp_path, shape, wanted):
    assert medlab.open(save(tmp_path, images=RNG.random(shape, dtype=np.float32))).images.shape == (6, *wanted)


@pytest.mark.parametrize(
    ("labels", "wanted", "classes"),
    [
        (np.array([[0], [2], [1], [0], [0], [1]], dtype=np.uint8), [0, 2, 1, 0, 0, 1], ("0", "1", "2")),
        (np.array([0.0, 1, 1, 0, 1, 0]), [0, 1, 1, 0, 1, 0], ("0", "1")),
        (np.array([True, False] * 3), [1, 0] * 3, ("0", "1")),
        (np.array(["ill", "fine"] * 3), [1, 0] * 3, ("fine", "ill")),
        (np.eye(6, 2, dtype=np.uint8), np.eye(6, 2).tolist(), ("0", "1")),
    ],
)
def test_labels_may_be_a_column_numbers_words_or_findings(tmp_path, labels, wanted, classes):
    cohort = medlab.open(save(tmp_path, images=GRAY, labels=labels))
    assert cohort.labels.tolist() == wanted
    assert cohort.labels.dtype == (torch.float32 if labels.ndim == 2 and labels.shape[1] > 1 else torch.int64)
    assert cohort.classes == classes


@pytest.mark.parametrize(("shape", "channels"), [((64, 64), 1), ((28, 28, 3), 3)])
def test_the_layout_of_medmnist_opens_at_any_size(tmp_path, shape, channels):
    cohort = medlab.open(str(save(tmp_path, **medmnist_arrays(shape=shape, columns=3))))
    assert cohort.images.shape == (9, channels, *shape[:2])
    assert cohort.labels.shape == (9, 3)
    assert [len(part) for part in cohort.split()] == [4, 2, 3]


def test_volumes_in_the_layout_of_medmnist_get_a_channel(tmp_path):
    assert medlab.open(save(tmp_path, **medmnist_arrays(shape=(28, 28, 28)))).images.shape == (9, 1, 28, 28, 28)


BROKEN = GRAY.astype(np.float32)
BROKEN[4, 3, 3] = np.nan


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"pictures": GRAY, "truth": np.arange(6)}, "holds pictures, truth; wanted 'images'"),
        ({"images": BROKEN}, "image 4 holds NaN"),
        ({"images": GRAY[:0]}, "at least one image"),
        ({"images": np.array("x")}, "wanted numbers"),
        ({"images": np.array(3)}, "images of shape ()"),
        ({"images": GRAY[0]}, "images of shape (8, 8)"),
        ({"images": GRAY, "labels": np.arange(5)}, "6 images but 5 labels"),
        ({"images": GRAY, "labels": np.array([0, 1, np.nan, 0, 0, 0])}, "image 2 of"),
        ({"images": GRAY, "labels": np.array([0, 1, 0.5, 0, 0, 0])}, "image 2 of"),
        ({"images": GRAY, "labels": np.array([0, 1, 1, -1, 0, 0])}, "image 3 of"),
        ({"images": GRAY, "labels": np.full((6, 2), 3)}, "0 and 1 only"),
        ({"images": GRAY, "labels": np.arange(6), "classes": np.array(["a", "b"])}, "image 2 has label 2"),
        ({"images": GRAY, "labels": np.zeros((6, 2, 2))}, "labels of"),
        ({"images": GRAY, "patients": np.array(["a"])}, "6 images but 1 patients"),
        ({"images": GRAY, "patients": np.array([1, np.nan, 2, 3, 4, 5])}, "image 1 of"),
        ({"images": GRAY, "split": np.array(["train"] * 5 + ["exam"])}, "image 5 of"),
        ({"images": GRAY, "masks": GRAY[:, :4]}, "masks"),
        ({"images": GRAY, "masks": np.ones((6, 4, 4))}, "masks have size (4, 4), images (8, 8)"),
        ({"images": GRAY, "spacing": np.array([1.0, 1, 1])}, "spacing"),
        ({"images": GRAY, "spacing": np.array([1.0, -1])}, "spacing"),
        (medmnist_arrays() | {"val_images": np.zeros((2, 9, 9), np.uint8)}, "differ in shape"),
        (medmnist_arrays() | {"val_labels": np.zeros((7, 1), np.uint8)}, "[4, 7, 3] labels"),
        (medmnist_arrays() | {"val_images": np.array(0)}, "differ in shape"),
    ],
)
def test_files_of_the_wrong_form_are_refused_with_the_place(tmp_path, arrays, said):
    with pytest.raises(DataError) as caught:
        medlab.open(save(tmp_path, **arrays))
    assert said in str(caught.value)
    assert caught.value.hint


def test_paths_that_are_no_npz_are_refused_with_the_nearest(tmp_path):
    save(tmp_path, images=GRAY)
    (tmp_path / "mine.txt").write_text("a,b")
    (tmp_path / "other").mkdir()
    for path, said in [
        ("mime.npz", "mine.npz"),
        ("mine.txt", "wanted .npz"),
        ("other", "is a folder"),
        ("no/x.npz", "no file"),
    ]:
        with pytest.raises(DataError, match=said):
            medlab.open(tmp_path / path)


def test_a_relative_path_and_a_text_path_are_files(tmp_path, monkeypatch):
    save(tmp_path, images=GRAY)
    monkeypatch.chdir(tmp_path)
    assert len(medlab.open("mine.npz")) == len(medlab.open(Path("mine.npz"))) == 6


# ---- size


def test_size_resamples_images_and_masks_and_scales_the_spacing(tmp_path):
    images = np.zeros((2, 40, 20), dtype=np.uint8)
    images[:, :20] = 255
    masks = (images > 0).astype(np.uint8)
    cohort = medlab.open(save(tmp_path, images=images, masks=masks, spacing=np.array([1.0, 2.0])), size=20)
    assert cohort.images.shape == (2, 1, 20, 10)
    assert cohort.masks.shape == (2, 1, 20, 10)
    assert cohort.masks.dtype == torch.uint8
    assert cohort.masks[:, :, :10].all()
    assert not cohort.masks[:, :, 10:].any()
    assert cohort.images.mean() == pytest.approx(0.5, abs=0.01)
    assert cohort.spacing == (2.0, 4.0)


def test_size_does_not_alias(tmp_path):
    stripes = np.zeros((1, 64, 64), dtype=np.uint8)
    stripes[:, :, ::2] = 255
    small = medlab.open(save(tmp_path, images=stripes), size=16)
    assert small.images[..., 2:-2].std() < 0.05  # without a filter every second stripe would stay


@pytest.mark.parametrize(("size", "wanted"), [(8, (8, 4, 4)), (32, (32, 16, 16)), ((4, 4, 4), (4, 4, 4))])
def test_volumes_are_resampled_too(tmp_path, size, wanted):
    volume = np.ones((1, 1, 16, 8, 8), dtype=np.float32)
    cohort = medlab.open(save(tmp_path, images=volume, spacing=np.array(1.0)), size=size)
    assert cohort.images.shape[2:] == wanted
    assert cohort.images.min() == pytest.approx(1)
    assert np.multiply(cohort.spacing, wanted) == pytest.approx([16, 8, 8])


def test_the_size_it_has_changes_nothing(tmp_path):
    path = save(tmp_path, images=GRAY)
    assert torch.equal(medlab.open(path, size=8).images, medlab.open(path).images)


@pytest.mark.parametrize("size", [0, -3, 10**6, (8, 8, 8), 2.5, "big"])
def test_sizes_without_sense_are_refused(tmp_path, size):
    with pytest.raises(MedlabError, match="size"):
        medlab.open(save(tmp_path, images=GRAY), size=size)


def test_a_cohort_from_a_file_is_a_cohort_like_any_other(tmp_path):
    cohort = medlab.open(save(tmp_path, images=GRAY))
    assert isinstance(replace(cohort[1:3]), Cohort)
    assert cohort.source == "mine.npz"


@pytest.mark.parametrize("name", [n for n in all_cards() if "mnist" in n])
def test_every_set_of_medmnist_opens_in_its_layout(tmp_path, monkeypatch, name):
    card = all_cards()[name]
    color = name.startswith(("path", "derma", "retina", "blood"))
    shape = (9, 28, 28, 28) if name.endswith("3d") else (9, 28, 28, 3) if color else (9, 28, 28)
    rng = np.random.default_rng(0)
    wide = (9, len(card.classes)) if "multi-label" in card.task else (9, 1)
    most = 2 if "multi-label" in card.task else len(card.classes)
    arrays = {}
    for part in ("train", "val", "test"):
        arrays[f"{part}_images"] = rng.integers(0, 256, shape, dtype=np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, most, wide, dtype=np.uint8)
    np.savez(tmp_path / "some.npz", **arrays)
    monkeypatch.setattr("medlab.sources.open_source.fetch", lambda card: tmp_path / "some.npz")
    cohort = medlab.open(name)
    assert cohort.dims == (3 if name.endswith("3d") else 2)
    assert cohort.images.shape[1] == (3 if color else 1)
    assert cohort.classes == card.classes
    assert [len(part) for part in cohort.split()] == [9, 9, 9]
    assert cohort.target().shape == (27,)


def test_the_layout_of_medsegbench_has_masks_and_a_split(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 4), ("val", 2), ("test", 3)):
        arrays[f"{part}_images"] = rng.integers(0, 255, (n, 16, 16, 3), dtype=np.uint8)
        arrays[f"{part}_label"] = rng.integers(0, 3, (n, 16, 16), dtype=np.uint8)
    np.savez_compressed(tmp_path / "wbc_128.npz", **arrays)
    monkeypatch.setattr("medlab.sources.open_source.fetch", lambda card: tmp_path / "wbc_128.npz")
    cohort = medlab.open("medsegbench_wbc")
    assert cohort.images.shape == (9, 3, 16, 16)
    assert cohort.masks.shape == (9, 2, 16, 16)
    assert cohort.structures == ("cytoplasm", "nucleus")
    assert cohort.patients["split"].tolist() == ["train"] * 4 + ["val"] * 2 + ["test"] * 3
    monkeypatch.setattr("medlab.sources.open_source.fetch", lambda card: tmp_path / "processed.cleveland.data")
    with pytest.raises(DataError, match="without images"):
        medlab.open("uci_heart")
    monkeypatch.setattr("medlab.sources.open_source.fetch", lambda card: tmp_path / "tooth.h5")
    with pytest.raises(DataError, match="projections, not images") as caught:
        medlab.open("ct_sinogram_tooth")
    assert "lesson 62" in caught.value.hint


@pytest.mark.needs_mirror
@pytest.mark.parametrize(
    ("name", "count"), [("decathlon_hippocampus", 260), ("chase_db1", 28), ("nuclei", 120), ("mednist", 2400)]
)
def test_sets_of_the_mirror_open_by_the_name_of_their_card(mirror, name, count):
    cohort = medlab.open(name, fit="resample", size=64)
    assert len(cohort) == count
    assert "doi:" in cohort.source
    assert cohort.licence.startswith("CC")
