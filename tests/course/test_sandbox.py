import os
import pickle

import numpy as np
import pytest

from medlab.answers import TooLong
from medlab.course import sandbox
from medlab.course.sandbox import Answer

IMPORTS = "import numpy as np"


@pytest.fixture(scope="module")
def answer():
    """Make an answer of its code; all of them are ended."""
    sandbox.preload(IMPORTS)
    made = []

    def of(code, name="f", **more):
        made.append(Answer(name, [*more.items(), (name, code)], IMPORTS))
        return made[-1]

    yield of
    for one in made:
        one.close()


def test_a_call_goes_there_and_back(answer):
    f = answer("def f(x, *, scale=2):\n    return (x * scale, [1, 'a'], {'k': np.float32(3)}, None, {True})")
    array, *rest = f(np.arange(3.0))
    assert array.tolist() == [0, 2, 4]
    assert rest == [[1, "a"], {"k": 3}, None, {True}]
    assert str(f.__signature__) == "(x, *, scale=None)"
    assert f.__code__.co_varnames[:2] == ("x", "scale")


def test_tensors_stay_tensors(answer):
    import torch

    assert torch.equal(answer("def f(x):\n    return x + 1")(torch.zeros(2)), torch.ones(2))


def test_helpers_of_the_student_are_there_and_arguments_are_left_as_the_function_left_them(answer):
    f = answer("def f(x, y):\n    x[0] = help(1)\n    y.append(2)", help="def help(x):\n    return x + 6")
    x, y = np.zeros(2), [1]
    assert f(x, y) is None
    assert (x.tolist(), y) == ([7, 0], [1, 2])


def test_a_function_among_the_arguments_is_called_here(answer):
    here = []
    assert answer("def f(g, x):\n    return g(x) + g(x)")(lambda x: here.append(x) or 10, 3) == 20
    assert here == [3, 3]


def test_a_function_that_fails_here_leaves_the_next_call_as_it_should_be(answer):
    f = answer("def f(g, x):\n    return g(x)")
    with pytest.raises(ZeroDivisionError):
        f(lambda x: 1 / x, 0)
    assert f(lambda x: 1 / x, 2) == 0.5


def test_generators_go_there_with_their_state(answer):
    rng = np.random.default_rng(3)
    assert answer("def f(rng):\n    return rng.random()")(rng) == np.random.default_rng(3).random()


def test_the_same_global_seed_gives_the_same_draws(answer):
    f, draws = answer("def f():\n    return np.random.random()"), []
    for _ in range(2):
        np.random.seed(1)  # noqa: NPY002
        draws.append(f())
    assert draws[0] == draws[1]


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("return x / 0", ZeroDivisionError, "division"),
        ("exit()", Exception, None),
        ("import os; os._exit(0)", RuntimeError, "ended Python"),
        ("input()", EOFError, "EOF"),
        ("return np.ones(500_000_000).sum()", MemoryError, "allocate"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", PermissionError, "not allowed"),
        ("import subprocess; subprocess.run(['true'])", PermissionError, "not allowed"),
        ("import os; os.system('true')", PermissionError, "not allowed"),
        ("import os; os.kill(os.getppid(), 9)", PermissionError, "not allowed"),
        (f"open({__file__!r}).read()", PermissionError, "may not open test_sandbox.py"),
        ("import ctypes; ctypes.CDLL('libc.so.6')", PermissionError, "not allowed"),
        ("open('/etc/passwd').read()", PermissionError, "may not open passwd"),
        ("open('/tmp/medlab_evil', 'w')", PermissionError, "may not open medlab_evil"),
        ("import os; return os.listdir('/')", PermissionError, "may not open"),
        ("return (k for k in [x])", TypeError, "a generator came back"),
        ("return open", TypeError, "came back"),
    ],
)
def test_what_goes_wrong_there_is_an_error_here(answer, body, error, said):
    with pytest.raises(error, match=said):
        answer(f"def f(x):\n    {body}")(3)


def test_files_of_its_own_are_allowed(answer):
    assert answer("def f():\n    open('a', 'w').write('b')\n    return open('a').read()")() == "b"


def test_an_endless_loop_ends_and_costs_all_later_calls_only_what_is_left(answer, monkeypatch):
    monkeypatch.setattr(sandbox, "CALL_S", 0.3)
    f = answer("def f(x):\n    while x: pass\n    return 5")
    f._left = 0.5
    assert f(0) == 5
    for _ in range(3):
        with pytest.raises(TooLong):
            f(1)


def test_a_definition_that_fails_is_the_error_of_each_call(answer):
    with pytest.raises(NameError, match="missing"):
        answer("def f(x=missing):\n    return 1")(3)


class Trap:
    def __reduce__(self):
        return os.getcwd, ()


def test_what_comes_back_cannot_run_code_here():
    with pytest.raises(pickle.UnpicklingError):
        sandbox._Harmless(__import__("io").BytesIO(pickle.dumps(Trap()))).load()
