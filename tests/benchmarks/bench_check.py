"""What `allocator policy check` on the example takes, from the shell's return key to its prompt, and its parts.

Run with the Python of an environment into which the wheel is installed, so that nothing is compiled on the way:
`python tests/benchmarks/bench_check.py`. Each figure is the median of 15 runs, in ms; the least is beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
POLICY, CASE = ROOT / "constraints" / "us-japan-fund.yaml", ROOT / "examples" / "us-japan"
RUNS = 15
READ = f"""
from allocator.files.names import read_names
from allocator.files.policies import read_rules
rules = read_rules({str(POLICY)!r})
"""
STEPS = {
    "python alone": "pass",
    "and click": "import click",
    "and pydantic": "import click, pydantic\nclass Model(pydantic.BaseModel): pass",
    "and ruamel.yaml": "import click, ruamel.yaml, pydantic\nclass Model(pydantic.BaseModel): pass",
    "and our modules": "import click, allocator.policy.check",
    "and reading the policy": f"import click, allocator.policy.check{READ}",
    "and reading the case's names": f"import click, allocator.policy.check{READ}names = read_names({str(CASE)!r})",
    "and looking them up": f"import click, allocator.policy.check{READ}rules.check(read_names({str(CASE)!r}))",
}
"Each step does what the one above it does, and more."


def measure(command: Sequence[str]) -> tuple[float, float]:
    """The median and the least wall time of a process, in ms."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        # Outside the checkout, so that the installed package is found.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=Path(sys.prefix))
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times), min(times)


def main() -> None:
    """Print the whole, then its parts as they add up."""
    script = Path(sys.executable).with_name("allocator")
    whole = measure([str(script), "policy", "check", str(POLICY), "--case", str(CASE)])
    print(f"{whole[0]:6.0f} {whole[1]:6.0f}  allocator policy check")
    for name, code in STEPS.items():
        median, least = measure([sys.executable, "-c", code])
        print(f"{median:6.0f} {least:6.0f}  {name}")


if __name__ == "__main__":
    main()
