"""Speed and memory of the simulated hospital: ``python tests/benchmarks/hospital_speed.py``.

Wanted: at least 300 chest X-rays a second at 64 x 64 on two cores, and at most 200 MB more memory for 1200 of them.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import torch

from medlab.hospital import Hospital


def peak_mb() -> float:
    """Return the largest memory of this process so far, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> int:
    """Print one line per size, and return 1 if the wanted speed or memory is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    hospital = Hospital(patients=710, seed=0)
    Hospital(patients=20).cohort("chest_xray", size=64, device=options.device)
    before, start = peak_mb(), time.perf_counter()
    cohort = hospital.cohort("chest_xray", size=64, device=options.device)
    rate, extra = len(cohort) / (time.perf_counter() - start), peak_mb() - before
    print(f"64 px: {len(cohort)} images, {rate:.0f} images/s (wanted 300), {extra:.0f} MB more (wanted at most 200)")
    del cohort
    for size, patients in ((128, 120), (256, 30)):
        some = Hospital(patients=patients)
        start = time.perf_counter()
        count = len(some.cohort("chest_xray", size=size, device=options.device))
        print(f"{size} px: {count} images, {count / (time.perf_counter() - start):.0f} images/s")
    return int(rate < 300 or extra > 200)


if __name__ == "__main__":
    sys.exit(main())
