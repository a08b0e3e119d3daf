from medlab import doctor


def test_report_names_what_is_missing(monkeypatch):
    monkeypatch.setattr(doctor, "_PACKAGES", ("torch", "no-such-package"))
    found = dict(doctor.report())
    assert found["torch"][0].isdigit()
    assert "missing" in found["no-such-package"]
    assert "lessons" in found


def test_report_survives_without_lessons(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDLAB_NOTEBOOKS", str(tmp_path / "nowhere"))
    assert "0 in" in dict(doctor.report())["lessons"]
