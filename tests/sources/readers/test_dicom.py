import logging
import traceback
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import medlab
from medlab.cohort import Cohort
from medlab.errors import DataError, MedlabError

SECRETS = ("Mustermann", "Erika", "ID-4711", "19560203")


@pytest.fixture
def series(tmp_path, save_dicom):
    """Return a function that saves slices at these positions, in another order than their names."""

    def save(positions, **tags):
        root = tmp_path / "series"
        for k, z in enumerate(positions):
            save_dicom(root / f"{(k * 7) % 10}.dcm", np.full((3, 4), 1024 + z), z=z, **tags)
        return root

    return save


def test_a_series_is_ordered_by_position_in_hu_with_spacing(series):
    cohort = medlab.open(series([20, 0, 10, 30]))
    assert cohort.images.shape == (1, 1, 4, 3, 4)
    assert cohort.images[0, 0, :, 0, 0].tolist() == [0, 10, 20, 30]
    assert cohort.spacing == pytest.approx((10, 0.5, 0.7))
    assert (cohort.modality, cohort.intensity) == ("CT", "HU")
    small = medlab.open(series([20, 0, 10, 30]), fit="resample", size=(2, 3, 4))
    assert small.images[0, 0, :, 0, 0].tolist() == [5, 25]
    assert small.spacing == pytest.approx((20, 0.5, 0.7))


def test_slices_without_an_ending_and_other_files_beside_them(series):
    root = series([0, 5])
    for path in sorted(root.iterdir()):
        path.rename(path.with_suffix(""))
    (root / "README").write_text("hello")
    assert medlab.open(root).images.shape[2] == 2


@pytest.mark.parametrize(
    ("positions", "said"),
    [
        ([0, 5, 10, 20, 25], r"1 gaps where slices are 5 mm apart: 10 mm between"),
        ([0, 5, 11, 16], r"unevenly spaced, 5 to 6 mm"),
        ([0, 5, 5, 10], r"lie at one position"),
    ],
)
def test_gaps_copies_and_uneven_slices_are_reported(series, positions, said):
    with pytest.raises(DataError, match=said):
        medlab.open(series(positions))


def test_a_mixed_series_is_counted(series, save_dicom):
    root = series([0, 5, 10])
    save_dicom(root / "other.dcm", np.zeros((3, 4)), z=15, series="1.2.9")
    with pytest.raises(DataError, match=r"mixes 2 series .* of 3, 1 files"):
        medlab.open(root)


def test_slices_of_two_sizes_are_refused(series, save_dicom):
    root = series([0, 5])
    save_dicom(root / "localizer.dcm", np.zeros((9, 9)), z=10)
    with pytest.raises(DataError, match="differ in size"):
        medlab.open(root)


def test_personal_data_are_never_kept_nor_said(series, tmp_path, save_dicom, caplog, recwarn):
    caplog.set_level(logging.DEBUG)
    said = []
    cohort = medlab.open(series([0, 5]))
    said += [repr(cohort), cohort.patients.to_string(), " ".join(cohort.notes), cohort._repr_html_(), cohort.source]
    assert cohort.patient_ids[0].startswith("patient_")
    whole = save_dicom(tmp_path / "one.dcm", np.zeros((3, 4)))
    assert medlab.open(whole).patient_ids.tolist() == cohort.patient_ids.tolist()
    # Damage that makes pydicom quote values: a number and a length that are none.
    for old, new in [(b"0.5\\0.7 ", b"Erika\\0.7"), (b"ID-4711", b"\xff\xfeD-4711"), (b"1.2.3", b"Erika")]:
        whole.with_name("bad.dcm").write_bytes(whole.read_bytes().replace(old, new))
        try:
            medlab.open(whole.with_name("bad.dcm"))
        except MedlabError as error:
            said.append("".join(traceback.format_exception(error)))
    said += [caplog.text, *(str(w.message) for w in recwarn.list)]
    assert not [word for word in SECRETS for text in said if word in text]


def test_images_without_positions_are_single_images(tmp_path, save_dicom):
    for k in range(3):
        save_dicom(tmp_path / "x" / f"{k}.dcm", np.zeros((3, 4)), z=None, PatientID=f"ID-{k // 2}", Modality="DX")
    cohort = medlab.open(tmp_path / "x")
    assert cohort.images.shape == (3, 1, 3, 4)
    assert len(set(cohort.patient_ids)) == 2


def test_absurd_and_truncated_files_are_refused(tmp_path, save_dicom):
    path = save_dicom(tmp_path / "a.dcm", np.zeros((3, 4)), Rows=65000, Columns=65000)
    with pytest.raises(DataError, match=r"a\.dcm claims 4225000000 pixels"):
        medlab.open(path)
    path = save_dicom(tmp_path / "b.dcm", np.zeros((30, 40)))
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"b\.dcm"):
        medlab.open(path)
    path = save_dicom(tmp_path / "c.dcm", np.zeros((3, 4)), NumberOfFrames=2)
    with pytest.raises(DataError, match="2 frames"):
        medlab.open(path)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 900), flips=st.lists(st.tuples(st.integers(128, 4000), st.integers(1, 255)), max_size=4))
def test_any_damage_gives_a_cohort_or_a_medlab_error(tmp_path, save_dicom, outcome, cut, flips):
    whole = tmp_path / "whole.dcm"
    if not whole.exists():
        save_dicom(whole, np.zeros((3, 4)))
    data = bytearray(whole.read_bytes())
    for place, bits in flips:
        data[place % len(data)] ^= bits
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(bytes(data[: max(0, len(data) - cut)] if cut % 3 == 0 else data))
    result = outcome(damaged)
    assert isinstance(result, Cohort) or "damaged.dcm" in str(result)
    told = "".join(traceback.format_exception(result)) if isinstance(result, MedlabError) else repr(result)
    assert not [word for word in SECRETS if word in told]


def test_a_length_of_gigabytes_in_the_meta_header_costs_no_memory(tmp_path):
    import tracemalloc

    from pydicom.examples import get_path

    data = bytearray(get_path("ct").read_bytes())
    data[155] ^= 66
    (tmp_path / "image.dcm").write_bytes(data)
    tracemalloc.start()
    with suppress(MedlabError):
        medlab.open(tmp_path / "image.dcm")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10**8
