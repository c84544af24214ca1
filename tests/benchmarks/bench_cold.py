"""The whole of `allocator solve` on the 24-line fund, process by process, against bare Clarabel and the peers.

    python tests/benchmarks/bench_cold.py [--rounds 7] BENCH [NAME=PYTHON ...]

BENCH is the folder with the peers' scripts; a contestant is one of their names with the interpreter that has it, such as
skfolio=venv/bin/python. Processes are started in turn, round by round. Told are medians of the wall clock, and of the
ratios to bare Clarabel's process (numpy, scipy's matrices, one solve: `p1_cold.py clarabel`) and to each peer's.
`--help` and `policy check` are timed besides; `bench_check.py` does so from an installed wheel.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bench", type=Path)
    parser.add_argument("peers", nargs="*", metavar="NAME=PYTHON")
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    bench = asked.bench.resolve()
    sys.path[:0] = [str(Path(__file__).parent), str(bench)]
    import p1_files
    from common import fund_instance

    with tempfile.TemporaryDirectory() as folder:
        p1_files.write(fund_instance(), Path(folder))
        ours = [sys.executable, "-m", "allocator"]
        runs = {
            "bare Clarabel": [sys.executable, str(bench / "p1_cold.py"), "clarabel"],
            "allocator solve": [*ours, "solve", folder, "--as-of", "2026-04-01"],
            "allocator --help": [*ours, "--help"],
            "allocator policy check": [*ours, "policy", "check", str(ROOT / "constraints" / "us-japan-fund.yaml")],
        }
        for name, python in (peer.split("=", 1) for peer in asked.peers):
            runs[name] = [python, str(bench / "p1_cold.py"), name]
        # Installed packages are compiled once; where this is forbidden, ours would be compiled by every process.
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(-1, asked.rounds):
            for name, command in runs.items():
                start = time.perf_counter()
                subprocess.run(command, capture_output=True, check=True, env=environment, cwd=bench)
                if turn >= 0:
                    times[name].append(1e3 * (time.perf_counter() - start))
    for name, own in times.items():
        print(f"{name:24s} {statistics.median(own):6.0f} ms  (least {min(own):.0f})")
    for name in ("bare Clarabel", *(peer.split("=", 1)[0] for peer in asked.peers)):
        ratio = statistics.median(a / b for a, b in zip(times["allocator solve"], times[name], strict=True))
        print(f"allocator solve takes {ratio:.2f} times {name}")


if __name__ == "__main__":
    main()
