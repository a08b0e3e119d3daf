"""Fixtures of all tests: no test reaches the network, and what a cohort looks like."""

import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pytest_socket import disable_socket, enable_socket

from medlab.cohort import Cohort

ROOT = Path(__file__).resolve().parent.parent


def pytest_configure():
    # Tests and the kernels that they start work in other folders than the one where the variable was set.
    if (mirror := os.environ.get("MEDLAB_MIRROR")) and "://" not in mirror:
        os.environ["MEDLAB_MIRROR"] = str(Path(mirror).resolve())


@pytest.fixture(autouse=True)
def no_network():
    """Raise in any test that opens a socket, except to itself (Jupyter talks to kernels on Unix sockets)."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture
def interruptible():
    """What a process started by a test does first: heed SIGINT, which jobs in the background are told to ignore."""
    return None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def mirror() -> Path:
    """The folder of real data; the test is skipped where there is none."""
    folder = os.environ.get("MEDLAB_MIRROR", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("MEDLAB_MIRROR names no folder of real data")
    return Path(folder)


@pytest.fixture
def noise_cohort() -> Cohort:
    """Forty images of noise of twenty patients at two sites, half of them ill."""
    generator = torch.Generator().manual_seed(0)
    patient = np.repeat(np.arange(20), 2)
    table = pd.DataFrame({"patient_id": [f"p{k:02d}" for k in patient], "site": np.where(patient < 12, "A", "B")})
    return Cohort(
        torch.rand(40, 1, 16, 16, generator=generator), table, labels=torch.from_numpy(patient % 2),
        classes=("healthy", "ill"), spacing=(1.0, 1.0), source="noise", licence="CC0", simulated=True,
    )  # fmt: skip
