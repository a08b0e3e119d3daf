"""What every lesson looks like, read from the notebook without running it."""

import ast
import re
from itertools import pairwise

import nbformat
import pytest

from medlab.claims import HOLDS, OPEN, REFUTED
from medlab.lesson import PARAMETERS, catalogue

LESSONS = catalogue()
# Headings and tags in the order in which a reader meets them.
ORDER = [
    "# ", "## What you will be able to do", "tag:parameters", "code:medlab.begin", "## Predict first",
    "code:lab.open", "## A baseline", "code:lab.claim(", "tag:nbval-check-output", "## Break it", "## Exercises",
    "tag:exercise", "tag:check", "## Limits", "## Summary", "**Next**",
]  # fmt: skip
METRIC_CALLS = r"\b(roc_auc_score|accuracy_score|f1_score|balanced_accuracy_score|average_precision_score)\b"

every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.id)


def cells(lesson, kind=None):
    found = nbformat.read(lesson.path, as_version=4).cells
    return [c for c in found if kind in (None, c.cell_type)]


def tags(cell):
    return cell.metadata.get("tags", [])


def found_at(mark, all_cells):
    what, _, rest = mark.partition(":")
    for k, cell in enumerate(all_cells):
        if what == "tag" and rest in tags(cell):
            return k
        if what == "code" and cell.cell_type == "code" and rest in cell.source:
            return k
        lines = cell.source.splitlines() if cell.cell_type == "markdown" else []
        if what not in ("tag", "code") and any(line.startswith(mark) for line in lines):
            return k
    return None


def literal_text(node):
    """The constant parts of a string or f-string."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(p.value for p in parts if isinstance(p, ast.Constant) and isinstance(p.value, str))


def calls(lesson, name):
    for cell in cells(lesson, "code"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                yield node


@every_lesson
def test_metadata_say_what_a_reader_must_know(lesson):
    assert lesson.path.stem == lesson.id
    assert re.match(r"\d\d_[a-z0-9_]+$", lesson.id)
    assert lesson.question.endswith("?")
    assert 2 <= len(lesson.objectives) <= 4
    assert lesson.minutes["teach"] > 0 <= lesson.minutes["exercise"]
    assert set(lesson.needs) <= {other.id for other in LESSONS}
    assert any(name.startswith("hospital:") for name in [lesson.data["default"], *lesson.data["alternatives"]])
    first = cells(lesson)[0].source
    assert f"# {lesson.title}" in first
    assert lesson.question in first
    text = "\n".join(c.source for c in cells(lesson, "markdown")[:2])
    assert all(objective in text for objective in lesson.objectives)


@every_lesson
def test_sabotages_name_claims_that_exist(lesson):
    assert lesson.sabotages
    count = len(list(calls(lesson, "claim")))
    for name, fallen in lesson.sabotages.items():
        assert fallen, f"{name} makes nothing fall"
        assert all(1 <= k <= count for k in fallen)
        assert any(f'sabotaged("{name}")' in c.source for c in cells(lesson, "code")), f"no cell asks for {name}"


@every_lesson
def test_parameters_are_the_standard_ones_and_the_default_data(lesson):
    assert {name: type(lesson.parameters.get(name)) for name in PARAMETERS} == PARAMETERS
    assert lesson.parameters["preset"] == "cpu"
    assert lesson.parameters["sabotage"] == ""
    assert lesson.parameters["data"] == lesson.data["default"]


@every_lesson
def test_cells_come_in_the_order_of_a_lesson(lesson):
    all_cells = cells(lesson)
    places = {mark: found_at(mark, all_cells) for mark in ORDER}
    missing = [mark for mark, place in places.items() if place is None]
    assert not missing
    assert list(places.values()) == sorted(places.values())
    assert sum(c.source.startswith("# ") for c in cells(lesson, "markdown")) == 1


def lines_of(cell):
    return sum(bool(line.strip()) for line in cell.source.splitlines())


@every_lesson
def test_a_lesson_stays_short(lesson):
    assert len(cells(lesson)) <= 60
    assert sum(lines_of(c) for c in cells(lesson, "code")) <= 300


@every_lesson
def test_a_lesson_has_few_of_everything(lesson):
    code = cells(lesson, "code")
    assert 3 <= len(list(calls(lesson, "claim"))) <= 5
    assert 2 <= sum("exercise" in tags(c) for c in code) <= 3
    assert sum("explorer(" in c.source for c in code) == 1
    assert len(lesson.data["alternatives"]) == 1
    assert lesson.minutes["teach"] <= 30
    assert lesson.budget["cpu_s"] <= 60
    assert lesson.budget["ram_mb"] <= 900


@every_lesson
def test_a_picture_comes_within_ten_cells_and_plots_take_little_code(lesson):
    assert found_at("code:lab.show(", cells(lesson)) <= 10
    code = cells(lesson, "code")
    plots = sum(lines_of(c) for c in code if "lab.show(" in c.source or "explorer(" in c.source)
    assert plots <= 0.25 * sum(map(lines_of, code))


@every_lesson
def test_every_claim_says_what_it_is_about_and_is_felled_by_a_sabotage(lesson):
    numbers = range(1, len(list(calls(lesson, "claim"))) + 1)
    assert [claim["about"] in ("networks", "data") for claim in lesson.claims] == [True for _ in numbers]
    assert {k for fallen in lesson.sabotages.values() for k in fallen} == set(numbers)


@every_lesson
def test_a_lesson_keeps_no_diary_and_uses_the_terms_of_the_field(lesson):
    text = "\n".join(c.source for c in cells(lesson, "markdown"))
    assert "came about" not in text
    house_words = r"\b(evened|counted again|luck|in this house|turn of the|rooms?)\b"
    assert not re.findall(house_words, text)


@every_lesson
def test_headings_skip_no_level(lesson):
    text = "\n".join(c.source for c in cells(lesson, "markdown"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, flags=re.M)]
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_lesson
def test_a_cell_is_one_idea(lesson):
    sizes = [sum(bool(line.strip()) for line in c.source.splitlines()) for c in cells(lesson, "code")]
    assert max(sizes) <= 20, [
        c.source.splitlines()[0] for c, n in zip(cells(lesson, "code"), sizes, strict=True) if n > 20
    ]
    assert sorted(sizes)[len(sizes) // 2] <= 9
    words = sum(len(c.source.split()) for c in cells(lesson, "markdown"))
    assert words / sum(sizes) >= 4.5, "too little prose for the code"


@every_lesson
def test_no_outputs_but_the_claims(lesson):
    for k, cell in enumerate(cells(lesson)):
        kept = "keep_output" in tags(cell)
        assert kept == ("nbval-check-output" in tags(cell))
        if cell.cell_type == "code":
            assert bool(cell.outputs) == kept, f"cell {k}"
            assert kept or cell.execution_count is None
    assert "widgets" not in nbformat.read(lesson.path, as_version=4).metadata


@every_lesson
def test_stored_claims_are_those_of_the_code_and_hold(lesson):
    stored = lesson.stored_claims
    assert [s for _, s in stored] == [literal_text(call.args[0]) for call in calls(lesson, "claim")]
    assert {verdict for verdict, _ in stored} <= {HOLDS, OPEN, REFUTED}
    assert any(verdict == HOLDS for verdict, _ in stored)


@every_lesson
def test_every_figure_has_a_caption_and_alt_text(lesson):
    shown = list(calls(lesson, "show"))
    assert shown
    for call in shown:
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        assert {"caption", "alt"} <= set(words), ast.unparse(call)
        if isinstance(words["alt"], (ast.Constant, ast.JoinedStr)):
            assert len(literal_text(words["alt"])) >= 20, ast.unparse(call)
    for cell in cells(lesson, "code"):
        assert not re.search(r"plt\.(show|figure|subplots)|pyplot", cell.source), "draw on a Figure, show by lab.show"


@every_lesson
def test_no_bare_metric_is_printed(lesson):
    """A number shown to a student carries its interval: no metric of a library, none of ours but inside stats."""
    for cell in cells(lesson, "code"):
        if "check" in tags(cell) or "exercise" in tags(cell):
            continue
        assert not re.search(METRIC_CALLS, cell.source)
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
                text = ast.unparse(node)
                assert not re.search(r"\b(auc|accuracy|sensitivity|specificity|dice|ece)\(", text), text


@every_lesson
def test_solutions_stand_between_markers_and_checks_follow(lesson):
    code = cells(lesson, "code")
    exercises = [k for k, c in enumerate(code) if "exercise" in tags(c)]
    for k in exercises:
        lines = code[k].source.splitlines()
        begin = [i for i, line in enumerate(lines) if line.strip() == "### BEGIN SOLUTION"]
        end = [i for i, line in enumerate(lines) if line.strip() == "### END SOLUTION"]
        assert len(begin) == len(end) == 1
        assert begin[0] + 1 < end[0]
        assert "check" in tags(code[k + 1])
        assert "medlab.exercise(" in code[k + 1].source
    for cell in code:
        assert ("SOLUTION" in cell.source) == ("exercise" in tags(cell))


@every_lesson
def test_nothing_installs_downloads_or_silences(lesson):
    for cell in cells(lesson, "code"):
        assert not re.search(r"^\s*[!%]", cell.source, flags=re.M)
        assert not re.search(r"warnings\.(simplefilter|filterwarnings)|urlretrieve|requests\.get", cell.source)
        assert not re.search(r"""["']/(home|Users|tmp|content)/""", cell.source)


@every_lesson
def test_references_have_doi_and_links_lead_somewhere(lesson):
    text = "\n".join(c.source for c in cells(lesson, "markdown"))
    assert len(re.findall(r"doi:10\.\d{4,9}/\S+", text)) >= 2
    for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", text):
        assert (lesson.path.parent / target).is_file(), target
    assert "clinical" in text


@every_lesson
def test_the_cell_of_the_claims_counts_as_run(lesson):
    """Without a number nbval calls its output one of a cell that never ran, and fails."""
    kept = [cell for cell in cells(lesson, "code") if "keep_output" in tags(cell)]
    assert [cell.execution_count for cell in kept] == [1]
