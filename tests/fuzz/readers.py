"""Damages the example files at random and reads them: nothing but the project's own errors may come out.

Run by hand: `python tests/fuzz/readers.py --minutes 10 [--seed 0]`. Exits with 1 at the first other error, and
leaves the files that caused it.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import allocator as al
from allocator.objectives import from_names

ROOT = Path(__file__).parent.parent.parent
CASES = ("us-japan", "sector-mix", "plain-portfolio")
PIECES = (
    b"-1", b"0", b"1e400", b"nan", b"inf", b"%", b" bp", b"x", b"$", b" bn", b" years", b"[]", b"{}", b"{a: b}",
    b"[a, b]",
    b"all", b"null", b"~", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"'", b'"', b":", b"#", b"\t", b"\n",
    b"\n  ", b"---\n", b"\xef\xbc\x91", b"\xe2\x80\x8b", b"\xff", b"\x00", b"=1+1", b"1" * 60, b"a" * 300,
    b"2026-02-30", b"each: ", b"scope: ", b"kind: share", b"of: equity", b",", b",,", b"|", b">", b"yes", b"no",
)  # fmt: skip


def damage(data: bytes, chance: random.Random) -> bytes:
    """A few random edits: insert, delete, repeat, swap lines, overwrite with a telling piece."""
    for _ in range(chance.randint(1, 4)):
        lines = data.split(b"\n")
        i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
        at = chance.randrange(len(data) + 1)
        edit = chance.randrange(7)
        if edit == 0:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif edit == 1:
            data = data[:at] + data[at + chance.randint(1, 12) :]
        elif edit == 2:
            lines[i], lines[j] = lines[j], lines[i]
            data = b"\n".join(lines)
        elif edit == 3:
            data = b"\n".join([*lines[:i], lines[j], *lines[i:]])
        elif edit == 4:
            data = b"\n".join([*lines[:i], *lines[i + 1 :]])
        elif edit == 5:
            words = lines[i].split(b" ")
            words[chance.randrange(len(words))] = chance.choice(PIECES)
            lines[i] = b" ".join(words)
            data = b"\n".join(lines)
        else:
            words = lines[i].split(b",")
            words[chance.randrange(len(words))] = chance.choice(PIECES)
            lines[i] = b",".join(words)
            data = b"\n".join(lines)
    return data


def attempt(folder: Path) -> str:
    """Read a case and its rules as `allocator solve` does, up to the mathematics."""
    try:
        case = al.read_case(folder / "case")
        if case.policy is None:
            return "read"
        rules = al.read_rules(case.policy, "2026-11-22")
        rules.clauses(case)
        if case.objective:
            from_names(case.objective).terms()
    except al.InputError as error:
        return "refused" if error.problems and all(p.what and p.mend for p in error.problems) else "empty"
    return "read"


def main() -> int:
    """Fuzz for some minutes; prints what became of the files."""
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=float, default=10)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    chance, told = random.Random(given.seed), {"read": 0, "refused": 0}
    end = time.monotonic() + 60 * given.minutes
    folder = Path(tempfile.mkdtemp())
    while time.monotonic() < end:
        name = chance.choice(CASES)
        shutil.rmtree(folder / "case", ignore_errors=True)
        shutil.copytree(ROOT / "examples" / name, folder / "case")
        fund = folder / "case" / "fund.yaml"
        policy = next((ROOT / "constraints").glob(f"{name}*.yaml"))
        shutil.copy(policy, folder / "case" / "rules.yaml")
        fund.write_bytes(fund.read_bytes().replace(b"../../constraints/" + policy.name.encode(), b"rules.yaml"))
        victim = chance.choice(
            [path for path in sorted((folder / "case").iterdir()) if path.suffix in (".yaml", ".csv")]
        )
        victim.write_bytes(damage(victim.read_bytes(), chance))
        try:
            result = attempt(folder)
        except Exception:
            traceback.print_exc()
            result = "crashed"
        if result not in told:
            print(f"{result} on {victim}, after {told}")
            return 1
        told[result] += 1
    shutil.rmtree(folder)
    print(f"{sum(told.values()):,} damaged files: {told['refused']:,} refused, {told['read']:,} still read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
