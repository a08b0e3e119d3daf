import numpy as np
import pytest

import medlab
from medlab.errors import DataError

BOX = "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"


@pytest.fixture
def voc(tmp_path, save_png):
    """Return a folder with three blood smears of 20 x 30 pixels, below a folder with a README."""
    root = tmp_path / "blood" / "BCCD"
    boxes = {"a": [("RBC", 1, 1, 10, 5), ("WBC", 21, 11, 40, 20)], "b": [], "c": [("RBC", 5, 5, 5, 4)]}
    for name, objects in boxes.items():
        save_png(root / "JPEGImages" / f"{name}.jpg", np.zeros((20, 30), dtype=np.uint8))
        (root / "Annotations").mkdir(exist_ok=True)
        text = "".join(BOX.format(*item) for item in objects)
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation>{text}</annotation>")
    lists = root / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for part, names in {"train": "a\n", "val": "b 1\n", "test": "c\n\n", "trainval": "a\nb\n"}.items():
        (lists / f"{part}.txt").write_text(names)
    (root.parent / "README.md").write_text("blood")
    return root


def test_boxes_are_rows_first_and_counted_from_0(voc):
    cohort = medlab.open(voc.parent)
    assert cohort.images.shape == (3, 1, 20, 30)
    assert cohort.boxes[0].tolist() == [[0, 0, 5, 10], [10, 20, 20, 30]]
    assert [len(boxes) for boxes in cohort.boxes] == [2, 0, 0]
    assert cohort.structures == ("RBC", "WBC")
    assert cohort.patients["n_RBC"].tolist() == [1, 0, 0]
    assert cohort.patients["box_classes"].tolist() == ["RBC;WBC", "", ""]
    assert cohort.patients["split"].tolist() == ["train", "val", "test"]
    notes = " ".join(cohort.notes)
    assert "1 boxes without an area" in notes
    assert "over the border of 1 images" in notes


def test_size_scales_the_boxes(voc):
    assert medlab.open(voc, size=15).boxes[0].tolist() == [[0, 0, 2.5, 5], [5, 10, 10, 15]]
    padded = medlab.open(voc, fit="pad", size=40)
    assert padded.boxes[0].tolist() == [[10, 5, 15, 15], [20, 25, 30, 35]]


def test_lists_that_disagree_or_are_incomplete(voc):
    lists = voc / "ImageSets" / "Main"
    (lists / "test.txt").write_text("")
    cohort = medlab.open(voc)
    assert "split" not in cohort.patients
    assert any("do not name 1 images, such as c" in note for note in cohort.notes)
    (lists / "test.txt").write_text("a\nc\n")
    with pytest.raises(DataError, match="a is in two lists: train and test"):
        medlab.open(voc)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "defines entities"),
        ("<annotation><object>", "cannot be read"),
        (f"<annotation>{BOX.format('RBC', 'x', 1, 2, 3)}</annotation>", "cannot be read"),
        (f"<annotation>{BOX.format('RBC', 'nan', 1, 2, 3)}</annotation>", "has a box at"),
    ],
)
def test_damaged_annotations_are_named(voc, text, said):
    (voc / "Annotations" / "a.xml").write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        medlab.open(voc)
    assert "a.xml" in str(caught.value)


@pytest.mark.needs_mirror
def test_the_real_blood_smears_are_what_is_published(mirror):
    if not (mirror / "bccd_blood").is_dir():
        pytest.skip("the mirror has no bccd_blood")
    cohort = medlab.open(mirror / "bccd_blood", fit="crop", size=64)
    assert cohort.images.shape == (364, 3, 64, 64)
    assert cohort.structures == ("Platelets", "RBC", "WBC")
    assert cohort.patients["split"].value_counts().to_dict() == {"train": 205, "val": 87, "test": 72}
    assert sum(map(len, cohort.boxes)) == 4888


def test_an_annotation_of_another_size_is_refused(tmp_path, save_png):
    save_png(tmp_path / "JPEGImages" / "a.png", np.zeros((8, 9), np.uint8))
    (tmp_path / "Annotations").mkdir()
    xml = "<annotation><size><width>{}</width><height>{}</height></size></annotation>"
    (tmp_path / "Annotations" / "a.xml").write_text(xml.format(8, 9))
    with pytest.raises(DataError, match=r"about a picture of 9x8, but a\.png is 8x9"):
        medlab.open(tmp_path)
    (tmp_path / "Annotations" / "a.xml").write_text(xml.format(9, 8))
    assert len(medlab.open(tmp_path)) == 1
