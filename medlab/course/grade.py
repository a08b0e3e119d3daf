"""Grade a folder of notebooks that students handed in: marks with reasons, whatever is in it."""

from __future__ import annotations

import csv
import hashlib
import io
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

import numpy as np

from medlab.course.edition import personal_seed
from medlab.course.sandbox import Answer, preload
from medlab.course.submission import Exercise, Submission, exercises_of, imports_of, student_of
from medlab.errors import MedlabError
from medlab.exercises import NOT_ATTEMPTED, RANDOM_CASES, RIGHT, WRONG, check
from medlab.files import write_whole
from medlab.lesson import Lesson, catalogue

MISSING = "missing"
STATES = (RIGHT, WRONG, NOT_ATTEMPTED, MISSING)
PARTIAL = 0.5  # a wrong answer gets this part of the share of cases that it solves
GRADES = "grades.csv"


@dataclass(frozen=True)
class Mark:
    """What one exercise came to: ``points`` of 1, and the typical mistake, if it is a known one."""

    exercise: str
    status: str
    reason: str = ""
    points: float = 0.0
    mistake: str = ""


@dataclass(frozen=True)
class Graded:
    """One notebook with its marks, or with the reason why it has none."""

    student: str
    files: tuple[str, ...]
    lesson: str = ""
    marks: tuple[Mark, ...] = field(default=())
    problem: str = ""

    @property
    def points(self) -> float:
        """Sum of the points, of as many as there are exercises."""
        return round(sum(mark.points for mark in self.marks), 2)


def grade(
    folder: Path, lessons: list[Lesson] | None = None, *, jobs: int = 2, personal: bool = False,
    tell: Callable[[Graded], None] = lambda graded: None,
) -> list[Graded]:  # fmt: skip
    """Grade all notebooks below a folder; nothing that one of them does stops the others.

    Only what the notebooks define is used, never a stored output. Each function is called in a process of its own.

    Parameters
    ----------
    folder : Path
        With a folder or a file for each student.
    lessons : list of Lesson, optional
        Those that were handed out; all if not given. A single one is taken for every notebook.
    jobs : int
        Notebooks at a time.
    personal : bool
        Whether the random cases differ from student to student.
    tell : callable
        Called with each result as it is there.

    Returns
    -------
    list of Graded
        By student and lesson. Of several copies of a lesson by one student the best mark of each exercise counts.

    Raises
    ------
    MedlabError
        If there is no notebook in the folder.
    """
    hidden = {".ipynb_checkpoints", "__MACOSX"}
    paths = [p for p in sorted(folder.rglob("*.ipynb")) if not hidden & set(p.parts) and p.name[:2] != "._"]
    if not paths:
        raise MedlabError(f"there is no notebook in {folder}", hint="give the folder in which the students' files lie")
    known, found = lessons or catalogue(), []
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        running = {pool.submit(_grade_one, path, folder, known, personal): path for path in paths}
        for done in as_completed(running):
            path = running[done]
            try:
                found.append(done.result())
            except Exception as error:  # a fault of medlab or of the machine: the other notebooks go on
                name, said = path.relative_to(folder).as_posix(), f"{type(error).__name__}: {error}"
                found.append(Graded(student_of(path, folder), (name,), problem=f"it could not be graded ({said})"))
            tell(found[-1])
    return _best(found)


def _grade_one(path: Path, folder: Path, lessons: list[Lesson], personal: bool) -> Graded:
    name = (path.relative_to(folder).as_posix(),)
    try:
        handed = Submission.read(path, folder)
        lesson = lessons[0] if len(lessons) == 1 else handed.lesson_among(lessons)
    except MedlabError as error:
        return Graded(student_of(path, folder), name, problem=f"{error.message}; {error.hint}")
    imports = imports_of(lesson)
    names: dict = {}
    preload(imports)
    exec(imports, names)
    seed = personal_seed(handed.student) if personal else 26
    marks = tuple(marked(handed, one, imports, names, seed=seed) for one in exercises_of(lesson))
    return Graded(handed.student, name, lesson.id, marks)


def marked(handed: Submission, exercise: Exercise, imports: str, names: dict, *, seed: int) -> Mark:
    """Return the mark of one exercise.

    Parameters
    ----------
    handed : Submission
    exercise : Exercise
    imports : str
        What the lesson imports, as code.
    names : dict
        The same, executed.
    seed : int
        Of the random cases.
    """
    name = exercise.name
    if name not in [key for key, _ in handed.definitions]:
        if broken := handed.unreadable(name):
            return Mark(name, WRONG, f"The cell of {name} is not Python ({broken}).", mistake="not Python")
        return Mark(name, MISSING, f"There is no function {name} in the notebook.")
    answer, told = Answer(name, handed.definitions, imports), _arguments(exercise.check, names, name)
    cases, reference = told["cases"], told.pop("reference")
    rng = np.random.default_rng(seed)
    told |= {"cases": lambda _: cases(rng), "edges": list(told.get("edges", ()))}
    try:
        with suppress(Exception):  # what is wrong with the definitions is said by the first call
            answer.begin()
        outcome = check(answer, reference, **told)
        if outcome.status == RIGHT:
            return Mark(name, RIGHT, outcome.reason, 1.0)
        if outcome.status == NOT_ATTEMPTED:
            return Mark(name, NOT_ATTEMPTED, "Nothing was written.")
        rng = np.random.default_rng(seed)
        share = _share(answer, reference, told)
    finally:
        answer.close()
    mistake = next((text for text in told.get("mistakes", {}) if outcome.reason.startswith(text)), "")
    return Mark(name, WRONG, outcome.reason, round(PARTIAL * share, 2), mistake)


def _arguments(code: str, names: dict, name: str) -> dict:
    """Return what the cell of a check passes to `medlab.exercise`."""
    import medlab

    kept: dict = {}
    own, medlab.exercise = medlab.exercise, lambda answer, reference, **more: kept.update(more, reference=reference)
    try:
        exec(code, {**names, name: None})
    finally:
        medlab.exercise = own
    return kept


def _share(answer: Answer, reference: Callable | None, told: dict) -> float:
    """Return the share of cases that an answer solves."""
    from medlab.compare import difference, precision

    solved, judge = [], told.get("judge")

    def count(result, *args):
        if judge:
            found = judge(result, *args)
            wrong = found if isinstance(found, str) or found is None else next((one for one in found if one), "")
        else:
            single = max(told.get("rtol", 1e-6), precision(args))
            wrong = difference(result, reference(*args), rtol=single, atol=max(told.get("atol", 1e-8), single / 100))
        solved.append(not wrong)
        return wrong or ""

    check(answer, None, cases=told["cases"], edges=told["edges"], judge=count)
    return sum(solved) / (RANDOM_CASES + len(told["edges"]))


def _best(found: list[Graded]) -> list[Graded]:
    """Put the copies of one student's lesson together: of each exercise the best mark counts."""
    kept: dict[tuple, Graded] = {}
    for one in sorted(found, key=lambda g: (g.student, g.lesson, g.files)):
        key = (one.student, one.lesson or one.files)
        before = kept.get(key)
        if before is None:
            kept[key] = one
            continue
        marks = tuple(max(pair, key=lambda m: m.points) for pair in zip(before.marks, one.marks, strict=True))
        kept[key] = replace(one, files=(*before.files, *one.files), marks=marks)
    return list(kept.values())


def write(graded: list[Graded], folder: Path) -> None:
    """Write ``grades.csv``, ``summary.html`` and a page of feedback for each student into a folder.

    Raises
    ------
    MedlabError
        If the folder holds something else than grades, or cannot be written.
    """
    refuse(folder)
    try:
        write_whole(folder / GRADES, table(graded))
        write_whole(folder / "summary.html", summary(graded))
        for student in {one.student for one in graded}:
            page = feedback([one for one in graded if one.student == student])
            write_whole(folder / "feedback" / f"{_file_name(student)}.html", page)
    except OSError as error:
        raise MedlabError(f"{folder} cannot be written: {error.strerror or error}", "choose another --to") from None


def refuse(folder: Path) -> None:
    """Raise a MedlabError if a folder holds something else than grades."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / GRADES).exists())):
        raise MedlabError(f"{folder} is not empty, and holds no grades", hint="choose a new folder, with --to DIR")


def _file_name(student: str) -> str:
    """Return a name for a file: two students never share one, and no name leaves the folder."""
    plain = "".join(sign if sign.isalnum() or sign in " _-" else "_" for sign in student).strip()[:80]
    return plain if plain == student else f"{plain}_{hashlib.sha256(student.encode()).hexdigest()[:6]}"


def table(graded: list[Graded]) -> str:
    """Return one line for each student and lesson, as CSV; names that a spreadsheet would compute are quoted.

    Examples
    --------
    >>> print(table([Graded("=1+1", ("a.ipynb",), "00_start_here", (Mark("f", "right", "", 1.0),))]).strip())
    student,lesson,points,of,files,problem,f
    '=1+1,00_start_here,1.0,1,a.ipynb,,1.0
    """
    columns = list(dict.fromkeys(mark.exercise for one in graded for mark in one.marks))
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["student", "lesson", "points", "of", "files", "problem", *columns])
    for one in graded:
        points = {mark.exercise: mark.points for mark in one.marks}
        row = [one.student, one.lesson, one.points, len(one.marks), "; ".join(one.files), one.problem]
        row += [points.get(name, "") for name in columns]
        lines.writerow([f"'{cell}" if str(cell)[:1] in ("=", "+", "-", "@", "\t") else cell for cell in row])
    return out.getvalue()


def feedback(graded: Iterable[Graded]) -> str:
    """Return the page of one student."""
    from medlab.engine.page import document

    parts, student = [], ""
    for one in graded:
        student = one.student
        rows = "".join(
            f"<tr><td>{escape(m.exercise)}</td><td class='{'good' if m.status == RIGHT else 'bad'}'>{m.status}</td>"
            f"<td>{m.points:g}</td><td>{escape(m.reason)}</td></tr>"
            for m in one.marks
        )
        title = escape(one.lesson or ", ".join(one.files))
        body = f"<p>{escape(one.problem)}</p>" if one.problem else (
            f"<p><b>{one.points:g} of {len(one.marks)}</b> points, from {escape(', '.join(one.files))}.</p>"
            "<table><tr><th>exercise</th><th>result</th><th>points</th><th>why</th></tr>" + rows + "</table>"
        )  # fmt: skip
        parts.append(f"<h2>{title}</h2>{body}")
    return document(f"Feedback for {student}", f"<h1>Feedback for {escape(student)}</h1>{''.join(parts)}")


def summary(graded: list[Graded]) -> str:
    """Return a page about all: each question with its share of right answers, and its typical mistakes."""
    from medlab.engine.page import document
    from medlab.figures.output import image_html

    questions: dict[tuple[str, str], list[Mark]] = {}
    for one in graded:
        for mark in one.marks:
            questions.setdefault((one.lesson, mark.exercise), []).append(mark)
    rows = []
    for (lesson, name), marks in questions.items():
        states = Counter(mark.status for mark in marks)
        wrong = Counter(mark.mistake or "other" for mark in marks if mark.status == WRONG)
        said = "<br>".join(f"{escape(text)} ({count})" for text, count in wrong.most_common(6))
        counts = "".join(f"<td>{states[state]}</td>" for state in STATES)
        share = f"{states[RIGHT] / len(marks):.0%}"
        rows.append(f"<tr><td>{escape(lesson)}</td><td>{escape(name)}</td><td>{share}</td>{counts}<td>{said}</td></tr>")
    heads = "".join(f"<th>{head}</th>" for head in ("lesson", "exercise", "share right", *STATES, "mistakes"))
    failed = "".join(f"<li>{escape(one.student)}: {escape(one.problem)}</li>" for one in graded if one.problem)
    people = len({one.student for one in graded})
    body = f"<h1>Grades</h1><p>{people} students, {len(graded)} notebooks.</p>"
    if questions:
        alt = "Bars, one for each exercise: right, wrong, not attempted and missing answers. The table says it."
        body += image_html(_bars(questions), alt=alt)
        body += f"<div class='scroll'><table><tr>{heads}</tr>{''.join(rows)}</table></div>"
    body += f"<h2>Could not be graded</h2><ul>{failed}</ul>" if failed else ""
    return document("Grades", body)


def _bars(questions: dict[tuple[str, str], list[Mark]]) -> bytes:
    from matplotlib.figure import Figure

    from medlab.figures.output import png
    from medlab.figures.style import COLORS, HATCHES

    figure = Figure(figsize=(8, 1 + 0.35 * len(questions)), layout="constrained")
    axis = figure.subplots()
    names = [f"{lesson[:2]} {name}" for lesson, name in questions]
    before = np.zeros(len(names))
    for k, state in enumerate(STATES):
        count = np.array([sum(mark.status == state for mark in marks) for marks in questions.values()])
        axis.barh(names, count, left=before, label=state, color=COLORS[k], hatch=HATCHES[k], edgecolor="white")
        before = before + count
    axis.invert_yaxis()
    axis.set(xlabel="notebooks", title="Answers by exercise")
    axis.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    return png(figure)
