"""The graph that is drawn is the one that the patients come from."""

from medlab.hospital import Hospital
from medlab.hospital.patients import COEFFICIENTS
from medlab.hospital.records import EQUATIONS, HAZARD
from tools.hospital_graph import LAYERS, _name, draw, edges


def test_every_variable_with_causes_is_in_the_graph():
    effects = {effect for _, effect, _ in edges()}
    assert effects == {*COEFFICIENTS, *(name for name, one in EQUATIONS.items() if one.causes), "retinopathy", "death"}
    assert {cause for cause, effect, _ in edges() if effect == "death"} == set(HAZARD)


def test_causes_are_columns_of_the_patients_or_follow_from_them():
    columns = {*Hospital(2).patients, "decade", "bmi", "male"}
    assert {cause for cause, _, _ in edges()} <= columns


def test_the_graph_has_no_circle():
    left = {(cause.removesuffix("_severity"), effect) for cause, effect, _ in edges()}
    while left:
        roots = {cause for cause, _ in left} - {effect for _, effect in left}
        assert roots, f"a circle among {sorted(left)}"
        left = {edge for edge in left if edge[0] not in roots}


def test_the_figure_shows_every_variable_and_every_edge():
    axes = draw().axes[0]
    shown = {text.get_text() for text in axes.texts if text.get_text()}
    named = {_name(variable) for edge in edges() for variable in edge[:2]}
    assert named <= shown
    assert {name for layer in LAYERS for name in layer} == named
    assert sum(not text.get_text() for text in axes.texts) == len(edges())
