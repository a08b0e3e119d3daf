"""What the cells of a lesson define, without running the lesson."""

import ast
from collections.abc import Iterator

import nbformat
import numpy as np
import torch
from scipy.ndimage import gaussian_filter

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

    They share one namespace with the lesson's imports and a quiet lab. What else they use (a size) the test puts there.
    """
    lesson = find(lesson_id)
    names = {**imports(lesson), "lab": Quiet()}
    for tree in code_of(lesson):
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                exec(ast.unparse(node), names)
    return names


class Quiet:
    """Stands in for the lab of a lesson: preset smoke, and broken in no way, or in the one named ``broken``."""

    device = torch.device("cpu")

    def __init__(self, broken=""):
        self.broken = broken

    def sabotaged(self, name):
        return name == self.broken

    def pick(self, *, smoke, cpu, gpu):
        return smoke


SHAPE = (48, 32)


def smooth_images(seed, count=2, shape=SHAPE):
    """Smooth random images from 0 to 1, (N, 1, H, W)."""
    noise = torch.rand(count, 1, *shape, generator=torch.Generator().manual_seed(seed))
    smooth = np.stack([gaussian_filter(n, 2.0) for n in noise[:, 0].numpy()])[:, None]
    return torch.from_numpy((smooth - smooth.min()) / (smooth.max() - smooth.min())).float()


def smooth_displacements(seed, count=2, size=3.0, shape=SHAPE):
    """Smooth random displacements of at most ``size`` pixels, (N, 2, H, W)."""
    noise = np.random.default_rng(seed).normal(size=(count, 2, *shape))
    u = np.stack([[gaussian_filter(part, 4.0) for part in one] for one in noise])
    return torch.from_numpy(u / np.abs(u).max() * size).float()
