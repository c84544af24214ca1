"""A sweep of the example fund on two threads, and on a Dask cluster that loses a worker and its client on the way.

    python tests/benchmarks/bench_sweep.py [--scenarios 100000] [--folder FOLDER]

Runs `examples/us-japan/scenarios.yaml`, drawn so many times, three ways, each in a process of its own:

- on two threads;
- on two threads, a twentieth of it, for what the client's memory grows by;
- on a scheduler and two worker processes. After a third one worker is killed and another one started, after two thirds
  the client is killed and started again with the same folder.

Told are times, peak memory, whether all chunks are the same to the bit, and how many chunks were computed twice. Then
what 10^6 and 10^8 scenarios cost on 10, 100 and 1,000 workers, by a short model of what was measured, which is held
against runs with 1, 2 and 4 workers here.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.append(str(Path(__file__).parents[1]))
from cluster import Dask

ROOT = Path(__file__).parents[2]
CHUNK = 500
ALONE = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def client(folder: Path, scenarios: int, scheduler: str | None, threads: int | None, pace: bool = False) -> None:
    """One sweep, in this process; prints how long it took, and its peak memory."""
    import allocator as al
    from allocator.files.scenarios import read_scenarios

    case = al.read_case(ROOT / "examples/us-japan")
    rules = al.read_rules(case.policy, as_of="2026-04-01")
    drawn: Any = read_scenarios(ROOT / "examples/us-japan/scenarios.yaml", case, rules)
    drawn.count = scenarios
    if scheduler:
        count_chunks(scheduler, folder.with_suffix(".log"))
    start = time.perf_counter()
    times = []

    def told(done: int, count: int) -> None:
        times.append((time.perf_counter(), done))
        print("done", done, flush=True)

    found = al.sweep(
        case, rules, None, drawn, into=folder, scheduler=scheduler, threads=threads, chunk=CHUNK, told=told
    )
    print(found, flush=True)
    (t0, first), (t1, last) = times[0], times[-1]
    steady = (last - first) / (t1 - t0) if last > first else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"took {time.perf_counter() - start:.1f} peak {peak:.0f} rate {steady:.2f}", flush=True)


def count_chunks(scheduler: str, log: Path) -> None:
    """Have each worker write down which chunks it computed."""
    from distributed import Client, WorkerPlugin

    class Counted(WorkerPlugin):  # type: ignore[misc]
        name = "counted"

        def transition(self, key: Any, start: Any, finish: Any, **more: Any) -> None:
            if start == "executing" and finish == "memory" and str(key).startswith("chunk-"):
                with log.open("a") as file:
                    file.write(f"{key}\n")

    with Client(scheduler, set_as_default=False) as own:
        own.register_plugin(Counted())


class Run:
    """A client in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, __file__, "--client", *arguments]
        self._process = subprocess.Popen(command, env=ALONE, stdout=subprocess.PIPE, text=True)
        self.last = ""

    def until(self, done: int | None = None) -> list[str]:
        """Read on until so many scenarios are done, or to the end."""
        assert self._process.stdout
        for line in self._process.stdout:
            self.last = line
            if done is not None and line.startswith("done") and int(line.split()[1]) >= done:
                return line.split()
        if self._process.wait():
            raise SystemExit("a client failed")
        return self.last.split()

    def kill(self) -> None:
        """As a crash would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()


def same(one: Path, two: Path) -> tuple[int, int]:
    """How many chunks there are, and how many are the same to the bit."""
    from pyarrow import parquet

    def bits(column: Any) -> Any:
        return column.to_numpy().tobytes() if str(column.type) == "double" else column.to_pylist()

    names = sorted(path.name for path in one.glob("part-*.parquet"))
    assert names == sorted(path.name for path in two.glob("part-*.parquet"))
    alike = 0
    for name in names:
        first, second = (parquet.read_table(folder / name) for folder in (one, two))
        alike += all(bits(a) == bits(b) for a, b in zip(first.itercolumns(), second.itercolumns(), strict=True))
    return len(names), alike


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scenarios", type=int, default=100_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--client", nargs=4, metavar=("FOLDER", "SCENARIOS", "SCHEDULER", "THREADS"))
    asked = parser.parse_args()
    if asked.client:
        folder, scenarios, scheduler, threads = asked.client
        client(Path(folder), int(scenarios), scheduler or None, int(threads) or None)
        return
    home = asked.folder or Path(tempfile.mkdtemp(prefix="bench-sweep-"))
    home.mkdir(exist_ok=True)
    count, local, remote = asked.scenarios, home / "threads", home / "cluster"
    _, took, _, peak, _, rate = Run(str(local), str(count), "", "2").until()
    print(f"two threads: {count:,} scenarios in {took} s, {rate} a second, peak {peak} MiB")
    *_, fewer, _, _ = Run(str(home / "few"), str(count // 20), "", "2").until()
    print(f"a twentieth of them: peak {fewer} MiB")
    lossy(count, local, remote)
    at_scale(home)


def lossy(count: int, local: Path, remote: Path) -> None:
    """The cluster that loses a worker and its client."""
    dask = Dask(2)
    arguments = (str(remote), str(count), dask.address, "0")
    start = time.perf_counter()
    run = Run(*arguments)
    run.until(count // 3)
    dask.workers[0].kill()
    dask.worker()
    run.until(2 * count // 3)
    run.kill()
    _, _, _, peak, _, _ = Run(*arguments).until()
    print(f"a cluster of two, a worker and the client killed: {time.perf_counter() - start:.0f} s, peak {peak} MiB")
    dask.close()
    chunks, alike = same(local, remote)
    computed = Counter(remote.with_suffix(".log").read_text().split())
    twice = sum(times - 1 for times in computed.values())
    print(f"{alike} of {chunks} chunks the same to the bit; {twice} computed twice, {chunks - len(computed)} uncounted")


def at_scale(home: Path) -> None:
    """What a scenario costs a worker, and a chunk all that is not a worker; and what that comes to."""
    rates = {}
    for workers in (1, 2, 4):
        dask = Dask(workers)
        *_, rate = Run(str(home / f"workers-{workers}"), str(20 * CHUNK), dask.address, "0").until()
        rates[workers] = float(rate)
        if workers == 1:
            passed, written = overhead(dask.address, home)
        dask.close()
    each = 1 / rates[1]
    print(
        f"a scenario takes a worker {1e3 * each:.2f} ms; of a chunk of {CHUNK}, {1e3 * passed:.1f} ms are its way from"
    )
    print(f"client to worker and back, by way of the scheduler, and {1e3 * written:.1f} ms its writing")
    limit = CHUNK / (passed + written)
    for workers, rate in rates.items():
        told = min(min(workers, len(os.sched_getaffinity(0))) / each, limit)
        print(f"{workers} workers on {len(os.sched_getaffinity(0))} processors: {rate:.0f} a second, model {told:.0f}")
    print(f"the client takes {limit:,.0f} scenarios a second at most: what {limit * each:.0f} workers solve")
    for count in (10**6, 10**8):
        for workers in (10, 100, 1000):
            hours = count / min(workers / each, limit) / 3600
            print(
                f"{count:>11,} scenarios on {workers:>5,} workers: {hours:8.2f} hours, {hours * workers:8.0f} of workers"
            )


def overhead(address: str, home: Path) -> tuple[float, float]:
    """Seconds that a chunk takes on its way to a worker that does nothing and back, and to be written; medians of 5."""
    from distributed import Client

    from allocator.files.sweeps import Dataset

    chunk = pd.read_parquet(next((home / "threads").glob("part-*")))
    columns = {name: chunk[name].to_numpy() if chunk[name].dtype != object else list(chunk[name]) for name in chunk}
    kinds = {"i": int, "f": float, "b": bool}
    layout = {name: kinds.get(np.asarray(own).dtype.kind, str) for name, own in columns.items()}
    dataset = Dataset(home / "written", {}, layout)
    passed, written = [], []
    with Client(address, set_as_default=False) as client:
        for turn in range(6):
            start = time.perf_counter()
            asked = [client.submit(_nothing, columns, turn, k, pure=False) for k in range(20)]
            client.gather(asked)
            middle = time.perf_counter()
            for k in range(20):
                dataset.write(20 * turn + k, columns)
            if turn:
                passed.append((middle - start) / 20)
                written.append((time.perf_counter() - middle) / 20)
    return statistics.median(passed), statistics.median(written)


def _nothing(columns: Any, turn: int, k: int) -> Any:
    return columns


if __name__ == "__main__":
    main()
