"""Files with flipped bytes or cut short: read, or refused in one way; never a crash, a hang or a huge allocation."""

import io
import resource
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.examples import get_path

import medlab
from medlab.errors import MedlabError

FORMS = ("nii", "nii.gz", "dcm", "png", "jpg", "tif", "npz")
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 255, (24, 20), dtype=np.uint8)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a good file of each form."""
    folder, files = tmp_path_factory.mktemp("whole"), {}
    volume = nibabel.Nifti1Image(RNG.normal(size=(6, 5, 4)).astype(np.float32), np.diag([1, 2, 3, 1]))
    for form in FORMS:
        path = folder / f"image.{form}"
        if form.startswith("nii"):
            nibabel.save(volume, path)
        elif form == "dcm":
            shutil.copy(get_path("ct"), path)
        elif form == "npz":
            np.savez_compressed(path, images=PIXELS[None], labels=np.zeros(1, np.int64))
        else:
            stream = io.BytesIO()
            Image.fromarray(PIXELS).save(stream, {"jpg": "JPEG", "tif": "TIFF", "png": "PNG"}[form])
            path.write_bytes(stream.getvalue())
        files[form] = path.read_bytes()
    return files


@pytest.fixture
def one_gigabyte_more():
    """No more memory than the process holds now and 1 GB: what asks for more gets a MemoryError, and the test fails."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + 10**9, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, limits)


def said_of(path):
    """What medlab says of the file: nothing where it reads it."""
    try:
        return "" if len(medlab.open(path)) else f"{path.name}: an empty cohort"
    except MedlabError as error:
        return str(error)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited by Linux's means")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=290, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
    flips=st.lists(st.tuples(st.one_of(st.integers(0, 400), st.floats(0, 1)), st.integers(1, 255)), max_size=6),
)
def test_damaged_files_are_read_or_refused(whole, tmp_path, one_gigabyte_more, form, cut, flips):
    data = bytearray(whole[form])
    for where, change in flips:  # headers matter most: half of the flips fall there
        at = where if isinstance(where, int) else int(where * (len(data) - 1))
        data[at % len(data)] ^= change
    path = tmp_path / f"image.{form}"
    path.write_bytes(data[: int(cut * len(data))])
    said = said_of(path)
    assert not said or path.stem in said
    assert "empty cohort" not in said
