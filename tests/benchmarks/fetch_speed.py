"""Measure a download against curl on loopback, and opening a cached set against a bare numpy.load: best of three.

Run: python tests/benchmarks/fetch_speed.py
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_fetch.cards import File, load_card
from data_fetch.fetch import fetch
from medlab.sources.npz import read_npz

SIZE = 200_000_000


def best(work, times=3):
    taken = []
    for k in range(times):
        start = time.perf_counter()
        work(k)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main():
    folder = Path(tempfile.mkdtemp())
    os.environ["MEDLAB_DATA"] = str(folder / "cache")
    os.environ.pop("MEDLAB_MIRROR", None)
    (folder / "big.bin").write_bytes(os.urandom(SIZE))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    url = f"http://127.0.0.1:{port}/big.bin"
    card = load_card("breastmnist")

    def ours(k):
        fetch(replace(card, files=(File(url=url, mirror=f"{k}.bin", bytes=SIZE),)), progress=False)

    curl = best(lambda k: subprocess.run(["curl", "-sf", "-o", str(folder / f"curl{k}"), url], check=True))
    mine = best(ours)
    print(f"curl {SIZE / curl / 1e6:.0f} MB/s, fetch {SIZE / mine / 1e6:.0f} MB/s: {curl / mine:.0%}")
    server.terminate()

    images = np.random.default_rng(0).integers(0, 60, (5856, 28, 28), dtype=np.uint8)  # the size of PneumoniaMNIST
    (folder / "cache").mkdir(exist_ok=True)
    np.savez_compressed(folder / "cache" / "set.npz", train_images=images, train_labels=np.zeros((5856, 1), np.uint8))
    named = replace(card, files=(File(url="https://example.invalid/set.npz", mirror="set.npz"),))
    time.sleep(2.5)
    fetch(named)

    def bare(_):
        with np.load(folder / "cache" / "set.npz") as arrays:
            [arrays[name] for name in arrays]

    plain, checked = best(bare, 9), best(lambda _: read_npz(fetch(named)), 9)
    print(f"numpy.load {plain * 1000:.1f} ms, verified and read {checked * 1000:.1f} ms: {checked / plain:.2f} times")


if __name__ == "__main__":
    sys.exit(main())
