"""The ledger: one line for each verified run of a lesson, with a key of all that the result depends on.

``ledger.jsonl`` stands beside the folder of notebooks and is committed. Git merges it line by line (``merge=union`` in
``.gitattributes``); of two lines for one case the newer counts, and the next write drops the other.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from data_fetch.cards import load_card
from data_fetch.errors import FetchError
from data_fetch.fetch import cached
from medlab.engine.run import Run
from medlab.errors import MedlabError
from medlab.files import write_whole
from medlab.lesson import DEFAULT_PRESET, HOLDS, OPEN, REFUTED, Lesson, notebooks_folder

ROOT = Path(__file__).resolve().parents[2]
_FIELDS = {
    "lesson": str, "data": str, "sabotage": str, "seed": int, "null": bool, "verdicts": list, "ref_s": float,
    "peak_mb": float, "date": str, "key": str, "modules": str, "packages": str,
}  # fmt: skip


@dataclass(frozen=True, order=True)
class Case:
    """What is run: a lesson on a source of data, whole or broken, with a seed, and with or without learning.

    Examples
    --------
    >>> print(Case("41_classification", "pneumoniamnist", seed=3, null=True))
    41_classification on pneumoniamnist, seed 3, null
    """

    lesson: str
    data: str
    sabotage: str = ""
    seed: int = 0
    null: bool = False

    @classmethod
    def of(
        cls, lesson: Lesson, *, data: str = "", sabotage: str = "", seed: int | None = None, null: bool = False
    ) -> Case:
        """Make a case of a lesson; what is not given is the lesson's default."""
        own = lesson.parameters.get("seed", 0)
        seed = seed if seed is not None else own if isinstance(own, int) else 0
        return cls(lesson.id, data or lesson.data["default"], lesson.checked_sabotage(sabotage), seed, null)

    def parameters(self, lesson: Lesson) -> dict:
        """Return the parameters of the run; those that are the lesson's default are left out."""
        base = Case.of(lesson)
        given = {name: getattr(self, name) for name in ("data", "sabotage", "seed")}
        return {"preset": DEFAULT_PRESET} | {k: v for k, v in given.items() if v != getattr(base, k)}

    def __str__(self) -> str:
        words = [f"broken by {self.sabotage}" * bool(self.sabotage), f"seed {self.seed}" * bool(self.seed)]
        return ", ".join(filter(None, [f"{self.lesson} on {self.data}", *words, "null" * self.null]))


@dataclass(frozen=True)
class Entry:
    """What one run of a case came to.

    Parameters
    ----------
    case : Case
    verdicts : tuple of str
    ref_s, peak_mb : float
        Reference-seconds; MB (10^6 bytes).
    date : str
        When it was run, UTC, ISO 8601.
    key : str
        See `key`.
    modules, packages : tuple of str
        Modules of medlab and data_fetch, and pinned packages, that the kernel had loaded.
    """

    case: Case
    verdicts: tuple[str, ...]
    ref_s: float
    peak_mb: float
    date: str
    key: str
    modules: tuple[str, ...]
    packages: tuple[str, ...]

    def line(self) -> str:
        """Return the entry as one line of JSON."""
        own = {k: " ".join(v) if k in ("modules", "packages") else v for k, v in vars(self).items() if k != "case"}
        return json.dumps(asdict(self.case) | own, ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> Entry:
        """Read one line; ValueError if it is not an entry."""
        told = json.loads(line)
        if not isinstance(told, dict) or set(told) != set(_FIELDS):
            raise ValueError(f"wanted the fields {', '.join(_FIELDS)}")
        for name in ("ref_s", "peak_mb"):
            if type(told[name]) not in (int, float) or not 0 <= told[name] < math.inf:
                raise ValueError(f"{name} is {told[name]!r}")
            told[name] = float(told[name])
        if wrong := [name for name, kind in _FIELDS.items() if type(told[name]) is not kind]:
            raise ValueError(f"{wrong[0]} is {told[wrong[0]]!r}")
        if not set(map(str, told["verdicts"])) <= {HOLDS, OPEN, REFUTED}:
            raise ValueError(f"verdicts are {told['verdicts']}")
        datetime.fromisoformat(told["date"])
        case = Case(*(told.pop(name) for name in ("lesson", "data", "sabotage", "seed", "null")))
        told |= {name: tuple(told[name].split()) for name in ("modules", "packages")}
        return cls(case, **told | {"verdicts": tuple(told["verdicts"])})


class Ledger:
    """The entries of a file; a file that is not there has none.

    Raises
    ------
    MedlabError
        If a line of the file is not an entry.
    """

    def __init__(self, path: Path | None = None):
        self.path = path or notebooks_folder().parent / "ledger.jsonl"
        self.entries = self._read()

    def _read(self) -> dict[Case, Entry]:
        found: dict[Case, Entry] = {}
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
        except (OSError, ValueError) as error:
            raise MedlabError(f"{self.path} cannot be read: {error}", hint=f"git checkout {self.path.name}") from None
        for number, line in enumerate(lines, 1):
            try:
                entry = Entry.read(line)
            except (ValueError, TypeError) as error:
                raise MedlabError(
                    f"{self.path}, line {number} is not an entry of the ledger: {error}",
                    hint=f"remove the line, or restore the file: git checkout {self.path.name}",
                ) from None
            if entry.case not in found or found[entry.case].date < entry.date:
                found[entry.case] = entry
        return found

    def fresh(self, lesson: Lesson, case: Case) -> Entry | None:
        """Return the entry of a case, if all that it depends on is unchanged."""
        entry = self.entries.get(case)
        return entry if entry and entry.key == key(lesson, case, entry.modules, entry.packages) else None

    def put(self, entry: Entry, lessons: Iterable[Lesson]) -> None:
        """Write one entry; those of cases that no lesson has any more are dropped.

        Several processes may write at once: the file is read again under a lock.
        """
        from filelock import FileLock

        known = {lesson.id: lesson for lesson in lessons}
        name = hashlib.sha256(str(self.path.resolve()).encode()).hexdigest()[:12]
        with FileLock(Path(tempfile.gettempdir()) / f"medlab-ledger-{name}.lock"):
            self.entries = self._read() | {entry.case: entry}
            kept = sorted(case for case in self.entries if case.lesson in known and declared(known[case.lesson], case))
            self.entries = {case: self.entries[case] for case in kept}
            write_whole(self.path, "".join(f"{each.line()}\n" for each in self.entries.values()))


def declared(lesson: Lesson, case: Case) -> bool:
    """Return whether a lesson has the data and the sabotage of a case."""
    return case.data in _sources(lesson) and (not case.sabotage or case.sabotage in lesson.sabotages)


def cases(lesson: Lesson) -> list[Case]:
    """Return what the ledger must hold for a lesson, base claims first; seeds that were added are further cases."""
    data = [Case.of(lesson, data=source) for source in _sources(lesson)]
    null = [Case.of(lesson, null=True)] if lesson.claims else []  # a lesson that says what its claims are about
    return [*data, *(Case.of(lesson, sabotage=name) for name in lesson.sabotages), *null]


def is_base(lesson: Lesson, case: Case) -> bool:
    """Return whether a case is the lesson as it stands: its own data and seed, whole."""
    return case == Case.of(lesson)


def here(case: Case) -> bool:
    """Return whether the data of a case can be opened on this machine without a network."""
    try:
        return cached(load_card(case.data))
    except FetchError:  # not a card: simulated, or carried by a package
        return True


def key(lesson: Lesson, case: Case, modules: Sequence[str], packages: Sequence[str]) -> str:
    """Return a hash of the case, code cells, stored claims, metadata, loaded modules, pins, and data checksums."""
    code = ["".join(cell["source"]) for cell in lesson.notebook["cells"] if cell["cell_type"] == "code"]
    told = [
        asdict(case), code, lesson.stored_claims, lesson.record(), {name: _source_hash(name) for name in modules},
        {name: pins().get(name, "") for name in packages}, _data_hash(case.data),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:20]


def entry_of(run: Run, case: Case) -> Entry:
    """Return the entry for a run that came to its end.

    Raises
    ------
    MedlabError
        If it used other data than the case names, or a package that is not the pinned one: it proves nothing then.
    """
    used = run.record.get("data", {}).get("used", case.data)
    if used != case.data:
        raise MedlabError(f"the run used {used} instead of {case.data}", hint="medlab fetch, or set MEDLAB_MIRROR")
    modules = tuple(sorted(run.record.get("modules", [])))
    packages = tuple(sorted(_dependencies() & {_distribution(name) for name in run.record.get("packages", [])}))
    for name in packages:
        if (found := version(name).partition("+")[0]) != pins()[name]:
            raise MedlabError(f"{name} {found} is installed, {pins()[name]} is pinned", hint="make install")
    key_ = key(run.lesson, case, modules, packages)
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return Entry(case, tuple(run.verdicts), run.ref_s, run.peak_mb, date, key_, modules, packages)


@cache
def pins() -> dict[str, str]:
    """Return the pinned version of each package, by its normalized name; none outside a checkout."""
    path = ROOT / "constraints.txt"
    lines = path.read_text(encoding="utf-8").split() if path.is_file() else []
    return {_normal(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line}


@cache
def _dependencies() -> frozenset[str]:
    """Return the packages that medlab itself names and pins: what it imports, and not what those import."""
    from packaging.requirements import Requirement

    path = ROOT / "pyproject.toml"
    told = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"] if path.is_file() else []
    return frozenset({_normal(Requirement(text).name) for text in told} & set(pins()))


@cache
def _distributions() -> dict[str, str]:
    return {name: _normal(found[0]) for name, found in packages_distributions().items()}


def _distribution(module: str) -> str:
    return _distributions().get(module, module)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _source_hash(module: str) -> str:
    """Return the hash of a module's code as it is now; "" if it is gone."""
    stem = ROOT.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return _code_hash(path.read_bytes())
    return ""


@cache
def _code_hash(source: bytes) -> str:
    """Hash what a module does: comments, docstrings and layout change no result, so they leave the hash as it is."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.Pass()
    return hashlib.sha256(ast.unparse(tree).encode()).hexdigest()


def _data_hash(source: str) -> list:
    try:
        return [(file.url, file.sha256 or file.md5, file.bytes) for file in load_card(source).files]
    except FetchError:  # simulated or packaged: modules and pins say what it is
        return []


def _sources(lesson: Lesson) -> list[str]:
    return list(dict.fromkeys([lesson.data["default"], *lesson.data["alternatives"]]))
