import re
from pathlib import Path

import pytest

from data_fetch.cards import card_names
from medlab.errors import MedlabError
from medlab.hospital import MODALITIES
from medlab.lesson import catalogue, find
from tools.site import api, datasets, gallery, glossary, hospital
from tools.site.addresses import anchor, doc, sources

ROOT = Path(__file__).resolve().parents[3]
LESSONS = catalogue()


def test_the_gallery_has_a_card_for_each_lesson_with_what_the_choices_need():
    text = gallery.page(LESSONS, {"41"})
    for lesson in LESSONS:
        card = re.search(rf"<li [^>]*>(?:(?!</li>).)*{doc(lesson)}\.html.*?</li>", text, flags=re.S)[0]
        minutes = lesson.minutes["teach"] + lesson.minutes["exercise"]
        assert f"data-time='{minutes}'" in card
        assert f"data-part='{lesson.part}'" in card
        assert set(sources(lesson)) <= set(re.search(r"data-data='([^']*)'", card)[1].split())
        assert ("lessons/41.png" in card) == (lesson.number == "41")


def test_the_gallery_offers_every_part_and_every_source():
    form = gallery.form(LESSONS)
    for lesson in LESSONS:
        assert f">{lesson.part}</option>" in form
        assert all(f"value='{name}'" in form for name in sources(lesson))


def test_every_lesson_is_in_the_navigation_once():
    text = gallery.toctrees(LESSONS)
    assert [lesson.id for lesson in LESSONS if text.count(f"<{doc(lesson)}>") != 1] == []


def test_every_card_has_a_section_with_its_license_and_the_lessons_link_to_it():
    text = datasets.page(LESSONS)
    for name in card_names():
        assert f"({anchor(name)})=" in text
        assert f"`{name}`" in text
    real = {source for lesson in LESSONS for source in sources(lesson) if not source.startswith("hospital:")}
    assert [source for source in real if f"({anchor(source)})=" not in text] == []


def test_the_hospital_page_names_every_modality_and_cause():
    text = hospital.page(LESSONS)
    assert all(f"`hospital:{name}`" in text for name in MODALITIES)
    assert "| smoker | nodule | 1.1 |" in text
    assert "{" not in text.replace("{math}", "")


def test_the_glossary_lists_terms_with_the_lessons_that_explain_them():
    text = glossary.page(LESSONS, ROOT / "docs" / "glossary.toml")
    entry = re.search(r"^net benefit\n: .*?Lessons: (.*?)\.\n", text, flags=re.M | re.S)
    assert "41_classification" in entry[1].partition(",")[0]


def test_terms_are_standard_explained_once_and_used():
    found = glossary.terms(ROOT / "docs" / "glossary.toml")
    spellings = [spelling for term in found for spelling in term.spellings]
    assert len(spellings) == len(set(spellings))
    for term in found:
        assert 20 < len(term.means) < 300, term.name
        assert term.means.endswith("."), term.name
    texts = [glossary.words(lesson) for lesson in LESSONS]
    assert sum(bool(glossary.users(term, LESSONS, texts)) for term in found) > 60


def test_a_term_is_found_at_the_beginning_of_a_sentence_and_not_inside_a_word():
    term = glossary.Term("fold", "", ("fold", "folds"))
    assert term.count("Folds and fold. Unfold, manifold, fold-wise.") == 2
    assert glossary.Term("AUC", "", ("AUC",)).count("AUC, auc") == 1
    assert glossary.Term("U-Net", "", ("U-Net",)).bold("The **U-Net** is")


def test_a_term_that_no_lesson_uses_is_not_shown(tmp_path):
    (tmp_path / "glossary.toml").write_text('["xyzzy"]\nmeans = "Nothing."\n["AUC"]\nmeans = "Area."', encoding="utf-8")
    text = glossary.page([find("41")], tmp_path / "glossary.toml")
    assert "xyzzy" not in text
    assert "AUC\n: Area." in text


def test_a_glossary_in_another_form_is_refused(tmp_path):
    (tmp_path / "glossary.toml").write_text('["AUC"]\nmeaning = "Area."', encoding="utf-8")
    with pytest.raises(MedlabError, match="is no glossary"):
        glossary.terms(tmp_path / "glossary.toml")


def test_the_reference_has_a_page_for_each_module_that_lessons_import():
    pages = api.pages()
    used = {
        match
        for lesson in LESSONS
        for cell in lesson.notebook["cells"]
        if cell["cell_type"] == "code"
        for line in "".join(cell["source"]).splitlines()
        for match in re.findall(r"^from (medlab\.\w+)", line)
    }
    assert used
    assert [name for name in used if f"api/{name}" not in pages] == []
