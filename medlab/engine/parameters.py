"""Parameters of a lesson, checked against what its notebook declares before anything runs."""

from __future__ import annotations

from itertools import product
from pathlib import PurePosixPath

from data_fetch.cards import all_cards
from medlab.errors import MedlabError, unknown
from medlab.lesson import DEFAULT_PRESET, PRESETS, Lesson
from medlab.sources.asked import OPTIONS, absolute, is_path, joined, parsed
from medlab.sources.needs import check
from medlab.sources.peek import peek

_MOST_RUNS = 10_000


def checked_parameters(lesson: Lesson, given: dict) -> dict:
    """Return parameters in the types that the lesson declares.

    Parameters
    ----------
    lesson : Lesson
    given : dict
        Names and values; text is converted to the type of the declared default. ``positive``, ``fit`` and ``size`` are
        taken by every lesson: they are put behind ``data``, whose path is counted from the working folder.

    Raises
    ------
    MedlabError
        For a name that no cell declares, a value of another type, an unknown preset or sabotage, a negative seed, or
        data that cannot be found or that the lesson cannot use.

    Examples
    --------
    >>> from medlab.lesson import find
    >>> checked_parameters(find("41"), {"seed": "3"})
    {'seed': 3}
    """
    declared, found = lesson.parameters, {}
    options = {name: value for name, value in given.items() if name in OPTIONS and name not in declared}
    for name, value in given.items():
        if name in options:
            continue
        if name not in declared:
            raise unknown(f"parameter of {lesson.id}", name, [*declared, *OPTIONS])
        found[name] = _as_type(lesson, name, value, type(declared[name]))
    if found.get("preset", DEFAULT_PRESET) not in PRESETS:
        raise unknown("preset", found["preset"], PRESETS)
    lesson.checked_sabotage(str(found.get("sabotage", "")))
    if (seed := int(str(found.get("seed", 0)))) < 0:
        raise MedlabError(f"seed {seed} is not a whole number from 0", hint="such as seed=0")
    if found.get("data") or options:
        found["data"] = _checked_data(lesson, found, options)
    return found


def _checked_data(lesson: Lesson, found: dict, options: dict) -> str:
    """Return the data with an absolute path and its options, if they can be had and fit the lesson."""
    default = lesson.data["default"]
    data = absolute(joined(found.get("data") or default, options))
    name, _ = parsed(data)
    if not is_path(name) and name not in _names(lesson):
        from medlab.sources import known  # takes seconds: only for a name that no lesson and no card has

        if name not in known():
            raise unknown("source", name, [*known(), "path/to/your.npz or folder"])
    if name not in (default, *lesson.data["alternatives"]) or options.get("positive"):
        check(lesson, peek(data))
    return data


def _names(lesson: Lesson) -> set[str]:
    """Return the names that need no look: of the lesson's own sources and of cards, also with a size."""
    files = [file.mirror for card in all_cards().values() for file in card.files]
    return {lesson.data["default"], *lesson.data["alternatives"], *all_cards(), *(PurePosixPath(f).stem for f in files)}


def grid(axes: list[str]) -> list[dict[str, str]]:
    """Return every combination of the values of some parameters.

    Parameters
    ----------
    axes : list of str
        ``name=first:end`` (whole numbers, the end excluded) or ``name=value,value``.

    Returns
    -------
    list of dict
        The last parameter varies fastest.

    Raises
    ------
    MedlabError
        For an axis without name or values, a name given twice, or more than 10000 combinations.

    Examples
    --------
    >>> grid(["seed=0:2", "preset=smoke"])
    [{'seed': '0', 'preset': 'smoke'}, {'seed': '1', 'preset': 'smoke'}]
    """
    values: dict[str, list[str]] = {}
    for text in axes:
        name, _, told = text.partition("=")
        name, found = name.strip(), _values(told)
        if not name or not found or name in values:
            raise MedlabError(f"sweep {text!r} is not name=values, or names one twice", hint="seed=0:20 or rate=0,0.2")
        values[name] = found
    count = 1
    for found in values.values():
        count *= len(found)
    if count > _MOST_RUNS:
        raise MedlabError(f"the sweep has {count} runs; at most {_MOST_RUNS}", hint="sweep fewer values")
    return [dict(zip(values, point, strict=True)) for point in product(*values.values())]


def _values(told: str) -> list[str]:
    first, colon, end = told.partition(":")
    if colon and first.lstrip("-").isdigit() and end.lstrip("-").isdigit():
        span = range(int(first), int(end))
        return [] if len(span) > _MOST_RUNS else [str(k) for k in span]
    return [value.strip() for value in told.split(",")] if told.strip() else []


def _as_type(lesson: Lesson, name: str, value: object, wanted: type) -> object:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    try:
        if isinstance(value, str) and wanted is bool:
            return {"true": True, "false": False}[value.lower()]
        if isinstance(value, str) and wanted in (int, float):
            return wanted(value)
        if isinstance(value, int) and wanted is float:
            return float(value)
    except (KeyError, ValueError):
        pass
    raise MedlabError(
        f"parameter {name} of {lesson.id} is {value!r}; wanted {wanted.__name__}",
        hint=f"such as {name}={lesson.parameters[name]!r}",
    )
