import gzip
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import medlab
from medlab.cohort import Cohort
from medlab.errors import DataError
from medlab.sources.readers.nifti import peek_nifti, read_nifti


def test_axes_are_turned_to_ras_and_spacing_with_them(tmp_path, save_nifti):
    voxels = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    # Axes: to the back (2 mm), to the head (3 mm), to the left (4 mm).
    affine = np.array([[0, 0, -4, 0], [-2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 0, 1]], dtype=float)
    path = save_nifti(tmp_path / "a.nii.gz", voxels, affine)
    header = peek_nifti(path)
    assert header.shape == (1, 4, 2, 3)
    assert header.spacing == pytest.approx((4, 2, 3))
    assert np.array_equal(read_nifti(path)[0], voxels.transpose(2, 0, 1)[::-1, ::-1])


@pytest.mark.parametrize(
    ("shape", "wanted"), [((5, 6, 1), (1, 5, 6)), ((5, 6), (1, 5, 6)), ((5, 6, 4, 2), (2, 5, 6, 4))]
)
def test_a_single_slice_is_an_image_and_a_fourth_axis_the_channels(tmp_path, save_nifti, shape, wanted):
    path = save_nifti(tmp_path / "a.nii", np.ones(shape, dtype=np.float32))
    assert peek_nifti(path).shape == read_nifti(path).shape == wanted


@pytest.mark.parametrize("packed", [False, True])
def test_a_header_that_claims_30000_cubed_is_refused_before_memory_is_spent(tmp_path, save_nifti, packed):
    path = save_nifti(tmp_path / "a.nii", np.zeros((4, 4, 4), dtype=np.uint8))
    data = bytearray(path.read_bytes())
    data[42:48] = struct.pack("<3h", 30000, 30000, 30000)
    path = tmp_path / ("huge.nii.gz" if packed else "huge.nii")
    path.write_bytes(gzip.compress(bytes(data)) if packed else bytes(data))
    tracemalloc.start()
    with pytest.raises(DataError, match=r"huge.*30000, 30000, 30000.*cannot hold"):
        medlab.open(path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_truncated_wrong_and_nan_files_are_named(tmp_path, save_nifti):
    path = save_nifti(tmp_path / "whole.nii.gz", np.random.default_rng(0).random((9, 9, 9)).astype(np.float32))
    (tmp_path / "cut.nii.gz").write_bytes(path.read_bytes()[:-900])
    (tmp_path / "text.nii").write_text("<html>not found</html>")
    save_nifti(tmp_path / "nan.nii.gz", np.full((3, 3, 3), np.nan, dtype=np.float32))
    save_nifti(tmp_path / "complex.nii.gz", np.zeros((3, 3, 3), dtype=np.complex64))
    for name, said in [
        ("cut.nii.gz", "cannot"),
        ("text.nii", "cannot be read"),
        ("nan.nii.gz", "NaN"),
        ("complex.nii.gz", "complex64"),
    ]:
        with pytest.raises(DataError, match=said) as caught:
            medlab.open(tmp_path / name)
        assert name in str(caught.value)
        assert caught.value.hint


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 420), flips=st.lists(st.tuples(st.integers(0, 415), st.integers(1, 255)), max_size=4))
def test_any_damage_gives_a_cohort_or_a_medlab_error(tmp_path, save_nifti, outcome, cut, flips):
    whole = tmp_path / "whole.nii"
    if not whole.exists():
        save_nifti(whole, np.arange(64, dtype=np.uint8).reshape(4, 4, 4))
    data = bytearray(whole.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    damaged = tmp_path / "damaged.nii"
    damaged.write_bytes(bytes(data[: max(0, len(data) - cut)] if cut % 3 == 0 else data))
    result = outcome(damaged)
    assert isinstance(result, Cohort) or "damaged.nii" in str(result)
