"""Speed and memory of the simulated hospital: ``python tests/benchmarks/hospital_speed.py``.

Wanted at 64 x 64 on two cores: 300 chest X-rays a second, 100 images of every other modality, 5 brains of 48 x 48 x 48;
and at most 200 MB more memory for 1200 chest X-rays. Machines are shared: the best of three runs counts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import torch

from medlab.hospital import Hospital
from medlab.hospital.modalities import MODALITIES


def peak_mb() -> float:
    """Return the largest memory of this process so far, MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rate(hospital: Hospital, modality: str, runs: int = 3, **options) -> float:
    """Return images per second, the best of some runs."""
    best = 0.0
    for _ in range(runs):
        start = time.perf_counter()
        count = len(hospital.cohort(modality, **options))
        best = max(best, count / (time.perf_counter() - start))
    return best


def main() -> int:
    """Print one line per modality, and return 1 if a wanted speed or the memory is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    hospital = Hospital(patients=710, seed=0)
    Hospital(patients=20).cohort("chest_xray", size=64, device=options.device)
    before = peak_mb()
    hospital.cohort("chest_xray", size=64, device=options.device)
    extra = peak_mb() - before
    print(f"1200 chest X-rays: {extra:.0f} MB more (wanted at most 200)")
    missed = extra > 200
    some = Hospital(patients=120, seed=0)
    for modality in MODALITIES:
        wanted = 300 if modality == "chest_xray" else 100
        some.cohort(modality, size=64, device=options.device, site="A")  # tables that are made once
        seen = rate(hospital if wanted == 300 else some, modality, size=64, device=options.device)
        missed |= seen < wanted
        print(f"{modality}: {seen:.0f} images/s at 64 px (wanted {wanted})", flush=True)
    few = Hospital(patients=8, seed=0)
    few.cohort("brain_mri", size=48, dims=3)
    seen = rate(few, "brain_mri", size=48, dims=3, device=options.device)
    missed |= seen < 5
    print(f"brain_mri: {seen:.0f} volumes/s of 48 x 48 x 48 (wanted 5)")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
