"""The example of a workflow: which policies its gate compares."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

WORKFLOW = (ROOT / "examples" / "review-workflow.yml").read_text(encoding="utf-8")


def git(*arguments: str) -> str:
    who = ("-c", "user.name=Me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *who, *arguments], check=True, capture_output=True, text=True).stdout


def test_no_other_name_lets_a_policy_past_the_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("constraints").mkdir()
    for name in ("changed", "renamed", "removed", "kept"):
        Path(f"constraints/{name}.yaml").write_text(f"{name}\n" * 20)
    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "One")
    Path("constraints/changed.yaml").write_text("other\n")
    Path("constraints/renamed.yaml").rename("constraints/another.yaml")
    Path("constraints/removed.yaml").unlink()
    git("add", "-A")
    gate = WORKFLOW[WORKFLOW.index("Loosening needs both owners") :]
    (listing,) = re.findall(r'git (diff --name-only .*) -z "\$BASE" -- \'(.*)\' \|', gate)
    found = git(*listing[0].split(), "main", "--", listing[1]).split()
    assert found == [f"constraints/{name}.yaml" for name in ("changed", "removed", "renamed")]
