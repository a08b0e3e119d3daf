"""Small data as users bring them: one maker for each form, all made here, none of patients."""

from pathlib import Path

import numpy as np
from PIL import Image


def picture(rng: np.random.Generator, side: int, ill: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return gray noise with a bright disk if ill, uint8, and the mask of the disk."""
    rows, columns = np.mgrid[:side, :side]
    place = rng.integers(side // 4, side - side // 4, 2)
    disk = (rows - place[0]) ** 2 + (columns - place[1]) ** 2 < (side / 8) ** 2
    gray = rng.normal(90, 20, (side, side)) + 80.0 * (disk & ill)
    return gray.clip(0, 255).astype(np.uint8), disk & ill


def grades(folder: Path, count: int = 300) -> Path:
    """Five grades, RGB, 28 x 28, in an npz of ``images`` and ``labels``."""
    rng = np.random.default_rng(0)
    labels = np.sort(rng.choice(5, count, p=[0.4, 0.2, 0.15, 0.15, 0.1]))
    images = rng.normal(60, 15, (count, 28, 28, 3)) + 30.0 * labels[:, None, None, None]
    np.savez_compressed(folder / "grades.npz", images=images.clip(0, 255).astype(np.uint8), labels=labels)
    return folder / "grades.npz"


def two_classes(folder: Path, each: int = 70) -> Path:
    """A folder for each of two classes, pictures of two sizes."""
    rng = np.random.default_rng(1)
    for name in ("ill", "well"):
        (folder / "two" / name).mkdir(parents=True)
        for k in range(each):
            gray, _ = picture(rng, (64, 72)[k % 2], name == "ill")
            Image.fromarray(gray).save(folder / "two" / name / f"{name}{k}.png")
    return folder / "two"


def images_and_masks(folder: Path, count: int = 60, side: int = 200) -> Path:
    """Large pictures with a mask each."""
    rng = np.random.default_rng(2)
    for name in ("images", "masks"):
        (folder / "pairs" / name).mkdir(parents=True)
    for k in range(count):
        gray, mask = picture(rng, side, True)
        Image.fromarray(gray).save(folder / "pairs" / "images" / f"{k}.png")
        Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "pairs" / "masks" / f"{k}.png")
    return folder / "pairs"


def table(folder: Path, count: int = 150) -> Path:
    """A csv file with images, three of each patient, labels in words and two sites."""
    rng = np.random.default_rng(3)
    (folder / "table").mkdir()
    lines = ["image,patient_id,label,site"]
    for k in range(count):
        Image.fromarray(picture(rng, 64, k % 2 == 1)[0]).save(folder / "table" / f"{k}.png")
        lines.append(f"{k}.png,p{k // 3},{('well', 'ill')[k % 2]},{'AB'[k // 3 % 2]}")
    (folder / "table" / "list.csv").write_text("\n".join(lines) + "\n")
    return folder / "table" / "list.csv"


def unlabeled(folder: Path, count: int = 12) -> Path:
    """A few pictures and nothing else."""
    rng = np.random.default_rng(4)
    (folder / "plain").mkdir()
    for k in range(count):
        Image.fromarray(picture(rng, 50, k % 2 == 1)[0]).save(folder / "plain" / f"{k}.jpg")
    return folder / "plain"


MAKERS = {make.__name__: make for make in (grades, two_classes, images_and_masks, table, unlabeled)}
