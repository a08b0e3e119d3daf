import numpy as np
import pytest

import medlab
from medlab.errors import DataError

GOOD = """Image,Patient_ID,label,split,age,sex,name
a.png,p1,ill,train,40,f,Mustermann
sub/b.png,p1,healthy,train,40,f,Mustermann
c.png,p2,ill,valid,,m,Mustermann
"""


@pytest.fixture
def table(tmp_path, save_png):
    """Return a function that writes a csv file beside three images."""
    for k, name in enumerate(["a.png", "sub/b.png", "c.png"]):
        save_png(tmp_path / name, np.full((4, 5), 51 * k, dtype=np.uint8))

    def save(text=GOOD):
        (tmp_path / "table.csv").write_text(text)
        return tmp_path / "table.csv"

    return save


def test_a_table_brings_patients_labels_and_split(table):
    cohort = medlab.open(table())
    assert cohort.images[:, 0, 0, 0].tolist() == pytest.approx([0, 0.2, 0.4])
    assert cohort.patient_ids.tolist() == ["p1", "p1", "p2"]
    assert (cohort.classes, cohort.labels.tolist()) == (("healthy", "ill"), [1, 0, 1])
    assert cohort.patients["split"].tolist() == ["train", "train", "val"]
    assert cohort.patients["age"].tolist()[:2] == [40, 40]
    assert "Mustermann" not in cohort.patients.to_string()


def test_numbers_are_classes_and_masks_are_read(table, tmp_path, save_png):
    save_png(tmp_path / "m.png", np.eye(4, 5, dtype=np.uint8))
    cohort = medlab.open(table("path,mask,target\na.png,m.png,1\nc.png,m.png,0\n"))
    assert (cohort.classes, cohort.labels.tolist()) == (("0", "1"), [1, 0])
    assert cohort.masks.sum(dim=(1, 2, 3)).tolist() == [4, 4]
    assert any("no patient ids" in note for note in cohort.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "has no column of images, but a, b"),
        ("image\n", "has no rows"),
        ("image,patient\na.png,p1\nc.png,\n", "line 3 of table.csv has no patient"),
        ("image,label\na.png, \n", "line 2 of table.csv has no label"),
        ("image,split\na.png,trian\n", "has split 'trian'"),
        ("image,age\na.png,old\n", "line 2 of table.csv has an age that is no number"),
        ("image\nno.png\n", "there is no file"),
        ("image\n../../x.png\n", "leads out of the folder"),
        ("image\n/etc/hostname\n", "leads out of the folder"),
        ("image\ntable.csv\n", "cannot be read"),
        ("image\na\0.png\n", "cannot be read"),
        (f"image\n{'a' * 5000}.png\n", "cannot be read|no file"),
        ('image\n"a.png\n', "no file|cannot be read"),
    ],
)
def test_faults_are_named(table, text, said):
    with pytest.raises(DataError, match=said) as caught:
        medlab.open(table(text))
    assert caught.value.hint


def test_a_table_that_is_no_text_is_named(table):
    path = table()
    path.write_bytes(b"\xff\xfe\x00\x81" * 9)
    with pytest.raises(DataError, match=r"table\.csv cannot be read"):
        medlab.open(path)


def test_text_stays_what_it_is(table):
    cohort = medlab.open(table("image,label,site,age\na.png,NA,NA,NA\nc.png,None,é,7\nsub/b.png,NA,e\u0301,\n"))
    assert cohort.classes == ("NA", "None")
    assert cohort.labels.tolist() == [0, 1, 0]
    assert cohort.patients["site"].tolist() == ["NA", "é", "é"]
    assert cohort.patients["age"].isna().tolist() == [True, False, True]


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_signs_between_columns(table, sign):
    cohort = medlab.open(table(GOOD.replace(",", sign)))
    assert cohort.patient_ids.tolist() == ["p1", "p1", "p2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("image,Image\na.png,a.png\n", "two columns 'image'"),
        ("image,label,LABEL \na.png,1,1\n", "two columns 'label'"),
        ("image,image\na.png,c.png\n", "two columns 'image'"),
        ("image,label\na.png,1\na.png,0\n", "a.png is in lines 2 and 3"),
        ("image,label\n\na.png,ill\nc.png,Ill\n", "differ only in case"),
        ("image,patient\na.png,nan\nc.png,nan\n", "no patient"),
        ("image,patient\na.png,7\nc.png,07\n", "several forms"),
    ],
)
def test_tables_in_doubt_are_refused(table, text, said):
    with pytest.raises(DataError, match=said):
        medlab.open(table(text))


def test_columns_and_files_that_are_not_read_are_named(table):
    notes = " ".join(medlab.open(table("image,label,diagnosis\na.png,ill,tumor\n")).notes)
    assert "label are read, and not diagnosis" in notes
    assert "c.png" in notes


def test_one_picture_under_two_patients_is_told(table, tmp_path, save_png):
    save_png(tmp_path / "copy.png", np.zeros((4, 5), dtype=np.uint8))
    notes = medlab.open(table("image,patient\na.png,p1\ncopy.png,p2\n")).notes
    assert any("2 pictures are there more than once" in note and "p1 and p2" in note for note in notes)
