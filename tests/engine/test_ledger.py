from dataclasses import replace

import pytest

from medlab.engine import ledger as ledgers
from medlab.engine.ledger import Case, Entry, Ledger, cases, key
from medlab.engine.run import Run
from medlab.errors import MedlabError
from medlab.lesson import Lesson
from tests.engine.test_run import lesson


def entry(made, case, *, modules=(), packages=(), **changes):
    """Make an entry that is up to date."""
    told = {"verdicts": ("holds", "holds"), "ref_s": 10.0, "peak_mb": 300.0, "date": "2026-11-28T12:00:00+00:00"}
    told |= {"key": key(made, case, modules, packages), "modules": modules, "packages": packages}
    return Entry(case, **told | changes)


def write(path, *entries):
    path.write_text("".join(f"{each.line()}\n" for each in entries))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a checkout with two modules and a pin."""
    root = tmp_path / "root"
    (root / "medlab" / "part").mkdir(parents=True)
    for name in ("medlab/a.py", "medlab/b.py", "medlab/part/__init__.py"):
        (root / name).write_text("")
    (root / "constraints.txt").write_text("torch==1.0\nruff==2.0\n")
    monkeypatch.setattr(ledgers, "ROOT", root)
    ledgers.pins.cache_clear()
    yield root
    ledgers.pins.cache_clear()


def test_an_entry_is_one_line_that_can_be_read_again(tmp_path):
    made = lesson(tmp_path)
    whole = entry(made, Case.of(made, seed=3, null=True), modules=("medlab", "medlab.lab"), packages=("torch",))
    assert Entry.read(whole.line()) == whole
    assert "\n" not in whole.line()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('{"lesson"', "<<<<<<< HEAD"), ('"seed": 0', '"seed": true'), ('"seed": 0', '"sed": 0'), ("holds", "holding"),
        ("10.0", "-1"), ("10.0", "NaN"), ("2026-11-28", "yesterday"), ('"null": false', '"null": 0'),
    ],
)  # fmt: skip
def test_a_damaged_ledger_is_one_clear_error(tmp_path, old, new):
    made = lesson(tmp_path)
    path = tmp_path / "ledger.jsonl"
    line = entry(made, Case.of(made)).line()
    assert old in line
    path.write_text(f"{line}\n{line.replace(old, new, 1)}\n")
    with pytest.raises(MedlabError, match=r"ledger\.jsonl, line 2 is not an entry.*\n.*git checkout"):
        Ledger(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(MedlabError, match="cannot be read"):
        Ledger(path)


def test_a_changed_module_makes_stale_what_loads_it_and_nothing_else(tmp_path, package):
    made = lesson(tmp_path)
    one, other = Case.of(made), Case.of(made, seed=1)
    path = tmp_path / "ledger.jsonl"
    write(path, entry(made, one, modules=("medlab.a", "medlab.part")), entry(made, other, modules=("medlab.b",)))

    def fresh():
        return [bool(Ledger(path).fresh(made, case)) for case in (one, other)]

    assert fresh() == [True, True]
    (package / "medlab" / "part" / "__init__.py").write_text("x = 1")
    assert fresh() == [False, True]
    (package / "medlab" / "b.py").unlink()
    assert fresh() == [False, False]


def test_comments_docstrings_and_layout_make_nothing_stale(tmp_path, package):
    made, module = lesson(tmp_path), package / "medlab" / "b.py"

    def told(source):
        module.write_text(source)
        return key(made, Case.of(made), ("medlab.b",), ())

    before = told('"""Doc."""\ndef f(x):\n    """Doc."""\n    return x + 1\n')
    assert told('"""Other."""\n\n# why\ndef f(x):\n    """Another."""\n    return (x\n            + 1)\n') == before
    assert told('"""Doc."""\ndef f(x):\n    """Doc."""\n    return x + 2\n') != before
    assert told('"""Doc."""\ndef f(x, y=1):\n    """Doc."""\n    return x + 1\n') != before


def test_pins_of_loaded_packages_count_and_others_do_not(tmp_path, package):
    made = lesson(tmp_path)
    before = key(made, Case.of(made), (), ("torch",))
    for text, same in (("torch==1.0\nruff==3.0\n", True), ("torch==1.1\nruff==2.0\n", False)):
        (package / "constraints.txt").write_text(text)
        ledgers.pins.cache_clear()
        assert (key(made, Case.of(made), (), ("torch",)) == before) is same


def test_code_metadata_stored_claims_and_case_count_and_text_does_not(tmp_path):
    made = lesson(tmp_path, "x = 1")
    before = key(made, Case.of(made), (), ())
    made.notebook["cells"].append({"cell_type": "markdown", "source": "Text", "metadata": {}})
    assert key(made, Case.of(made), (), ()) == before
    assert key(made, Case.of(made, seed=1), (), ()) != before
    assert key(lesson(tmp_path, "x = 2"), Case.of(made), (), ()) != before
    assert key(lesson(tmp_path, "x = 1", title="Other"), Case.of(made), (), ()) != before
    output = {"output_type": "execute_result", "data": {"text/plain": ["holds  A"]}, "metadata": {}}
    made.notebook["cells"].append(
        {"cell_type": "code", "source": "", "metadata": {"tags": ["nbval-check-output"]}, "outputs": [output]}
    )
    assert key(made, Case.of(made), (), ()) != before


def test_checksums_of_the_data_count(tmp_path, monkeypatch):
    made = lesson(tmp_path, data={"default": "breastmnist", "alternatives": []})
    before = key(made, Case.of(made), (), ())
    card = ledgers.load_card("breastmnist")
    other = replace(card, files=(replace(card.files[0], md5="0" * 32, sha256=None),))
    monkeypatch.setattr(ledgers, "load_card", lambda name: other)
    assert key(made, Case.of(made), (), ()) != before


def test_of_two_lines_for_one_case_the_newer_counts(tmp_path):
    made = lesson(tmp_path)
    old, new = (entry(made, Case.of(made), date=f"2026-0{k}-01T00:00:00+00:00") for k in (1, 2))
    for lines in ((old, new), (new, old)):
        write(tmp_path / "ledger.jsonl", *lines)
        assert list(Ledger(tmp_path / "ledger.jsonl").entries.values()) == [new]


def test_writing_sorts_replaces_and_drops_what_no_lesson_has(tmp_path):
    made = lesson(tmp_path)
    gone = entry(made, Case("99_removed", "hospital:chest_xray"))
    undeclared = entry(made, replace(Case.of(made), sabotage="old_sabotage"))
    path = tmp_path / "ledger.jsonl"
    write(path, entry(made, Case.of(made, seed=2)), gone, undeclared)
    Ledger(path).put(entry(made, Case.of(made)), [made])
    assert [case.seed for case in Ledger(path).entries] == [0, 2]
    assert len(path.read_text().splitlines()) == 2


def test_two_that_write_lose_nothing(tmp_path):
    made = lesson(tmp_path)
    first, second = Ledger(tmp_path / "ledger.jsonl"), Ledger(tmp_path / "ledger.jsonl")
    first.put(entry(made, Case.of(made)), [made])
    second.put(entry(made, Case.of(made, seed=1)), [made])
    assert len(Ledger(tmp_path / "ledger.jsonl").entries) == 2


def test_a_run_on_other_data_or_packages_proves_nothing(tmp_path, monkeypatch):
    made = lesson(tmp_path)
    run = Run(made, {}, record={"data": {"used": "hospital:chest_xray"}, "modules": ["medlab"], "packages": ["torch"]})
    assert ledgers.entry_of(run, Case.of(made)).modules == ("medlab",)
    monkeypatch.setattr(ledgers, "version", lambda name: "0.1")
    with pytest.raises(MedlabError, match=r"torch 0\.1 is installed"):
        ledgers.entry_of(run, Case.of(made))
    with pytest.raises(MedlabError, match="used hospital:chest_xray instead of breastmnist"):
        ledgers.entry_of(run, Case(made.id, "breastmnist"))


def test_every_lesson_has_base_other_data_sabotage_and_null(tmp_path):
    sources = {"default": "hospital:chest_xray", "alternatives": ["breastmnist"]}
    assert not any(case.null for case in cases(lesson(tmp_path, data=sources)))
    made = lesson(tmp_path, data=sources, claims=[{"about": "networks"}])
    found = cases(made)
    assert found[0] == Case.of(made)
    assert {(c.data, c.sabotage, c.null) for c in found[1:]} == {
        ("breastmnist", "", False), ("hospital:chest_xray", "shuffle_labels", False), ("hospital:chest_xray", "", True),
    }  # fmt: skip
    assert found[1].parameters(made) == {"preset": "cpu", "data": "breastmnist"}
    assert Lesson.read(made.path) == made
