"""A Dask cluster on this machine: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ALONE = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent.parent)}
PATIENCE = 60.0


class Dask:
    """A scheduler and workers, each a process with one thread."""

    def __init__(self, workers: int) -> None:
        self._home = tempfile.mkdtemp(prefix="dask-")
        told = Path(self._home) / "scheduler.json"
        self._processes = [self._start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(told))]
        end = time.monotonic() + PATIENCE
        while not told.exists() or not told.read_text().endswith("}"):
            if time.monotonic() > end:
                raise TimeoutError("no scheduler")
            time.sleep(0.1)
        self.address = json.loads(told.read_text())["address"]
        self.workers = [self.worker() for _ in range(workers)]
        if workers:
            self._wait(workers)

    def _wait(self, workers: int) -> None:
        from distributed import Client

        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=PATIENCE)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]]
        return subprocess.Popen(
            command, env=ALONE, cwd=self._home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def worker(self) -> subprocess.Popen[bytes]:
        """One more."""
        process = self._start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        self._processes.append(process)
        return process

    def close(self) -> None:
        """Stop all."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        shutil.rmtree(self._home)
