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


def other_header(path, **fields):
    """Change fields of a stored header, which nibabel itself would repair."""
    places = {"pixdim": (80, "<3f"), "qform_code": (252, "<h"), "sform_code": (254, "<h"), "units": (123, "<B")}
    data = bytearray(path.read_bytes())
    for name, value in fields.items():
        at, form = places[name]
        values = value if isinstance(value, tuple) else (value,)
        data[at : at + struct.calcsize(form)] = struct.pack(form, *values)
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(("code", "scale"), [(0, 1), (1, 1000), (2, 1), (3, 0.001)])
def test_lengths_become_mm_and_a_guess_is_told(tmp_path, save_nifti, code, scale):
    path = save_nifti(tmp_path / "a.nii", np.ones((3, 4, 5), np.uint8), np.diag([2.0, 3, 4, 1]))
    cohort = medlab.open(other_header(path, units=code))
    assert cohort.spacing == pytest.approx((2 * scale, 3 * scale, 4 * scale))
    assert any("mm is assumed" in note for note in cohort.notes) == (code == 0)


def test_facts_that_disagree_are_told(tmp_path, save_nifti):
    path = save_nifti(tmp_path / "a.nii", np.ones((3, 4, 5), np.uint8), np.diag([2.0, 3, 4, 1]))
    notes = medlab.open(other_header(path, pixdim=(1.0, 3.0, 4.0))).notes
    assert any("pixdim (1 x 3 x 4 mm) and affine (2 x 3 x 4 mm) disagree" in note for note in notes)
    cohort = medlab.open(other_header(path, pixdim=(0.0, 3.0, 4.0), qform_code=0, sform_code=0))
    assert np.isnan(cohort.spacing[0])
    assert cohort.spacing[1:] == (3, 4)
    assert any("which side is left is not known" in note for note in cohort.notes)


def test_sform_and_qform_that_disagree_are_told(tmp_path):
    import nibabel

    image = nibabel.Nifti1Image(np.ones((3, 4, 5), np.uint8), np.eye(4))
    image.set_qform(np.diag([-1.0, 1, 1, 1]), code=1)
    image.set_sform(np.eye(4), code=1)
    nibabel.save(image, tmp_path / "a.nii.gz")
    assert any("sform and qform disagree by up to 4 mm" in note for note in medlab.open(tmp_path / "a.nii.gz").notes)


def test_sheared_and_oblique_axes_are_told(tmp_path, save_nifti):
    sheared = np.eye(4)
    sheared[1, 2] = 0.3
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    for affine, said in ((sheared, "sheared"), (turned, "oblique, up to 17 degrees")):
        path = save_nifti(tmp_path / "a.nii.gz", np.ones((3, 4, 5), np.uint8), affine)
        assert any(said in note for note in medlab.open(path).notes)


@pytest.mark.parametrize("change", [np.diag([-1.0, -1, 1, 1]), np.diag([1, 1, 2.0, 1]), np.array([[1, 0, 0, 5.0]])])
def test_a_mask_that_lies_elsewhere_is_refused(tmp_path, save_nifti, change):
    other = np.vstack([change, np.eye(4)[1:]]) if len(change) == 1 else change
    voxels = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    save_nifti(tmp_path / "images" / "a.nii.gz", voxels)
    save_nifti(tmp_path / "masks" / "a.nii.gz", (voxels > 0.5).astype(np.uint8), other)
    with pytest.raises(DataError, match=r"the affines of a\.nii\.gz and its mask"):
        medlab.open(tmp_path)


def test_a_mask_stored_with_its_axes_turned_stays_on_its_image(tmp_path, save_nifti):
    voxels = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    save_nifti(tmp_path / "images" / "a.nii.gz", voxels)
    affine = np.diag([-1.0, 1, 1, 1])
    affine[0, 3] = 3
    save_nifti(tmp_path / "masks" / "a.nii.gz", (voxels > 0.5).astype(np.uint8)[::-1], affine)
    cohort = medlab.open(tmp_path)
    assert cohort.images[0][cohort.masks[0] > 0].min() > 0.5
