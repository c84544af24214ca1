"""What the README shows is what the program prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CAPTURES = re.findall(r"<!-- capture: allocator (.*?) -->\n```text\n\$ .*?\n(.*?)\n```", README, flags=re.DOTALL)
NUMBER = re.compile(r"\d[\d,.]*")


def numbers(text: str) -> list[float]:
    return [float(found.rstrip(".,").replace(",", "")) for found in NUMBER.findall(text)]


@pytest.mark.parametrize(("command", "shown"), CAPTURES)
def test_captures_are_what_is_printed(command: str, shown: str) -> None:
    run = [sys.executable, "-m", "allocator", *command.split()]
    told = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, check=True, encoding="utf-8").stdout
    lines = [line.rstrip() for line in told.strip().splitlines()]
    # Another processor may turn the last digit of a number; words must be the same.
    assert [NUMBER.sub("0", line) for line in lines] == [NUMBER.sub("0", line) for line in shown.splitlines()]
    assert numbers("\n".join(lines)) == pytest.approx(numbers(shown), rel=0.02)


def test_there_is_a_capture_and_both_commands() -> None:
    assert len(CAPTURES) == 2
    for marker in ("main", "tests"):
        assert f"<!-- {marker} -->\n```sh\n" in README
    assert "pip install allocator" not in README


def test_the_kinds_are_listed() -> None:
    from allocator import kinds

    for wing in ("rules", "objectives"):
        for name in kinds.known(wing):
            assert f"`{name}`" in README


def test_the_python_runs_as_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL):
        exec(block.replace('"outcome.json"', repr(str(tmp_path / "outcome.json"))), names)
    assert (tmp_path / "outcome.json").is_file()
    assert names["out"].amounts["share"].sum() == pytest.approx(1)  # type: ignore[attr-defined]
