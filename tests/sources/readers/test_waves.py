import numpy as np
import pytest

import medlab
from medlab.errors import DataError

LINE = "{name}.dat 16 200(0)/{unit} 16 0 0 0 0 {lead}\n"


@pytest.fixture
def record(tmp_path):
    def save(name="r", leads=("I", "II"), length=50, rate=100, unit="mV", start=0):
        digits = (np.arange(length * len(leads)) + start).astype("<i2")
        digits.tofile(tmp_path / f"{name}.dat")
        lines = "".join(LINE.format(name=name, unit=unit, lead=lead) for lead in leads)
        (tmp_path / f"{name}.hea").write_text(f"{name} {len(leads)} {rate} {length}\n{lines}")
        return tmp_path / f"{name}.hea"

    return save


@pytest.mark.parametrize(("unit", "scale"), [("mV", 1), ("uV", 1e-3), ("V", 1e3)])
def test_a_record_has_leads_as_channels_in_mv(record, unit, scale):
    cohort = medlab.open(record(unit=unit))
    assert cohort.images.shape == (1, 2, 1, 50)
    assert (cohort.intensity, cohort.modality) == ("mV", "ECG")
    assert np.allclose(cohort.images[0, 1, 0], np.arange(1, 100, 2) / 200 * scale)
    assert cohort.patients["rate_hz"].tolist() == [100]


def test_a_folder_of_records_has_one_per_row_and_names_the_rest(record, tmp_path):
    record("a")
    record("b", start=7)
    (tmp_path / "a.atr").write_bytes(b"\0")
    cohort = medlab.open(tmp_path)
    assert cohort.images.shape[:2] == (2, 2)
    assert cohort.patient_ids.tolist() == ["a", "b"]
    assert any("a.atr" in note for note in cohort.notes)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"rate": 200}, "the records differ"),
        ({"length": 60}, "the records differ"),
        ({"leads": ("V1", "V2")}, "differ"),
    ],
)
def test_records_that_do_not_fit_are_refused(record, tmp_path, other, said):
    record("a")
    record("b", **other)
    with pytest.raises(DataError, match=said):
        medlab.open(tmp_path)


def test_faults_are_named(record, tmp_path):
    with pytest.raises(DataError, match="signals in 'mmHg'"):
        medlab.open(record(unit="mmHg"))
    path = record()
    path.write_text(path.read_text().replace("r.dat", "../r.dat"))
    with pytest.raises(DataError, match=r"cannot be read|leads out of the folder"):
        medlab.open(path)
    path = record()
    path.write_text(path.read_text().replace(" 50\n", " 5000000000\n"))
    with pytest.raises(DataError, match="more than its files hold"):
        medlab.open(path)
    (tmp_path / "r.dat").unlink()
    with pytest.raises(DataError, match="there is no file"):
        medlab.open(record("q").with_name("r.hea"))


def test_leads_whose_file_is_not_here_are_named(record):
    path = record()
    lines = path.read_text().splitlines()
    lines = [lines[0].replace(" 2 ", " 3 "), *lines[1:], "r.xyz 16 200(0)/mV 16 0 0 0 0 vx"]
    path.write_text("\n".join(lines) + "\n")
    cohort = medlab.open(path)
    assert cohort.images.shape == (1, 2, 1, 50)
    assert any("vx (r.xyz)" in note for note in cohort.notes)
