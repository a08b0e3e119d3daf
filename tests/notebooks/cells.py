"""What the cells of a lesson define, without running the lesson."""

import ast
from collections.abc import Iterator

import nbformat

from medlab.lesson import Lesson, find


def code_of(lesson: Lesson) -> Iterator[ast.Module]:
    for cell in nbformat.read(lesson.path, as_version=4).cells:
        if cell.cell_type == "code":
            yield ast.parse(cell.source)


def imports(lesson: Lesson) -> dict:
    """What the lesson's cells import: all that an exercise and its check may use."""
    names: dict = {}
    for tree in code_of(lesson):
        for node in tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                exec(ast.unparse(node), names)
    return names


def definitions(lesson_id: str) -> dict:
    """The functions and classes that a lesson writes in its cells, so that a test can hold them against a library's.

    They share one namespace with the lesson's imports. What else they use (``lab``, a size) the test puts there.
    """
    lesson = find(lesson_id)
    names = imports(lesson)
    for tree in code_of(lesson):
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                exec(ast.unparse(node), names)
    return names
