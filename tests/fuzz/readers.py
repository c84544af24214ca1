"""Damages the example files at random and reads them: nothing but the project's own errors may come out.

Run by hand: `python tests/fuzz/readers.py --minutes 10 [--seed 0]`. Exits with 1 at the first other error, and
leaves the files that caused it.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import allocator as al
from allocator.aims import from_names
from allocator.distributions import distributions
from allocator.files.names import read_names
from allocator.files.outcomes import to_json
from allocator.policy.cases import run
from allocator.policy.check import check
from allocator.policy.diff import compare
from allocator.report import diff, explained, redline
from allocator.report.explain import explain

ROOT = Path(__file__).parent.parent.parent
CASES = ("us-japan", "sector-mix", "plain-portfolio", "headline-900")
DAY = "2026-11-22"
PIECES = (
    b"-1", b"0", b"1e400", b"nan", b"inf", b"%", b" bp", b"x", b"$", b" bn", b" years", b"[]", b"{}", b"{a: b}",
    b"[a, b]",
    b"all", b"null", b"~", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"'", b'"', b":", b"#", b"\t", b"\n",
    b"\n  ", b"---\n", b"\xef\xbc\x91", b"\xe2\x80\x8b", b"\xff", b"\x00", b"=1+1", b"1" * 60, b"a" * 300,
    b"2026-02-30", b"each: ", b"scope: ", b"kind: share", b"of: equity", b",", b",,", b"|", b">", b"yes", b"no",
    b"9" * 39, b"0.0", b"-0%", b"9999-12-31", b"0001-01-01", b"{2026-01-01: 1%}", b"looser", b"relax: never",
    b"fail by 0.001 pp", b"fail by 1 x", b"365 days", b"soft", b"penalty: 1 bp", b"haircut: 100%", b"n: 0", b"\\n::",
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
    """Read a case and its rules as `allocator solve` does, up to the mathematics, and do all else that needs no solver.

    A policy that reads as it did without damage has the digest that it had, and the other way round.
    """
    try:
        case = al.read_case(folder / "case")
        for principal in case.principals:
            al.OwnerGain(principal.id).value(case)
        if "cash-yield" in case.universe.numbers:
            to_json(distributions(case, case.universe.numbers["cash-yield"], 1.0))
        if case.policy is None:
            return "read"
        check([case.policy], folder / "case", DAY)
        rules = al.read_rules(case.policy, DAY)
        rules.check(read_names(folder / "case"))
        try:
            rules.clauses(case)
        except al.InputError:
            return "refused by the mathematics, and not by the check of names"
        run(rules, case)
        for render in (explained.plain, explained.markdown, explained.page):
            render(explain(rules, math=True))
        whole = al.read_rules(folder / "whole" / case.policy.name, DAY)
        found = compare(whole, rules, None)
        for write in (diff.plain, diff.markdown, redline.page, to_json):
            write(found)
        if whole.digest != rules.digest and not diff.differs(found):
            return "another digest, and nothing that differs"
        if whole.digest == rules.digest and any(each["change"] != "reworded" for each in found["rules"]):
            return "the same digest, and a rule that asks something else"
        if case.objective:
            from_names(case.objective).terms()
    except al.InputError as error:
        return "refused" if error.problems and all(p.what and p.mend for p in error.problems) else "empty"
    return "read"


def _chain(policy: Path) -> list[str]:
    """A policy and the files that it extends."""
    base = re.search(r"extends: {file: ([a-z0-9-]+\.yaml)", policy.read_text(encoding="utf-8"))
    return [policy.name, *(_chain(policy.parent / base[1]) if base else [])]


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
        policies = sorted((ROOT / "constraints").glob(f"{name}*.yaml"))
        policy = chance.choice(policies)
        for each in (ROOT / "constraints").iterdir():
            shutil.copy(each, folder / "case")
        text = re.sub(r"(?m)^policy: .*$", f"policy: {policy.name}", fund.read_text(encoding="utf-8"))
        fund.write_text(text.replace("../us-japan/", ""), encoding="utf-8")
        if name == "headline-900":
            for each in (ROOT / "examples" / "us-japan").glob("*.csv"):
                shutil.copy(each, folder / "case")
        shutil.rmtree(folder / "whole", ignore_errors=True)
        shutil.copytree(folder / "case", folder / "whole")
        used = [*(folder / "case").glob("*.csv"), fund, *[folder / "case" / each for each in _chain(policy)] * 3]
        victim = chance.choice(sorted(used))
        victim.write_bytes(damage(victim.read_bytes(), chance))
        # Whoever damages a file that others extend says so to them, or nothing beyond the digest would be tried.
        for each in sorted((folder / "case").glob("*.yaml"), key=lambda path: path.name != "us-japan-fund.yaml"):
            for base in (folder / "case").glob("*.yaml"):
                now = hashlib.sha256(base.read_bytes()).hexdigest()
                pattern = rb"(file: " + re.escape(base.name.encode()) + rb', sha256: "sha256:)[0-9a-f]{64}'
                each.write_bytes(re.sub(pattern, rb"\g<1>" + now.encode(), each.read_bytes()))
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
