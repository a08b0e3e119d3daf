"""The same runs on a Dask cluster, through its ``concurrent.futures`` executor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from medlab.errors import MedlabError

_RETRIES = 3


@contextmanager
def connect(address: str, *, workers: int = 0) -> Iterator[Executor]:
    """Yield an executor on a Dask cluster; runs of a worker that dies are done again elsewhere, three times at most.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``, or "local": a cluster of processes on this machine.
    workers : int
        Of a local cluster; 0: one for each core.

    Raises
    ------
    MedlabError
        If distributed is not installed, or the scheduler cannot be reached.

    Examples
    --------
    >>> with connect("local", workers=2) as executor:  # doctest: +SKIP
    ...     run_many(jobs, executor=executor)
    """
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError:
        raise MedlabError(
            "--dask needs distributed", hint="in the checkout: pip install -c constraints.txt -e '.[dask]'"
        ) from None

    # A lesson that eats memory kills workers: after some lost workers its run is given up, and the others go on.
    with dask.config.set({"distributed.scheduler.allowed-failures": _RETRIES}):
        if address != "local":
            with _reached(Client, address) as client:
                yield client.get_executor(pure=False)
            return
        # One lesson at a time in each worker. The kernels take the memory, not the worker: it has no limit of its own.
        with (
            LocalCluster(
                n_workers=workers or os.cpu_count(), threads_per_worker=1, processes=True, memory_limit=0,
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
        ):  # fmt: skip
            yield client.get_executor(pure=False)


def _reached(client, address: str):
    try:
        return client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise MedlabError(
            f"no Dask scheduler answers at {address}: {error or type(error).__name__}",
            hint="start one: dask scheduler; or use --dask local",
        ) from None
