"""How long a moved slider takes until the kernel has its picture: ``python tests/benchmarks/explorer_latency.py``.

Wanted at the sizes of preset cpu: under 150 ms for picture and words of every explorer. What the browser adds is
measured in tests/browser. Machines are shared: the median of nine runs counts.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time

import numpy as np

from medlab import explore, figures

WANTED_MS = 150


def explorers(size: int) -> dict[str, explore.Explorer]:
    """Return one of each explorer, on images of a size and 600 patients."""
    rng = np.random.default_rng(0)
    rows, columns = np.indices((size, size)) / size - 0.5
    disk = rows**2 + columns**2 < 0.08
    image = disk + 0.1 * rng.normal(size=(size, size))
    volume = np.stack([image] * (size // 2))
    truth = rng.integers(0, 2, 600)
    score = np.clip(0.3 * truth + rng.uniform(0, 0.7, 600), 0, 1)
    readers = {name: rows**2 + (columns - 0.02 * k) ** 2 < 0.08 for k, name in enumerate("ABCD")}
    maps = {"gradient": rng.normal(size=image.shape), "occlusion": image}
    return {
        "windowing": explore.windowing(image),
        "slices": explore.slices(volume),
        "slices with masks": explore.slices(volume, {"disk": np.stack([disk] * (size // 2))}),
        "outlines": explore.outlines(image, readers),
        "decision": explore.decision(truth, score),
        "noise_rate": explore.noise_rate(truth),
        "calibration": explore.calibration(truth, score),
        "saliency": explore.saliency(image, maps, target=disk),
        "registration": explore.registration(image, image),
        "kspace_mask": explore.kspace_mask(image),
        "dose_to_noise": explore.dose_to_noise(image),
    }


def latency(what: explore.Explorer, runs: int = 9) -> float:
    """Return the median of the milliseconds until picture and words are there."""
    seen = []
    for _ in range(runs):
        start = time.perf_counter()
        figures.png(what.render(**what.start))
        what.describe(**what.start)
        seen.append(1000 * (time.perf_counter() - start))
    return statistics.median(seen)


def main() -> int:
    """Print one line per explorer, and return 1 if one is too slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=64)
    size = parser.parse_args().size
    missed = False
    for name, what in explorers(size).items():
        latency(what, runs=1)  # fonts and modules that are loaded once
        seen = latency(what)
        missed |= seen >= WANTED_MS
        print(f"{name}: {seen:.0f} ms at {size} px (wanted under {WANTED_MS})", flush=True)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
