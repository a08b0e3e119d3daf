"""Folders: every file is read or named, and what can be read in two ways is refused with the option that decides."""

import numpy as np
import pytest
from PIL import Image

import medlab
from medlab.errors import DataError

RNG = np.random.default_rng(0)


@pytest.fixture
def fill(tmp_path):
    """Return a function that saves random pictures under these names, and returns the folder."""

    def of(*names, shape=(8, 9)):
        for name in names:
            path = tmp_path / "set" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in (".txt", ".json", ".h5", ".csv"):
                path.write_text("x")
            else:
                Image.fromarray(RNG.integers(0, 255, shape, dtype=np.uint8)).save(path)
        return tmp_path / "set"

    return of


def draw(path, *values, shape=(8, 9)):
    path.parent.mkdir(parents=True, exist_ok=True)
    mask = np.zeros(shape, np.uint8)
    for row, value in enumerate(values):
        mask[row] = value
    Image.fromarray(mask).save(path)


CLASSES = [f"{name}/{name}{k}.png" for name in ("ill", "well") for k in range(3)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["overview.png"], "beside folders with pictures"),
        (["third/sub/1.png"], "deeper folders, third/sub"),
        (["train/1.png"], "'train' is no name of a class"),
        (["masks/1.png"], "'masks' is no name of a class"),
        (["fold_2/1.png"], "'fold_2' is no name of a class"),
    ],
)
def test_pictures_that_do_not_fit_are_never_passed_over(fill, more, said):
    with pytest.raises(DataError, match=said) as caught:
        medlab.open(fill(*CLASSES, *more))
    assert "layout=" in caught.value.hint


def test_a_stray_picture_can_be_left_out_and_is_named(fill):
    cohort = medlab.open(fill(*CLASSES, "overview.png"), skip="overview.png")
    assert (cohort.classes, len(cohort)) == (("ill", "well"), 6)
    assert any("left out by skip: overview.png" in note for note in cohort.notes)


def test_all_files_are_read_or_named(fill):
    root = fill(*CLASSES, "ill/x.webp", "well/y.gif", "well/z.bmp", "README.txt", "ill/more.h5", "ill/deep/a.json")
    cohort = medlab.open(root)
    assert len(cohort) == 9
    named = " ".join(cohort.notes)
    assert all(name in named for name in ("3 files were not read", "README.txt", "more.h5", "ill/deep/a.json"))


def test_files_of_other_programs_are_refused_with_their_name(fill):
    root = fill(*CLASSES)
    (root / "ill" / "scan.nrrd").write_text("NRRD")
    with pytest.raises(DataError, match=r"scan\.nrrd is a \.nrrd file"):
        medlab.open(root)
    assert len(medlab.open(root, skip="*.nrrd")) == 6


@pytest.mark.parametrize("names", [("patient1", "patient2"), ("sub-01", "sub-02"), ("P003", "P017"), ("0012", "0345")])
def test_folders_that_look_like_patients_are_asked_about(fill, names):
    root = fill(*(f"{name}/{k}.png" for name in names for k in range(2)))
    with pytest.raises(DataError, match="patients, or classes"):
        medlab.open(root)
    people = medlab.open(root, layout="patients")
    assert sorted(set(people.patient_ids)) == sorted(names)
    assert people.labels is None
    assert len(medlab.open(root, layout="classes").classes) == 2
    assert medlab.open(root, layout="images").labels is None


def test_parts_of_a_split_are_no_classes(fill):
    flat = medlab.open(fill("train/a.png", "validation/b.png", "Test/c.png"))
    assert flat.labels is None
    assert sorted(flat.patients["split"]) == ["test", "train", "val"]


def test_deeper_folders_belong_to_their_class_if_asked(fill):
    cohort = medlab.open(fill(*CLASSES, "ill/p1/a.png"), layout="classes")
    assert cohort.labels.tolist().count(0) == 4
    assert any("1 pictures lie in deeper folders" in note for note in cohort.notes)


def test_masks_beside_images_in_folders_of_classes(fill):
    root = fill(*CLASSES)
    for name in CLASSES:
        draw(root / name.replace(".png", "_mask.png"), 255)
    draw(root / "ill" / "ill1_mask_1.png", 0, 0, 255)
    cohort = medlab.open(root)
    assert (len(cohort), cohort.classes, cohort.structures) == (6, ("ill", "well"), ("mask",))
    assert cohort.masks.sum(dim=(1, 2, 3)).tolist() == [9, 18, 9, 9, 9, 9]
    assert any("ill1_mask.png, ill1_mask_1.png" in note for note in cohort.notes)
    (root / "well" / "well0_mask.png").unlink()
    with pytest.raises(DataError, match=r"1 of 3 images have no mask .*: well0\.png"):
        medlab.open(root)


@pytest.mark.parametrize("end", ["_contour", "-drawn", "_manual1"])
def test_pictures_named_like_others_are_asked_about(fill, end):
    root = fill("a.png", "b.png")
    for name in "ab":
        draw(root / f"{name}{end}.png", 1)
    with pytest.raises(DataError, match="masks, or images") as caught:
        medlab.open(root)
    assert "layout='masks'" in caught.value.hint
    assert medlab.open(root, layout="masks").masks.sum(dim=(1, 2, 3)).tolist() == [9, 9]
    assert len(medlab.open(root, layout="images")) == 4
    assert len(medlab.open(root, skip=f"*{end}*")) == 2


def test_a_picture_and_its_twin_of_another_format_are_asked_about(fill):
    with pytest.raises(DataError, match="masks, or images"):
        medlab.open(fill("a.jpg", "a.png", "b.jpg", "b.png"))


def test_a_mask_without_an_image_is_refused(fill):
    root = fill("images/a.png")
    draw(root / "masks" / "a.png", 1)
    draw(root / "masks" / "lost.png", 1)
    with pytest.raises(DataError, match=r"1 masks in .* have no image: lost\.png"):
        medlab.open(root)
    assert len(medlab.open(root, skip="lost.png")) == 1


@pytest.mark.parametrize(
    ("first", "second", "structures"),
    [
        ((254, 255), (255,), ("mask",)),
        ((1,), (255,), ("mask",)),
        ((1, 2), (2,), ("structure 1", "structure 2")),
        ((128, 255), (255,), ("structure 128", "structure 255")),
    ],
)
def test_values_of_masks(fill, first, second, structures):
    root = fill("images/a.png", "images/b.png")
    draw(root / "masks" / "a.png", *first)
    draw(root / "masks" / "b.png", *second)
    cohort = medlab.open(root)
    assert cohort.structures == structures
    assert cohort.masks.sum() == 9 * (len(first) + len(second))


def test_soft_edges_are_no_structures(fill):
    root = fill("images/a.png")
    draw(root / "masks" / "a.png", 1, 3, 252, 255)
    with pytest.raises(DataError, match="structures, or a drawing that was resized"):
        medlab.open(root)


def test_colors_and_transparency_of_masks(fill):
    root = fill("images/a.png", "images/b.png")
    color = np.zeros((8, 9, 3), np.uint8)
    color[0], color[1] = (255, 0, 0), (0, 0, 255)
    for name in "ab":
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(color).save(root / "masks" / f"{name}.png")
    assert medlab.open(root).structures == ("color #0000ff", "color #ff0000")
    alpha = np.zeros((8, 9, 4), np.uint8)
    alpha[:2, :, 3] = 255
    for name in "ab":
        Image.fromarray(alpha).save(root / "masks" / f"{name}.png")
    assert medlab.open(root).masks.sum(dim=(1, 2, 3)).tolist() == [18, 18]
    alpha[..., 0] = np.arange(9)
    Image.fromarray(alpha).save(root / "masks" / "a.png")
    with pytest.raises(DataError, match="color and transparency"):
        medlab.open(root)


def test_label_values_in_a_jpg_and_probabilities_are_refused(fill):
    root = fill("images/a.png")
    draw(root / "masks" / "a.jpg", 2, 2, 2)
    with pytest.raises(DataError, match="jpg of values up to"):
        medlab.open(root)
    (root / "masks" / "a.jpg").unlink()
    Image.fromarray(RNG.random((8, 9), dtype=np.float32)).save(root / "masks" / "a.tif")
    with pytest.raises(DataError, match="whole numbers"):
        medlab.open(root)


@pytest.mark.parametrize(("turn", "same"), [(3, True), (6, False), (8, False), (2, True)])
def test_pictures_stand_as_their_exif_says_and_masks_fit_that(tmp_path, turn, same):
    stored = np.zeros((16, 24), np.uint8)
    stored[:6, :6] = 255
    picture = Image.fromarray(stored)
    exif = picture.getexif()
    exif[0x0112] = turn
    (tmp_path / "images").mkdir()
    picture.save(tmp_path / "images" / "a.jpg", exif=exif, quality=98)
    from PIL import ImageOps

    shown = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / "images" / "a.jpg")))
    assert (shown.shape == stored.shape) == same
    draw(tmp_path / "masks" / "a.png")
    Image.fromarray((shown > 127).astype(np.uint8)).save(tmp_path / "masks" / "a.png")
    cohort = medlab.open(tmp_path)
    assert cohort.images[0, 0][cohort.masks[0, 0] > 0].mean() > 0.9
    assert any("EXIF" in note for note in cohort.notes)
    if not same:
        Image.fromarray((stored > 127).astype(np.uint8)).save(tmp_path / "masks" / "a.png")
        with pytest.raises(DataError, match=r"has size 16x24, its image a\.jpg 24x16 .*EXIF"):
            medlab.open(tmp_path)


def test_a_layout_that_is_none_is_suggested(fill):
    with pytest.raises(medlab.MedlabError, match="did you mean 'classes'"):
        medlab.open(fill(*CLASSES), layout="class")
