"""`medlab.exercise`: whatever the student returns or raises, one line says what is wrong with it."""

import random
import re
import time

import numpy as np
import pytest
import torch

import medlab
from medlab import answers, compare, exercises
from medlab.exercises import NOT_ATTEMPTED, RESULTS, RIGHT, WRONG, check


def cases(rng):
    return (rng.normal(size=rng.integers(1, 9)),)


def spread(x):
    return np.sqrt(np.mean((x - np.mean(x)) ** 2))


def judged(answer, **options):
    options = {"reference": spread, "cases": cases, **options}
    return check(answer, options.pop("reference"), **options)


def loops(x):
    while True:
        pass


def recurs(x):
    return recurs(x)


def yields(x):
    yield np.std(x)


async def waits(x):
    return np.std(x)


def leaves(x):
    raise SystemExit(3)


def nothing_for_short_ones(x):
    if len(x) > 3:
        return np.std(x)


def prints_instead(x):
    print(np.std(x))


RIGHT_ANSWERS = {
    "numpy scalar": lambda x: np.std(x),
    "float": lambda x: float(np.std(x)),
    "array of one": lambda x: np.array([np.std(x)]),
    "list of one": lambda x: [np.std(x)],
    "torch": lambda x: torch.tensor(x).std(correction=0),
    "torch with gradient": lambda x: torch.tensor(x, requires_grad=True).std(correction=0),
    "float32": lambda x: np.float32(np.std(x)),
    "float32 of torch": lambda x: torch.tensor(x, dtype=torch.float32).std(correction=0),
    "bfloat16": lambda x: torch.tensor(np.std(x)).to(torch.bfloat16),
    "another name": lambda values: np.std(values),
    "one more parameter": lambda x, ddof=0: np.std(x, ddof=ddof),
    "prints as well": lambda x: print("hello") or np.std(x),
    "changes nothing that is ours": lambda x: random.seed(1) or np.std(x),
}
WRONG_ANSWERS = {
    "ZeroDivisionError": (lambda x: 1 / 0, "raised ZeroDivisionError for .*: division by zero"),
    "value": (lambda x: np.std(x) + 1, r"\(\[.*\]\): got .*, wanted"),
    "shape": (lambda x: np.stack([x, x]), r"got shape \(2, 1\), wanted one number"),
    "text": (lambda x: "much", "got 'much', wanted"),
    "none": (lambda x: {"std": np.std(x)}, "got {.*, wanted"),
    "some none": (nothing_for_short_ones, r"Nothing came back for .*: does every path end with return"),
    "print": (prints_instead, "Nothing came back"),
    "loop": (loops, "did not end in time"),
    "recursion": (recurs, "raised RecursionError"),
    "exit": (leaves, "raised SystemExit"),
    "generator": (yields, "A generator"),
    "coroutine": (waits, "A coroutine"),
    "function": (lambda x: np.std, "A function"),
    "map": (lambda x: map(np.std, [x]), "A map object"),
    "too few parameters": (lambda: 1.0, r"has the parameters \(\), and is called with 1 argument:"),
    "too many parameters": (lambda x, y: 1.0, r"has the parameters \(x, y\)"),
    "no function": (3.0, "A function is wanted"),
    "in place": (lambda x: np.std(x) + (x.sort() or 0), "changes the caller's array: x was"),
    "own random numbers": (lambda x: np.random.default_rng().normal(), "got"),
    "infinite": (lambda x: np.inf, "got inf"),
    "ragged": (lambda x: [[1.0], [1.0, 2.0]], "uneven parts"),
    "message of many lines": (lambda x: np.linalg.inv(np.zeros((2, 2))), "Singular matrix"),
    "no text": (lambda x: (_ for _ in ()).throw(ValueError), "raised ValueError"),
}


@pytest.mark.parametrize("answer", RIGHT_ANSWERS.values(), ids=RIGHT_ANSWERS)
def test_a_right_answer_is_right_in_any_form(answer, capsys):
    outcome = judged(answer, praise="It is the root mean square.")
    assert str(outcome) == "Right. It is the root mean square."
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("answer", "reason"), WRONG_ANSWERS.values(), ids=WRONG_ANSWERS)
def test_a_wrong_answer_gets_a_reason_and_no_traceback(answer, reason, monkeypatch, capsys):
    monkeypatch.setattr(answers, "LIMIT_S", 0.2)
    outcome = judged(answer)
    assert outcome.status == WRONG
    assert len(outcome.reason) > 20
    assert re.search(reason, outcome.reason), outcome.reason
    assert "\n" not in str(outcome)
    assert capsys.readouterr() == ("", "")


def stub(x):
    """Return the spread."""


def dots(x): ...


def not_implemented(x):
    raise NotImplementedError


@pytest.mark.parametrize("answer", [stub, dots, not_implemented, lambda x: None, lambda x: ...])
def test_a_stub_is_not_attempted(answer):
    assert judged(answer).status == NOT_ATTEMPTED
    assert str(judged(answer)).startswith("Not attempted. Write the function")


def test_the_smallest_failing_case_is_reported():
    outcome = judged(lambda x: np.std(x) + (len(x) > 1), edges=[(np.array([3.0, 1.0]),)])
    assert outcome.reason == "<lambda>([3, 1]): got 2, wanted 1."
    large = judged(lambda x: 0 * x, reference=lambda x: x, cases=lambda rng: (rng.normal(size=(5, 6)) + 9,))
    assert "x of shape (5, 6)" in large.reason
    assert "at [0, 0], and 100% of all values are wrong" in large.reason


def test_a_typical_mistake_is_named_only_where_the_answer_makes_it():
    text = "Divide by N, not by N - 1."
    mistakes = {text: lambda x: np.std(x, ddof=1), "That is the variance.": lambda x: np.var(x)}
    assert judged(lambda x: np.std(x, ddof=1), mistakes=mistakes).reason.startswith(text)
    assert judged(lambda x: spread(x) ** 2, mistakes=mistakes).reason.startswith("That is the variance.")
    assert text not in judged(lambda x: np.std(x) + 1, mistakes=mistakes).reason
    # An answer that shares one odd case with a mistake, and is wrong elsewhere in its own way, is not that mistake.
    odd = {"A single value has the spread 0.": lambda x: np.std(x) if len(x) > 1 else 7.0}
    assert "single" in judged(lambda x: np.std(x) if len(x) > 1 else 7.0, mistakes=odd, edges=[(np.ones(1),)]).reason
    assert "single" not in judged(lambda x: 7.0, mistakes=odd, edges=[(np.ones(1),)]).reason


def test_a_mistake_that_raises_is_recognized_by_its_error():
    mistakes = {"Empty lists are allowed.": lambda x: sum(x) / len(x)}
    outcome = judged(
        lambda x: sum(x) / len(x), reference=lambda x: np.mean(x) if len(x) else 0.0, mistakes=mistakes, edges=[([],)]
    )
    assert outcome.reason.startswith("Empty lists are allowed.")


def test_arguments_are_copied_for_each_call_and_never_changed():
    mine, nested = np.array([1.0, 2.0]), [np.array([5.0])]

    def answer(x, parts):
        found = x.sum() + parts[0][0]
        x[:], parts[0][:] = 0, 0
        return found

    outcome = check(answer, lambda x, parts: sum(x) + parts[0][0], cases=lambda rng: (mine, nested))
    assert "changes the caller's array" in outcome.reason
    assert mine.tolist() == [1, 2]
    assert nested[0][0] == 5


def drawing(rng):
    return (int(rng.integers(3, 9)), np.random.default_rng(rng.integers(1 << 32)))


def is_permutation(result, n, rng):
    yield sorted(result) != list(range(n)) and "Each number from 0 to n - 1 must come once."


def own_seed(n, rng):
    return np.random.default_rng(0).permutation(n)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda n, rng: np.random.permutation(n), "The same rng gave two different results"),  # noqa: NPY002
        (lambda n, rng: np.random.default_rng().permutation(n), "The same rng gave two different results"),
        (lambda n, rng: random.sample(range(n), n), "The same rng gave two different results"),
        (lambda n, rng: torch.randperm(n), "The same rng gave two different results"),
        (own_seed, "Another rng gave the same results"),
        (lambda n, rng: np.arange(n), "Another rng gave the same results"),
        (
            lambda n, rng: rng.permutation(n + 1),
            r"Each number from 0 to n - 1 must come once. For <lambda>\([34], rng\)",
        ),
        (lambda n, rng: 3.0, "of the wrong kind"),
        (lambda n, rng: rng.nothing(), "raised AttributeError"),
    ],
)
def test_random_answers_are_judged_by_their_properties(answer, reason):
    outcome = check(answer, None, cases=drawing, judge=is_permutation)
    assert outcome.status == WRONG
    assert re.search(reason, outcome.reason), outcome.reason
    for right in (lambda n, rng: rng.permutation(n), lambda n, rng: np.argsort(rng.random(n)).tolist()):
        assert check(right, None, cases=drawing, judge=is_permutation).status == RIGHT


def test_a_torch_generator_is_copied_with_its_state():
    def cases(rng):
        return (4, torch.Generator().manual_seed(int(rng.integers(1000))))

    reference = lambda n, generator: torch.rand(n, generator=generator)  # noqa: E731
    assert check(lambda n, g: torch.rand(n, generator=g), reference, cases=cases).status == RIGHT
    assert "two different results" in check(lambda n, g: torch.rand(n), reference, cases=cases).reason


def test_global_random_states_are_left_alone():
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    random.seed(5)
    wanted = np.random.rand(), torch.rand(1).item(), random.random()  # noqa: NPY002
    np.random.seed(5)  # noqa: NPY002
    torch.manual_seed(5)
    random.seed(5)
    check(lambda n, rng: np.random.permutation(n), None, cases=drawing, judge=is_permutation)  # noqa: NPY002
    assert (np.random.rand(), torch.rand(1).item(), random.random()) == wanted  # noqa: NPY002


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ([1, 2], np.array([1.0, 2.0])),
        ((1.0, 2.0), [1, 2]),
        (np.array([1, 2]), (1.0, 2.0)),
        (torch.tensor([[1.0]]), np.array([[1.0]])),
        ({"a": 1.0, "b": [1, 2]}, {"b": np.array([1.0, 2.0]), "a": 1}),
        (np.array([np.nan, np.inf]), np.array([np.nan, np.inf])),
        (True, np.True_),
        (1, True),
        (np.array([1, 0], np.uint8), np.array([True, False])),
        (range(3), [0, 1, 2]),
        ([], np.zeros(0, int)),
        (158.0, 158),
        (None, None),
        ("yes", "yes"),
        (np.array(["a", "b"]), ["a", "b"]),
        ((np.zeros(2), [torch.ones(2)]), [np.zeros(2), [np.ones(2)]]),
        (torch.tensor([1 + 1j]), np.array([1 + 1j])),
        (np.float32(1 / 3), 1 / 3),
    ],
)
def test_what_means_the_same_is_the_same(got, wanted):
    assert compare.difference(got, wanted) == ""


@pytest.mark.parametrize(
    ("got", "wanted", "words"),
    [
        (np.zeros((2, 1)), np.zeros(2), "got shape (2, 1), wanted shape (2,)"),
        (0.80812, 0.80834, "got 0.8081, wanted 0.8083"),
        (0.808120001, 0.808125, "got 0.80812, wanted 0.808125"),
        (np.array([0.0, 2.0]), np.array([0, 2]), "wanted whole numbers"),
        ({"a": 1}, {"a": 1, "b": 2}, "wanted a dictionary with 'a', 'b'"),
        ({"a": 1}, {"a": 2}, "got 1, wanted 2 for 'a'"),
        ([np.zeros(2)], [np.zeros(2), np.zeros(2)], "got 1 values, wanted 2"),
        ([np.zeros(2), np.ones(3)], [np.zeros(2), np.zeros(3)], "value 2 of 2: got [1, 1, 1], wanted [0, 0, 0]"),
        ("no", "yes", "got 'no', wanted 'yes'"),
        (1.0, "yes", "got 1, wanted 'yes'"),
        ({1, 2}, (1, 2), "got {1, 2}, wanted (1, 2)"),
        (np.nan, 1.0, "got nan, wanted 1"),
        (None, (1.0, np.zeros(2)), "got None"),
    ],
)
def test_what_differs_is_said_with_both_values(got, wanted, words):
    assert words in compare.difference(got, wanted)


def test_a_fault_of_the_exercise_is_ours():
    with pytest.raises(medlab.MedlabError, match="the reference of spread raised ZeroDivisionError"):
        check(spread, lambda x: 1 / 0, cases=cases)
    with pytest.raises(medlab.MedlabError, match="wanted a tuple"):
        check(spread, spread, cases=lambda rng: rng.normal(size=3))


def test_interrupting_the_kernel_still_works():
    def interrupted(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(interrupted)


def test_a_loop_that_swallows_errors_ends_as_well(monkeypatch):
    monkeypatch.setattr(answers, "LIMIT_S", 0.2)

    def stubborn(x):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    assert "did not end in time" in judged(stubborn).reason


def double(x):
    return 2 * x


def test_the_line_is_printed_outside_of_a_notebook_and_kept(capsys):
    medlab.exercise(double, lambda x: x + x, cases=lambda rng: (rng.normal(),), praise="Well.")
    assert capsys.readouterr().out == "Right. Well.\n"
    assert RESULTS["double"].status == RIGHT


def test_hints_come_one_by_one(capsys):
    medlab.exercise(double, lambda x: 3 * x, cases=lambda rng: (rng.normal(),), hints=("Think.", "Add.", "x + x + x"))
    assert capsys.readouterr().out.endswith("(Hints: medlab.exercises.hint('double', step=1).)\n")
    exercises.hint("double", step=2)
    assert capsys.readouterr().out == "Hint 2 of 3: Add.\n"
    with pytest.raises(medlab.MedlabError, match="3 hints"):
        exercises.hint("double", step=4)
    with pytest.raises(medlab.MedlabError, match="0 hints"):
        exercises.hint("triple")


def test_in_a_notebook_color_is_never_alone_and_text_is_escaped():
    outcome = exercises.Outcome("f", WRONG, "f(x) < 3 & <script>", ("first", "a < b"))
    page = outcome._repr_html_()
    assert "✗ Wrong." in page
    assert "f(x) &lt; 3 &amp; &lt;script&gt;" in page
    assert page.index("Hint 1") < page.index("Hint 2")
    assert page.count("<details") == page.count("</details>") == 2
    assert "✓ Right." in exercises.Outcome("f", RIGHT, "", ("first",))._repr_html_()
    assert "Hint" not in exercises.Outcome("f", RIGHT, "", ("first",))._repr_html_()
    assert "○ Not attempted." in exercises.Outcome("f", NOT_ATTEMPTED, "")._repr_html_()


def test_a_shell_displays_the_outcome_once(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", shown.append)
    assert medlab.exercise(double, lambda x: x + x, cases=lambda rng: (rng.normal(),)) is None
    assert [outcome.status for outcome in shown] == [RIGHT]


def test_float32_arguments_allow_for_float32_results():
    def cases(rng):
        return (torch.tensor(rng.normal(size=50), dtype=torch.float32),)

    wanted = lambda x: x.double().exp().mean()  # noqa: E731
    assert check(lambda x: x.exp().mean().item(), wanted, cases=cases).status == RIGHT
    assert check(lambda x: x.exp().mean().item() * 1.001, wanted, cases=cases).status == WRONG
