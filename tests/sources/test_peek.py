"""A look at data says what opening them says, and reads no image."""

import subprocess
import sys

import numpy as np
import pytest

import medlab
from medlab.errors import DataError
from medlab.sources import open_source
from medlab.sources.for_lesson import facts_of
from medlab.sources.peek import described, peek
from tests.own_data import MAKERS, grades, two_classes


@pytest.mark.parametrize("name", MAKERS)
def test_a_look_agrees_with_what_is_opened(tmp_path, name):
    path = MAKERS[name](tmp_path)
    looked, opened = peek(str(path)), facts_of(medlab.open(path, fit="pad"))
    for what in ("images", "dims", "channels", "counts", "several", "annotations", "sites", "per_patient", "common"):
        if getattr(looked, what) is not None:
            assert getattr(looked, what) == getattr(opened, what), what
    assert (looked.images, looked.counts, looked.annotations) != (None, None, None)


@pytest.mark.parametrize(
    ("shape", "labels"),
    [
        ((9, 20, 20), [0, 1, 2] * 3),
        ((9, 2, 20, 20), np.eye(3)[[0, 1, 2] * 3]),
        ((9, 1, 8, 20, 20), ["b", "a", "c"] * 3),
    ],
)
def test_arrays_are_understood_as_opening_does(tmp_path, shape, labels):
    np.savez(
        tmp_path / "mine.npz", images=np.zeros(shape, np.uint8), labels=np.array(labels), patients=np.arange(9) // 3
    )
    looked, opened = peek(str(tmp_path / "mine.npz")), facts_of(medlab.open(tmp_path / "mine.npz"))
    assert looked == opened


def test_a_look_reads_no_image(tmp_path, monkeypatch):
    path = grades(tmp_path)
    monkeypatch.setattr(open_source, "read_npz", lambda path: pytest.fail("the whole file was read"))
    assert peek(str(path)).images == 300


def test_a_look_needs_no_torch():
    code = "import medlab.sources.peek, medlab.engine.parameters, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_classes_joined_by_plus_are_one_finding(tmp_path):
    found = peek(f"{grades(tmp_path)}?positive=3%2B4")
    assert found.finding == "3+4"
    assert list(found.counts) == ["not 3+4", "3+4"]
    assert sum(found.counts.values()) == 300


def test_a_folder_of_train_and_test_with_masks_is_images_with_masks(tmp_path):
    from PIL import Image

    for part in ("train", "test"):
        for kind in ("image", "label") if part == "train" else ("image",):
            (tmp_path / part / kind).mkdir(parents=True)
            Image.fromarray(np.zeros((20, 20), np.uint8)).save(tmp_path / part / kind / "0.png")
    assert peek(str(tmp_path)).annotations == {"masks"}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello" * 99])
def test_a_damaged_file_is_refused(tmp_path, content):
    (tmp_path / "mine.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"mine\.npz"):
        peek(str(tmp_path / "mine.npz"))


def test_an_array_of_objects_is_not_unpickled(tmp_path):
    np.savez(tmp_path / "mine.npz", images=np.zeros((3, 9, 9)), labels=np.array(["a", {}, 1], dtype=object))
    with pytest.raises(DataError):
        peek(str(tmp_path / "mine.npz"))


def test_names_are_opened_where_a_look_does_not_tell(tmp_path):
    assert peek("ct_dicom") is None
    assert described("ct_dicom").line().startswith("1 gray image")
    assert described(f"{two_classes(tmp_path)}?positive=ill").finding == "ill"
